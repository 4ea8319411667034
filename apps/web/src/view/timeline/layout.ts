/**
 * Where everything of the timeline goes, in CSS pixels of its plot: lanes below each other, the axis's
 * words above them. Texts never overlap; one that has no room is left out.
 */

import type { Lane, Span, TimelineModel, TimeWindow } from './items.ts';
import { placeTexts, placeTicks, type PlacedText, type PlacedTick } from './labels.ts';
import type { PlacedMark, PlacedReadySet, PlacedSpan, PlotSize } from './placed.ts';
import type { Tick } from './ticks.ts';

export interface TimelineLayout {
  size: PlotSize;
  /** Text sizes, and half the height of a mark. */
  textPx: number;
  half: number;
  axisHeight: number;
  laneHeight: number;
  lanes: { lane: Lane; top: number; middle: number }[];
  spans: PlacedSpan[];
  marks: PlacedMark[];
  readySets: PlacedReadySet[];
  texts: PlacedText[];
  ticks: PlacedTick[];
  /** Where the axis is broken: what was quiet is folded there. */
  breaks: number[];
  /** Position on the axis → x, and back. */
  x: (at: number) => number;
  at: (x: number) => number;
}

/** In rem: the axis, a lane at least and at most, text beside marks. */
const AXIS = 1.5;
const LANE_LEAST = 1.125;
const LANE_MOST = 1.75;
const TEXT = 0.8125;
/** A rem of projector mode is 25.6 px at least, and no text is below 24. */
const STRIP_TEXT = 0.9375;
const STRIP_LANES = 4;
/** A message and its answer are two marks beside each other; half their width in halves of one. */
const EXCHANGE_WIDE = 1.3;
/** A span is drawn at least so wide, in pixels. */
const SPAN_LEAST = 2;

export function lanesThatFit({ height, unit, strip }: PlotSize): number {
  const most = strip ? STRIP_LANES : Infinity;
  return Math.max(2, Math.min(most, Math.floor((height - AXIS * unit) / (LANE_LEAST * unit))));
}

/** How much of the axis one mark takes. */
export function grainOf({ width, unit }: PlotSize, window: TimeWindow): number {
  return ((window.to - window.from) / Math.max(1, width)) * 0.5 * unit;
}

/** A time's or a step's place. In a window without extent all is in the middle. */
function scaleOf({ from, to }: TimeWindow, width: number): (at: number) => number {
  return (at) => (to === from ? width / 2 : ((at - from) / (to - from)) * width);
}

export function timelineLayout(
  model: TimelineModel,
  size: PlotSize,
  window: TimeWindow,
  ticks: readonly Tick[],
): TimelineLayout {
  const { width, height, unit } = size;
  const scale = scaleOf(window, width);
  const axisHeight = AXIS * unit;
  const room = (height - axisHeight) / Math.max(1, model.lanes.length);
  const laneHeight = Math.min(LANE_MOST * unit, Math.max(LANE_LEAST * unit, room));
  const half = Math.min(laneHeight * 0.36, 0.5 * unit);
  const textPx = (size.strip ? STRIP_TEXT : TEXT) * unit;

  const lanes = model.lanes.map((lane, index) => {
    const top = axisHeight + index * laneHeight;
    return { lane, top, middle: top + laneHeight / 2 };
  });
  const middleOf = new Map(lanes.map(({ lane, middle }) => [lane.key, middle]));

  const reach = window.to - window.from;
  const inOrder = model.spans.toSorted((a, b) => depthOf(a) - depthOf(b));
  const spans = inOrder.flatMap((span): PlacedSpan[] => {
    const y = middleOf.get(span.lane);
    if (y === undefined || span.to < window.from || span.from > window.to) return [];
    // A span that goes on outside has no edge on that side.
    const left = Math.max(-2 * unit, scale(Math.max(span.from, window.from - reach)));
    const right = Math.min(width + 2 * unit, scale(span.to));
    const tall = heightOf(span, half);
    const rect = {
      x: left,
      // Those who wait in the queue stand on its floor.
      y: span.kind === 'queued' ? y + 1.25 * half - tall : y - tall / 2,
      width: Math.max(SPAN_LEAST, right - left),
      height: tall,
    };
    return [{ span, rect }];
  });

  const marks = model.marks.flatMap((mark): PlacedMark[] => {
    const y = middleOf.get(mark.lane);
    const x = scale((mark.from + mark.to) / 2);
    if (y === undefined || x < -half || x > width + half) return [];
    const least = mark.kind === 'exchange' ? EXCHANGE_WIDE * half : half;
    return [{ mark, x, y, halfWidth: Math.max(least, (scale(mark.to) - scale(mark.from)) / 2) }];
  });

  const readySets = model.readySets.flatMap((set): PlacedReadySet[] => {
    const threadY = middleOf.get(set.thread);
    const x = scale(set.at);
    if (threadY === undefined || x < 0 || x > width) return [];
    const dots = set.ready.map((key) => middleOf.get(key)).filter((y) => y !== undefined);
    const all = [threadY, ...dots];
    return [{ set, x, top: Math.min(...all), bottom: Math.max(...all), threadY, dots }];
  });

  return {
    size,
    textPx,
    half,
    axisHeight,
    laneHeight,
    lanes,
    spans,
    marks,
    readySets,
    texts: placeTexts(marks, spans, textPx, size, (lane, y) => middleOf.get(lane) ?? y),
    ticks: placeTicks(ticks, scale, textPx, size),
    breaks: ticks.filter(({ isFold }) => isFold).map(({ at }) => scale(at)),
    x: scale,
    at: (x) => window.from + (x / Math.max(1, width)) * (window.to - window.from),
  };
}

/** Lives come first, then who waits: what happens in them is drawn over them. */
function depthOf({ kind }: Span): number {
  if (kind === 'open' || kind === 'half-closed') return 0;
  return kind === 'unread' ? 1 : 2;
}

function heightOf({ kind, share }: Span, half: number): number {
  if (kind === 'open' || kind === 'half-closed') return Math.max(3, half * 0.5);
  if (kind === 'queued') return 2.5 * half * Math.max(0.35, share);
  if (kind === 'summed') return 2.2 * half;
  // What is waited for, and who waits, stays one piece when something is written in it.
  return kind === 'blocked' || kind === 'working' ? 1.7 * half : 2.5 * half;
}

/**
 * The upright parts of a line at `x` from `top` to `bottom` that go through no text, from above; a text is
 * left out with what is around it.
 */
export function lineBesideTexts(
  { texts, textPx }: Pick<TimelineLayout, 'texts' | 'textPx'>,
  x: number,
  top: number,
  bottom: number,
): [from: number, to: number][] {
  const around = 3;
  const inTheWay = texts
    .filter(({ x: left, width }) => x >= left - around && x <= left + width + around)
    .sort((a, b) => a.y - b.y);
  const parts: [number, number][] = [];
  let from = top;
  for (const { y } of inTheWay) {
    const to = y - 0.6 * textPx;
    if (to > from) parts.push([from, Math.min(to, bottom)]);
    from = Math.max(from, y + 0.6 * textPx);
  }
  if (from < bottom) parts.push([from, bottom]);
  return parts;
}

export interface Hit {
  seq: number;
  lane: string;
}

/** What is drawn at a place: a mark, else a return of select, else a span; within reach of a finger. */
export function itemAt(layout: TimelineLayout, x: number, y: number): Hit | null {
  const { half, laneHeight } = layout;
  const inLane = (middle: number): boolean => Math.abs(y - middle) <= laneHeight / 2;
  let best: Hit | null = null;
  let nearest = Infinity;
  for (const { mark, x: middle, y: laneY, halfWidth } of layout.marks) {
    const distance = Math.abs(x - middle);
    if (!inLane(laneY) || distance >= halfWidth + half || distance >= nearest) continue;
    nearest = distance;
    best = { seq: mark.seq, lane: mark.lane };
  }
  if (best) return best;
  const text = layout.texts.find(
    ({ x: left, width, y: laneY, seq }) =>
      seq > 0 && inLane(laneY) && x >= left && x <= left + width,
  );
  const owner = layout.lanes.find(({ middle }) => inLane(middle));
  if (text && owner) return { seq: text.seq, lane: owner.lane.key };
  const set = layout.readySets.find(
    ({ x: middle, top, bottom }) => Math.abs(x - middle) <= half / 2 && y >= top && y <= bottom,
  );
  if (set) return { seq: set.set.seq, lane: set.set.thread };
  const hit = layout.spans.findLast(
    ({ rect, span }) =>
      span.seq > 0 &&
      inLane(rect.y + rect.height / 2) &&
      x >= rect.x - 1 &&
      x <= rect.x + rect.width + 1,
  );
  return hit ? { seq: hit.span.seq, lane: hit.span.lane } : null;
}
