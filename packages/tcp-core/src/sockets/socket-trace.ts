/**
 * Where the socket layer reports each call. The layer knows nothing of what becomes of it: an
 * event log (the lab's recorder), or nothing at all.
 */

import type { BlockingCall, LabFact, SleepingCall } from '../trace/events.ts';

/** What a trace needs to know of a connection, and may count in it. */
export interface TracedConnection {
  /** The lab's number for it. */
  readonly id: number;
  readonly fd: number;
}

/** A call in which a thread waits, and for which descriptors. */
export interface Blocking {
  call: BlockingCall;
  /** The function in which it sleeps for that. */
  in: SleepingCall;
  read: number[];
  write: number[];
  /** Descriptors that the layer watches besides, for reasons of its own: see `own` in events.ts. */
  own: number[];
  timeoutMs: number | null;
}

export interface SocketTrace {
  received(connection: TracedConnection, bytes: Uint8Array): void;
  sent(connection: TracedConnection, bytes: Uint8Array, taken: number): void;
  /** The arguments and results of a select that returned at `at`, given only when they are wanted. */
  selected(what: () => Omit<Extract<LabFact, { type: 'selected' }>, 'type'>, at: number): void;
  /** Everything rarer. `at` (performance.now(), ms) is when it happened, if that is not now. */
  fact(fact: LabFact, at?: number): void;
  /** The time (performance.now(), ms) for a fact that will be told when its call has been made. */
  beforeCall(): number;
  /**
   * The thread is about to block, or goes on waiting: the wait began when this was first called since
   * anything else was reported. Hands the events on, or returns when (performance.now(), ms) it wants to be
   * asked again; Infinity: it has nothing more to hand on.
   */
  blocking(now: number, what: () => Blocking): number;
  /** The thread came out of its wait, and no socket call that is told brought it out. */
  wokeUp(): void;
}
