/**
 * One server's accept queue, pieced together from readings of the kernel's table and from the log.
 *
 * A reading is no picture of one moment: the depth stands in its first part, and while the sockets are
 * read others come and go. What was accepted meanwhile is in the log. What came meanwhile cannot be told
 * from what came just before; so newcomers are put into batches, and a batch ends only with a reading
 * during which nothing came or went: everybody in it was there when the reading began, and whoever is
 * seen later came later. Within a batch nobody saw an order: the table is sorted by a hash.
 */

import type { KernelSocket, LabEvent, WaitingSocket } from '@sockscope/tcp-core/trace/events';
import { indexOfAccepted } from '@sockscope/tcp-core/trace/reducer';
import type { TableLine } from './proc-net-tcp.ts';

/** What the table does not list any more has been reset. It keeps its place until accept takes it. */
const RESET: KernelSocket = { tcp: 'CLOSE', receive: 0, send: 0 };

interface Entry {
  socket: WaitingSocket;
  /** Whether the last reading had no line for it. */
  missing: boolean;
}

type Accepted = LabEvent & { type: 'accepted' };

export class AcceptQueue {
  #entries: Entry[] = [];
  #batch = 1;
  /** Those that were reset before a reading could name them. */
  #unnamed = 0;
  /** How many the last calm reading counted beyond those it named. */
  #surplus: number | undefined;
  /** What accept took since the last reading began, or before it. */
  #taken: Accepted[] = [];

  /** Who waits: in the order of their batches. */
  get waiting(): WaitingSocket[] {
    return this.#entries.map(({ socket }) => socket);
  }

  /** How many of those in the queue have no name. */
  get unnamed(): number {
    return this.#unnamed;
  }

  get depth(): number {
    return this.#entries.length + this.#unnamed;
  }

  /** accept took one out of it. */
  accepted(event: Accepted): void {
    this.#taken.push(event);
    const at = indexOfAccepted(this.waiting, event);
    if (at >= 0) this.#entries.splice(at, 1);
    else if (event.reset && this.#unnamed > 0) this.#unnamed -= 1;
  }

  /**
   * A reading that began at `t`: the listener's figure, and the sockets that no process has. The log is
   * complete up to now: what accept has taken by the end of the reading is known.
   */
  read(depth: number, lines: readonly TableLine[], t: number): void {
    const taken = this.#taken.filter((event) => event.t >= t);
    this.#taken = [];
    // A line may be of one that was taken or, where that was reset, of the next from its port: the next
    // reading will tell.
    const isTaken = new Set(taken.map(keyOf));
    const seen = new Map(
      lines.map((line) => [keyOf(line.remote), line] as const).filter(([key]) => !isTaken.has(key)),
    );

    for (const entry of this.#entries) {
      const key = keyOf(entry.socket);
      if (entry.socket.tcp === 'CLOSE' || isTaken.has(key)) continue;
      const line = seen.get(key);
      seen.delete(key);
      // A socket that is added or removed meanwhile can hide another from one reading, not from two.
      if (line) entry.socket = { ...entry.socket, ...figuresOf(line) };
      else if (entry.missing) entry.socket = { ...entry.socket, ...RESET };
      entry.missing = !line;
    }
    for (const line of seen.values()) {
      const socket = { ...line.remote, ...figuresOf(line), batch: this.#batch };
      this.#entries.push({ socket, missing: false });
    }
    this.#count(depth, taken.length === 0, seen.size);
  }

  /** Holds the names against the listener's figure. */
  #count(depth: number, isCalm: boolean, newcomers: number): void {
    if (!isCalm) {
      this.#surplus = undefined;
      return;
    }
    const surplus = depth - this.#entries.length;
    // One more in the figure than there are names may be about to get its line; twice, it was reset.
    this.#unnamed = Math.max(0, Math.min(surplus, this.#surplus ?? this.#unnamed));
    this.#surplus = surplus;
    // More names than the figure has, and none of them new: one that seemed to be reset is gone.
    for (let more = -surplus - newcomers; more > 0; more--) {
      const at = this.#entries.findIndex(({ socket }) => socket.tcp === 'CLOSE');
      if (at >= 0) this.#entries.splice(at, 1);
    }
    if (depth === this.depth && this.#entries.at(-1)?.socket.batch === this.#batch)
      this.#batch += 1;
  }
}

function figuresOf({ tcp, receive, send }: KernelSocket): KernelSocket {
  return { tcp, receive, send };
}

function keyOf({ address, port }: { address: string; port: number }): string {
  return `${address} ${port}`;
}
