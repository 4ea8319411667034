/** What the timeline is made of, as plain data: lanes, and the spans and marks on them. */

import type { Identity } from '../identity.ts';

/** `clock`: positions are microseconds. `order`: each event of the server is one step. */
export type TimelineAxis = 'clock' | 'order';

/** A stretch of an axis: microseconds or steps. */
export interface TimeWindow {
  from: number;
  to: number;
}

type LaneKind = 'connection' | 'thread' | 'folded';

export interface Lane {
  key: string;
  kind: LaneKind;
  /** Of a connection; of a thread that of server 2's connection it serves, or served last. */
  identity: Identity | null;
  /** ":53001", "tid 4711", "+12 connections". */
  label: string;
  /** The lane in one sentence. */
  words: string;
}

/**
 * `open` the connection's life; `half-closed` after the first FIN; `calculation` its message is
 * being calculated; `summed` calls that were counted instead of listed; `blocked` the thread waits
 * in a call; `working` it runs.
 */
export type SpanKind = 'open' | 'half-closed' | 'calculation' | 'summed' | 'blocked' | 'working';

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
  /** How much of it the thread worked, 0 to 1; between the two when it was merged. */
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
