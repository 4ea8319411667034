/** Which stretch of the axis is shown: the newest, or the one around the event that is looked at. */

import type { TimelineAxis, TimeWindow } from './items.ts';
import type { PlotSize } from './placed.ts';

/** A unit of the clock's axis, and an event's step, are so wide before anybody zooms, in rem. */
const WIDE: Record<TimelineAxis, number> = { clock: 3.5, order: 1.2 };
/** From a fiftieth of a unit to ten minutes; from 8 events to all that are remembered. */
const SPAN_LIMITS: Record<TimelineAxis, readonly [number, number]> = {
  clock: [0.02, 600],
  order: [8, 10_000],
};
/** Kept free after the newest event, or now, so that the newest answer has room. */
const LEAD: Record<TimelineAxis, number> = { clock: 0.09, order: 0.12 };

/** How much of the axis a plot of this size shows; `zoom` 2: half of that. */
export function spanOf({ width, unit }: PlotSize, axis: TimelineAxis, zoom: number): number {
  const [least, most] = SPAN_LIMITS[axis];
  return Math.min(most, Math.max(least, width / (WIDE[axis] * unit * zoom)));
}

/** The zoom after showing `factor` times as much; where nothing more can be shown it stays. */
export function zoomedBy(zoom: number, factor: number, size: PlotSize, axis: TimelineAxis): number {
  return size.width / (WIDE[axis] * size.unit * spanOf(size, axis, zoom / factor));
}

/** The window that follows the newest event, or now; a young log fills it from the left. */
export function followingWindow(bounds: TimeWindow, span: number, axis: TimelineAxis): TimeWindow {
  const from = Math.max(bounds.from, bounds.to - span * (1 - LEAD[axis]));
  return { from, to: from + span };
}

/** The same window as long as `position` is in it; else one that shows it in the middle. */
export function windowAround(window: TimeWindow, position: number): TimeWindow {
  if (position >= window.from && position <= window.to) return window;
  const half = (window.to - window.from) / 2;
  return { from: position - half, to: position + half };
}

/** The window with another span in which `position` stays where it was. */
export function zoomedWindow(window: TimeWindow, span: number, position: number): TimeWindow {
  const share = (position - window.from) / (window.to - window.from);
  const from = position - share * span;
  return { from, to: from + span };
}
