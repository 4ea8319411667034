/**
 * Collects what one thread reports, and posts it to the lab in batches.
 *
 * Watching must stay cheap. A batch is posted right before the thread blocks, but not more often
 * than every `intervalMs`; until then the thread waits with a time limit, so that nothing is held back
 * longer. And of a rush only the first calls are listed one by one: the others are counted, per
 * connection, and posted as one `summed` event, with the time that the thread slept meanwhile. The totals
 * stay exact, and what a connection did stands in the log before its end.
 */

import type { Answer } from '@sockscope/tcp-core/arithmetic/calculate';
import type {
  Blocking,
  SocketTrace,
  TracedConnection,
} from '@sockscope/tcp-core/sockets/socket-trace';
import {
  type LabFact,
  PREVIEW_BYTES,
  type SummedConnection,
  type ThreadFact,
} from '@sockscope/tcp-core/trace/events';
import type { Clock } from '../clock.ts';

/** Where a recorder says from when on it keeps facts back (report-board.ts). */
export interface ReportPlace {
  open(t: number): void;
  close(): void;
}

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
  atRest: { intervalMs: 20, listed: 32 },
  inARush: { intervalMs: 100, listed: 8 },
};

/** Of a thread that waits for nothing; of a stretch that has not begun. */
const AWAKE = -1;
const NOT_YET = -1;

export class Recorder implements SocketTrace {
  readonly #post: (facts: ThreadFact[]) => void;
  readonly #place: ReportPlace;
  readonly #clock: Clock;
  readonly #maySumUp: () => boolean;
  readonly #pace: Pace;
  #facts: ThreadFact[] = [];
  #flushAt = -Infinity;
  /** How many more calls are listed in this batch. */
  #listed: number;
  readonly #sums = new Map<number, SummedConnection>();
  #turns = 0;
  /** When the stretch began that is being summed up (performance.now()), and how many ms of it were waits. */
  #summedSince = NOT_YET;
  #waited = 0;
  /** When the wait began that the thread is in (performance.now()), and whether a fact tells of it. */
  #asleepSince = AWAKE;
  #toldOfWait = false;
  #wait: (() => Blocking) | undefined;
  /** Whether anything is kept back. */
  #isOpen = false;

  constructor(
    post: (facts: ThreadFact[]) => void,
    place: ReportPlace,
    clock: Clock,
    { maySumUp, pace }: { maySumUp: () => boolean; pace: Pace },
  ) {
    this.#post = post;
    this.#place = place;
    this.#clock = clock;
    this.#maySumUp = maySumUp;
    this.#pace = pace;
    this.#listed = pace.atRest.listed;
  }

  received(connection: TracedConnection, bytes: Uint8Array): void {
    this.#wake();
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
    this.#wake();
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
    this.fact({ type: 'evaluating', connection: id, fd, message: text });
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

  selected(what: () => Omit<Extract<LabFact, { type: 'selected' }>, 'type'>, at: number): void {
    this.#wake(at);
    if (this.#mayList()) {
      this.#list({ type: 'selected', ...what() }, at);
    } else {
      this.#beginSums(at);
      this.#turns += 1;
    }
  }

  fact(fact: LabFact, at?: number): void {
    this.#tellWait();
    this.#wake(at);
    // What a connection did must stand in the log before what became of it.
    if ('connection' in fact && this.#sums.has(fact.connection)) this.#emitSums(at);
    this.#list(fact, at);
  }

  beforeCall(): number {
    return this.#timed();
  }

  blocking(now: number, what: () => Blocking): number {
    if (this.#asleepSince === AWAKE) {
      this.#asleepSince = this.#timed(now);
      this.#wait = what;
      this.#toldOfWait = this.#mayList();
      if (this.#toldOfWait) this.#list({ type: 'blocked', ...what() }, this.#asleepSince);
      else this.#beginSums(this.#asleepSince);
    }
    if (!this.#isOpen) return Infinity;
    if (now < this.#flushAt) return this.#flushAt;
    this.flush(what);
    return Infinity;
  }

  wokeUp(): void {
    this.#tellWait();
    this.#wake(performance.now());
  }

  /** Posts everything now; `waitsFor` is what the thread waits for, or is about to wait for. */
  flush(waitsFor?: () => Blocking): void {
    if (waitsFor && this.#asleepSince === AWAKE) {
      this.#asleepSince = this.#timed();
      this.#toldOfWait = false;
    }
    const since = waitsFor ? this.#asleepSince : undefined;
    this.#emitSums(since);
    if (waitsFor && !this.#toldOfWait) {
      this.#list({ type: 'blocked', ...waitsFor() }, since);
      this.#toldOfWait = true;
    }
    if (this.#facts.length > 0) {
      this.#post(this.#facts);
      this.#facts = [];
      const { intervalMs, listed } = this.#listed <= 0 ? this.#pace.inARush : this.#pace.atRest;
      this.#listed = listed;
      this.#flushAt = performance.now() + intervalMs;
    }
    if (this.#isOpen) this.#place.close();
    this.#isOpen = false;
  }

  get #hasSums(): boolean {
    return this.#sums.size > 0 || this.#turns > 0;
  }

  /** Tells of a wait that was to be summed up, if nothing came to sum it up with. */
  #tellWait(): void {
    if (!this.#wait || this.#asleepSince === AWAKE || this.#toldOfWait || this.#hasSums) return;
    this.#list({ type: 'blocked', ...this.#wait() }, this.#asleepSince);
    this.#toldOfWait = true;
    this.#summedSince = NOT_YET;
  }

  /** The thread came out of its wait, if it was in one. */
  #wake(at?: number): void {
    if (this.#asleepSince === AWAKE) return;
    if (!this.#toldOfWait) this.#waited += (at ?? performance.now()) - this.#asleepSince;
    this.#asleepSince = AWAKE;
  }

  #mayList(): boolean {
    return this.#listed-- > 0 || !this.#maySumUp();
  }

  #list(fact: LabFact, at?: number): void {
    // Assigned, not spread: this runs for every call of a busy server.
    this.#facts.push(Object.assign(fact, { t: this.#clock.at(this.#timed(at)) }));
  }

  /**
   * The time for a fact, in terms of performance.now(): `at`, or now. The first that is kept since the
   * last post opens this thread's place before its time is taken (report-board.ts).
   */
  #timed(at?: number): number {
    if (this.#isOpen) return at ?? performance.now();
    this.#isOpen = true;
    this.#place.open(this.#clock.now());
    return performance.now();
  }

  #beginSums(at?: number): void {
    if (this.#summedSince === NOT_YET) this.#summedSince = this.#timed(at);
  }

  #sumOf({ id, fd }: TracedConnection): SummedConnection {
    let sum = this.#sums.get(id);
    if (!sum) {
      this.#beginSums();
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

  /** `at` is when the summed stretch ended, if that is not now: when the thread fell asleep. */
  #emitSums(at = performance.now()): void {
    if (this.#hasSums) {
      const micros = (at - this.#summedSince) * 1000;
      this.#list(
        {
          type: 'summed',
          micros: Math.max(0, Math.round(micros)),
          waited: Math.round(Math.min(this.#waited * 1000, micros)),
          turns: this.#turns,
          connections: [...this.#sums.values()],
        },
        at,
      );
    }
    this.#sums.clear();
    this.#turns = 0;
    this.#summedSince = NOT_YET;
    this.#waited = 0;
  }
}

/** The first bytes, one character a byte. */
function preview(bytes: Uint8Array): string {
  const { buffer, byteOffset, length } = bytes;
  return Buffer.from(buffer, byteOffset, Math.min(length, PREVIEW_BYTES)).toString('latin1');
}
