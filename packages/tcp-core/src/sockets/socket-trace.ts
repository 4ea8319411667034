/**
 * Where the socket layer reports each call. The layer knows nothing of what becomes of it: an
 * event log (host/recorder.ts), or nothing at all.
 */

import type { BlockingCall, LabFact } from '../trace/events.ts';

/** What a trace needs to know of a connection, and may count in it. */
export interface TracedConnection {
  /** The lab's number for it. */
  readonly id: number;
  readonly fd: number;
}

export interface Blocking {
  call: BlockingCall;
  read: number[];
  write: number[];
  timeoutMs: number | null;
}

export interface SocketTrace {
  received(connection: TracedConnection, bytes: Uint8Array): void;
  sent(connection: TracedConnection, bytes: Uint8Array, taken: number): void;
  /** The arguments and results of a select, in descriptors, given only when they are wanted. */
  selected(what: () => Omit<Extract<LabFact, { type: 'selected' }>, 'type'>): void;
  /** Everything rarer. */
  fact(fact: LabFact): void;
  /**
   * The thread is about to block. Hands the events on, or returns when (performance.now(), ms) it
   * wants to be asked again; Infinity: it has nothing more to hand on.
   */
  blocking(now: number, what: () => Blocking): number;
}
