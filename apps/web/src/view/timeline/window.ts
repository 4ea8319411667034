/** Which stretch of the axis is shown: the newest, or the one around the event that is looked at. */

import type { TimelineAxis, TimeWindow } from './items.ts';

/** 20 s and 60 events. */
export const DEFAULT_SPAN: Record<TimelineAxis, number> = { clock: 20_000_000, order: 60 };
/** From 200 µs to 10 minutes; from 8 events to all that are remembered. */
const SPAN_LIMITS: Record<TimelineAxis, readonly [number, number]> = {
  clock: [200, 600_000_000],
  order: [8, 10_000],
};
/** Kept free after the newest event, so that its text has room. */
const LEAD = 0.12;
/** The event that is looked at stays so far from the edges. */
const MARGIN = 0.08;

/** The window that follows the newest event; a young log fills it from the left. */
export function followingWindow(bounds: TimeWindow, span: number): TimeWindow {
  const from = Math.max(bounds.from, bounds.to - span * (1 - LEAD));
  return { from, to: from + span };
}

/** The same window, moved as little as it takes to show `position`. */
export function windowAround(window: TimeWindow, position: number): TimeWindow {
  const span = window.to - window.from;
  const least = position - span * (1 - MARGIN);
  const most = position - span * MARGIN;
  const from = Math.min(most, Math.max(least, window.from));
  return from === window.from ? window : { from, to: from + span };
}

/** The span after zooming by `factor` (above 1: more is shown). */
export function zoomedSpan(span: number, factor: number, axis: TimelineAxis): number {
  const [least, most] = SPAN_LIMITS[axis];
  return Math.min(most, Math.max(least, span * factor));
}

/** The window with another span in which `position` stays where it was. */
export function zoomedWindow(window: TimeWindow, span: number, position: number): TimeWindow {
  const share = (position - window.from) / (window.to - window.from);
  const from = position - share * span;
  return { from, to: from + span };
}
