/**
 * Collects what one thread reports, and posts it to the lab in batches.
 *
 * Watching must stay cheap. A batch is posted right before the thread blocks, but not more often
 * than every INTERVAL_MS; until then the thread waits with a time limit, so that nothing is held back
 * longer. And of a rush only the first calls are listed one by one: the others are counted, per
 * connection, and posted as one `summed` event. The totals stay exact.
 */

import type { Answer } from '../arithmetic/calculate.ts';
import type { Blocking, SocketTrace, TracedConnection } from '../sockets/socket-trace.ts';
import {
  type LabFact,
  PREVIEW_BYTES,
  type SummedConnection,
  type ThreadFact,
} from '../trace/events.ts';
import type { Clock } from './clock.ts';

/** How long facts may wait and how many calls are listed meanwhile: at rest, and in a rush. */
interface Pace {
  atRest: { intervalMs: number; listed: number };
  inARush: { intervalMs: number; listed: number };
}

export const onlyThread: Pace = {
  atRest: { intervalMs: 20, listed: 256 },
  inARush: { intervalMs: 100, listed: 32 },
};

/** For server 2's client threads: all of them together must not drown the lab. */
export const oneOfManyThreads: Pace = {
  atRest: { intervalMs: 20, listed: 16 },
  inARush: { intervalMs: 100, listed: 8 },
};

export class Recorder implements SocketTrace {
  readonly #post: (facts: ThreadFact[]) => void;
  readonly #clock: Clock;
  readonly #maySumUp: () => boolean;
  readonly #pace: Pace;
  #facts: ThreadFact[] = [];
  #flushAt = -Infinity;
  /** How many more calls are listed in this batch. */
  #listed: number;
  readonly #sums = new Map<number, SummedConnection>();
  #turns = 0;
  /** The last fact told what the thread waits for; nothing has happened since. */
  #saidBlocked = false;
  #summedSince = 0;

  constructor(
    post: (facts: ThreadFact[]) => void,
    clock: Clock,
    { maySumUp, pace }: { maySumUp: () => boolean; pace: Pace },
  ) {
    this.#post = post;
    this.#clock = clock;
    this.#maySumUp = maySumUp;
    this.#pace = pace;
    this.#listed = pace.atRest.listed;
  }

  received(connection: TracedConnection, bytes: Uint8Array): void {
    if (this.#mayList()) {
      const { id, fd } = connection;
      this.#list({
        type: 'received',
        connection: id,
        fd,
        bytes: bytes.length,
        preview: preview(bytes),
      });
    } else {
      const { received } = this.#sumOf(connection);
      received.calls += 1;
      received.bytes += bytes.length;
    }
  }

  sent(connection: TracedConnection, bytes: Uint8Array, taken: number): void {
    if (this.#mayList()) {
      this.#list({
        type: 'sent',
        connection: connection.id,
        fd: connection.fd,
        bytes: taken,
        requested: bytes.length,
        preview: preview(bytes.subarray(0, taken)),
      });
    } else {
      const { sent } = this.#sumOf(connection);
      sent.calls += 1;
      sent.bytes += taken;
    }
  }

  /** A calculation begins that takes long enough to be watched. */
  evaluating({ id, fd }: TracedConnection, message: string): void {
    const text = message.slice(0, PREVIEW_BYTES);
    this.#list({ type: 'evaluating', connection: id, fd, message: text });
  }

  /** A message was answered; `micros` is how long that took. */
  evaluated(connection: TracedConnection, message: string, answer: Answer, micros: number): void {
    if (this.#mayList()) {
      this.#list({
        type: 'evaluated',
        connection: connection.id,
        fd: connection.fd,
        message: message.slice(0, PREVIEW_BYTES),
        reply: answer.text.slice(0, PREVIEW_BYTES),
        error: answer.error,
        micros,
      });
    } else {
      const sum = this.#sumOf(connection);
      sum.messages += 1;
      if (answer.error) sum.errors += 1;
    }
  }

  selected(what: () => Omit<Extract<LabFact, { type: 'selected' }>, 'type'>): void {
    if (this.#mayList()) this.#list({ type: 'selected', ...what() });
    else this.#turns += 1;
  }

  fact(fact: LabFact): void {
    // What a connection did must stand in the log before its end.
    if (fact.type === 'closed' && this.#sums.has(fact.connection)) this.#emitSums();
    this.#list(fact);
  }

  blocking(now: number, what: () => Blocking): number {
    const nothingNew = this.#facts.length === 0 && this.#sums.size === 0 && this.#turns === 0;
    if (nothingNew && this.#saidBlocked) return Infinity;
    if (now < this.#flushAt) return this.#flushAt;
    this.flush(what());
    return Infinity;
  }

  /** The thread came out of a wait that no socket call ended: its next wait is another one. */
  wokeUp(): void {
    this.#saidBlocked = false;
  }

  /** Posts everything now; `blocked` is what the thread is about to wait for. */
  flush(blocked?: Blocking): void {
    this.#emitSums();
    if (blocked) this.#list({ type: 'blocked', ...blocked });
    if (this.#facts.length === 0) return;
    this.#post(this.#facts);
    this.#facts = [];
    const { intervalMs, listed } = this.#listed <= 0 ? this.#pace.inARush : this.#pace.atRest;
    this.#listed = listed;
    this.#flushAt = performance.now() + intervalMs;
  }

  #mayList(): boolean {
    return this.#listed-- > 0 || !this.#maySumUp();
  }

  #list(fact: LabFact): void {
    this.#saidBlocked = fact.type === 'blocked';
    // Assigned, not spread: this runs for every call of a busy server.
    this.#facts.push(Object.assign(fact, { t: this.#clock.now() }));
  }

  #sumOf({ id, fd }: TracedConnection): SummedConnection {
    let sum = this.#sums.get(id);
    if (!sum) {
      if (this.#sums.size === 0) this.#summedSince = this.#clock.now();
      sum = {
        connection: id,
        fd,
        received: { calls: 0, bytes: 0 },
        sent: { calls: 0, bytes: 0 },
        messages: 0,
        errors: 0,
      };
      this.#sums.set(id, sum);
    }
    return sum;
  }

  #emitSums(): void {
    if (this.#sums.size === 0 && this.#turns === 0) return;
    const micros = this.#sums.size === 0 ? 0 : this.#clock.now() - this.#summedSince;
    this.#list({
      type: 'summed',
      micros,
      turns: this.#turns,
      connections: [...this.#sums.values()],
    });
    this.#sums.clear();
    this.#turns = 0;
  }
}

/** The first bytes, one character a byte. */
function preview(bytes: Uint8Array): string {
  const { buffer, byteOffset, length } = bytes;
  return Buffer.from(buffer, byteOffset, Math.min(length, PREVIEW_BYTES)).toString('latin1');
}
