/**
 * What the timeline shows of one server in one window: a pure function of the log, bounded by the
 * room there is and not by how much happened.
 */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { NO_THREAD } from './cast.ts';
import {
  ENDED,
  FOLDED,
  type Mark,
  type Span,
  type TimelineAxis,
  type TimelineModel,
  type TimeWindow,
} from './items.ts';
import { chooseLanes, livingLanes } from './lanes.ts';
import { mergeMarks, mergeReadySets, mergeSpans } from './merge.ts';
import { Walk } from './walk.ts';

export interface TimelineInput {
  /** The state before the first of the events. */
  before: ServerState;
  /** In the order of the log; those of other servers are left out. */
  events: readonly LabEvent[];
  /** The event that is shown: what comes after it is never merged with what came before. */
  until: number;
  axis: TimelineAxis;
  window: TimeWindow;
  /** The number of the server's first event here on the order axis. */
  firstStep: number;
  /** Where a time is on the clock's axis. */
  place: (micros: number) => number;
  /** How far the log is known, on the axis: what goes on reaches up to there. */
  end: number;
  /** The time there, in microseconds. */
  now: number;
  /** How much of the axis one mark takes; closer ones are merged. */
  grain: number;
  /** At most so many lanes. */
  mostLanes: number;
  /** Lanes that were drawn before; they are kept among equals. */
  kept?: ReadonlySet<string>;
}

/** More things than this are never drawn. */
export const MOST_ITEMS = 2_000;

const NOTHING_KEPT: ReadonlySet<string> = new Set();

export function timelineModel(input: TimelineInput): TimelineModel {
  const { before, events, axis, window, firstStep, grain, until, mostLanes } = input;
  const walk = new Walk(before, { axis, place: input.place, grain });
  let step = firstStep;
  for (const event of events) {
    if (event.server === before.id) walk.take(event, step++);
  }
  walk.finish(Math.min(input.end, window.to), input.now);

  const { living: found, gone, main } = livingLanes(walk.cast.all);
  const lanes = chooseLanes(before.id, found, mostLanes, input.kept ?? NOTHING_KEPT);
  const drawn = new Set(lanes.map(({ key }) => key));
  const known = new Set(found.map(({ key }) => key));

  // Events of folded lanes stay visible, as marks of the lane that stands for them.
  const isEnded = (lane: string): boolean => drawn.has(ENDED) && gone.has(lane);
  const marks: Mark[] = [];
  for (const mark of walk.marks) {
    if (mark.lane === NO_THREAD && main !== undefined) mark.lane = main;
    if (drawn.has(mark.lane)) marks.push(mark);
    else if (known.has(mark.lane))
      marks.push({ ...mark, lane: FOLDED, text: mark.bad ? mark.text : '' });
    else if (mark.kind === 'thread-end' && isEnded(mark.lane)) marks.push({ ...mark, lane: ENDED });
  }
  const spans: Span[] = walk.spans.filter(({ lane }) => drawn.has(lane));
  const mostQueued = Math.max(1, ...spans.filter(isQueued).map((span) => span.count));
  for (const span of spans) if (isQueued(span)) span.share = span.count / mostQueued;
  const sets = walk.readySets.map((set) => ({
    ...set,
    thread: isEnded(set.thread) ? ENDED : set.thread,
    ready: [...new Set(set.ready.map((lane) => (drawn.has(lane) ? lane : FOLDED)))],
  }));
  const model: TimelineModel = {
    lanes,
    marks: mergeMarks(marks, grain, until),
    spans: mergeSpans(spans, grain, until),
    readySets: mergeReadySets(sets, grain, until),
  };
  const items = model.marks.length + model.spans.length + model.readySets.length;
  return items > MOST_ITEMS ? timelineModel({ ...input, grain: 2 * grain }) : model;
}

function isQueued({ kind }: Span): boolean {
  return kind === 'queued';
}
