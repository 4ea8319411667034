/** What the timeline is made of, as plain data: lanes, and the spans and marks on them. */

import type { Identity } from '../identity.ts';

/** `clock`: positions are units of clock-scale.ts. `order`: each event of the server is one step. */
export type TimelineAxis = 'clock' | 'order';

/** A stretch of an axis: units or steps. */
export interface TimeWindow {
  from: number;
  to: number;
}

/** `queue`: those whom no accept has taken. `ended`: threads that are gone. */
type LaneKind = 'connection' | 'thread' | 'queue' | 'ended' | 'folded';

export interface Lane {
  key: string;
  kind: LaneKind;
  /** Of a connection; of a thread that of server 2's connection it serves, or served last. */
  identity: Identity | null;
  /** "A", "thread", "queue", "+12 connections". */
  name: string;
  /** What stands small behind it: ":53001", "tid 4711"; or nothing. */
  note: string;
  /** The lane in one sentence, and who waits in it now. */
  words: string;
}

/**
 * `open` the connection's life; `half-closed` after the first FIN; `calculation` its message is
 * being calculated; `unread` its bytes lie in the kernel; `queued` so many wait in the accept queue;
 * `summed` calls that were counted instead of listed; `blocked` the thread waits in a call, `starved`
 * for a free thread; `working` it runs.
 */
export type SpanKind =
  | 'open'
  | 'half-closed'
  | 'calculation'
  | 'unread'
  | 'queued'
  | 'summed'
  | 'blocked'
  | 'starved'
  | 'working';

export interface Span {
  kind: SpanKind;
  lane: string;
  /** -Infinity: it began before the window. */
  from: number;
  to: number;
  /** The event that it stands for; 0 when that came before the window. */
  seq: number;
  /** All the events in it, when it was merged of several. */
  seqs: number[];
  count: number;
  text: string;
  /** What is written where the text has no room; or nothing. */
  brief: string;
  /**
   * How much of it the thread worked, 0 to 1, between the two when it was merged; of `queued` how many
   * wait, against the most in the window.
   */
  share: number;
}

/**
 * `exchange` is a recv and a send too close to be drawn apart. `closed` by FIN, `reset` by RST.
 * `failed` is what went wrong without a connection: a crash, a connect() that the kernel refused.
 */
export type MarkKind =
  | 'refused'
  | 'failed'
  | 'reset'
  | 'timed-out'
  | 'closed'
  | 'client-fin'
  | 'server-fin'
  | 'selected'
  | 'exchange'
  | 'sent'
  | 'received'
  | 'evaluated'
  | 'accepted'
  | 'thread-end'
  | 'note';

export interface Mark {
  kind: MarkKind;
  lane: string;
  /** Where its first and its last event are; the same unless it was merged. */
  from: number;
  to: number;
  /** The event that it stands for: the one that matters most, the last of those. */
  seq: number;
  seqs: number[];
  count: number;
  text: string;
  /** A refusal, a reset, an error. */
  bad: boolean;
}

/** A return of select: a line that ties its ready set together. */
export interface ReadySet {
  at: number;
  seq: number;
  seqs: number[];
  /** The lane of the thread that called select. */
  thread: string;
  /** The lanes of the ready connections. */
  ready: string[];
}

export interface TimelineModel {
  lanes: Lane[];
  spans: Span[];
  marks: Mark[];
  readySets: ReadySet[];
}

/** The lane that stands for all those that have none of their own. */
export const FOLDED = 'folded';
/** The lane of the accept queue. */
export const QUEUE = 'queue';
/** The lane of the threads that are gone. */
export const ENDED = 'ended';
