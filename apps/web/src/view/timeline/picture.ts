/**
 * One server's timeline as it is looked at: follows the log, remembers the window and the lanes, and
 * makes a new layout only when something changed.
 */

import type { ServerId } from '@sockscope/tcp-core/trace/events';
import type { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { emptyServer } from '@sockscope/tcp-core/trace/reducer';
import type { TimelineAxis, TimeWindow } from './items.ts';
import { grainOf, lanesThatFit, timelineLayout, type TimelineLayout } from './layout.ts';
import { timelineModel } from './model.ts';
import type { PlotSize } from './placed.ts';
import { ServerLog } from './server-log.ts';
import { clockTicks, orderTicks } from './ticks.ts';
import { DEFAULT_SPAN, followingWindow, windowAround, zoomedSpan, zoomedWindow } from './window.ts';

export interface Look {
  size: PlotSize;
  axis: TimelineAxis;
  /** The event that is shown; while it is live, the newest. */
  seq: number;
  live: boolean;
}

/** The axis's words come about so far from each other, in rem. */
const TICK_EVERY = 8;

export class TimelinePicture {
  readonly log: ServerLog;
  readonly #spans = { ...DEFAULT_SPAN };
  #axis: TimelineAxis | null = null;
  /** Null: the newest events; else what was shown when time was held, and where it was moved to. */
  #window: TimeWindow | null = null;
  #kept: ReadonlySet<string> = new Set();
  #before: ServerState | null = null;
  #beforeSeq = -1;
  #key = '';
  #layout: TimelineLayout | null = null;
  cursor = 0;

  constructor(history: LabHistory, server: ServerId) {
    this.log = new ServerLog(history, server);
  }

  /** The layout for this look; the same object while nothing changed. */
  look({ size, axis, seq, live }: Look): TimelineLayout {
    this.log.follow();
    if (axis !== this.#axis) this.#window = null;
    this.#axis = axis;
    const bounds = this.log.bounds(axis);
    this.cursor = live ? bounds.to : this.log.positionOf(seq, axis);
    const following = followingWindow(bounds, this.#spans[axis]);
    this.#window = live ? following : windowAround(this.#window ?? following, this.cursor);

    const window = this.#window;
    const key = [window.from, window.to, bounds.to, seq, size.width, size.height, size.unit].join();
    if (this.#layout && key === this.#key) return this.#layout;
    this.#key = key;
    return (this.#layout = this.#lay(window, { size, axis, seq, live }));
  }

  #lay(window: TimeWindow, { size, axis, seq, live }: Look): TimelineLayout {
    const { history, server } = this.log;
    const { events, firstStep, beforeSeq } = this.log.within(window, axis);
    if (this.#beforeSeq !== beforeSeq || !this.#before) {
      // Before it joined nothing is known of it.
      const now = history.now.servers[server]!;
      this.#before = history.stateAt(beforeSeq).servers[server] ?? emptyServer(now);
      this.#beforeSeq = beforeSeq;
    }
    const model = timelineModel({
      before: this.#before,
      events,
      until: live ? Infinity : seq,
      axis,
      window,
      firstStep,
      end: this.log.bounds(axis).to,
      grain: grainOf(size, window),
      mostLanes: lanesThatFit(size),
      kept: this.#kept,
    });
    this.#kept = new Set(model.lanes.map(({ key }) => key));
    const about = Math.max(2, Math.round(size.width / (TICK_EVERY * size.unit)));
    const every = Math.max(1, Math.round((window.to - window.from) / about));
    const ticks =
      axis === 'clock' ? clockTicks(window, about) : orderTicks(events, firstStep, every);
    return timelineLayout(model, size, window, ticks);
  }

  /** Shows more (above 1) or less; held in the past, what is at `x` stays there. */
  zoom(factor: number, x: number): void {
    const axis = this.#axis;
    const layout = this.#layout;
    if (!axis || !layout || !this.#window) return;
    this.#spans[axis] = zoomedSpan(this.#spans[axis], factor, axis);
    this.#window = zoomedWindow(this.#window, this.#spans[axis], layout.at(x));
  }

  /** The event at a place of the axis, for scrubbing. */
  seqAt(x: number): number | null {
    if (!this.#axis || !this.#layout) return null;
    return this.log.eventAt(this.#layout.at(x), this.#axis)?.seq ?? null;
  }

  /** Where an event is marked; null if it is none of this server's. */
  placeOf(seq: number): number | null {
    const event = this.log.history.event(seq);
    if (event?.server !== this.log.server) return null;
    return this.#axis === 'order' ? this.log.countUpTo(seq) - 0.5 : event.t;
  }
}
