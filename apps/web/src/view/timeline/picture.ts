/**
 * One server's timeline as it is looked at: follows the log, remembers the window, the zoom and the lanes,
 * and makes a new layout only when something changed.
 */

import type { ServerId } from '@sockscope/tcp-core/trace/events';
import type { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { TimelineAxis, TimeWindow } from './items.ts';
import { grainOf, lanesThatFit, timelineLayout, type TimelineLayout } from './layout.ts';
import { timelineModel } from './model.ts';
import type { PlotSize } from './placed.ts';
import { ServerLog } from './server-log.ts';
import { clockTicks, orderTicks } from './ticks.ts';
import { followingWindow, spanOf, windowAround, zoomedBy, zoomedWindow } from './window.ts';

export interface Look {
  size: PlotSize;
  axis: TimelineAxis;
  /** The event that is shown; while it is live, the newest. */
  seq: number;
  live: boolean;
  /** The lab's clock, in microseconds; only heeded while it is live. */
  now: number;
}

/** The axis's words come about so far from each other, in rem. */
const TICK_EVERY = 8;
/** One press of a zoom button, or key, shows so many times as much, or as little. */
const ZOOM_STEP = 1.5;

export class TimelinePicture {
  readonly log: ServerLog;
  readonly #zoom: Record<TimelineAxis, number> = { clock: 1, order: 1 };
  #axis: TimelineAxis | null = null;
  #size: PlotSize | null = null;
  /** Null: the newest events; else what was shown when time was held, and where it was moved to. */
  #window: TimeWindow | null = null;
  #kept: ReadonlySet<string> = new Set();
  #before: ServerState | null = null;
  #beforeSeq = -1;
  #key = '';
  #layout: TimelineLayout | null = null;
  #seq = 0;
  /** The moment when it was live last: a freeze shows what was there then. */
  #frozen: { seq: number; now: number } | null = null;
  cursor = 0;

  /** `earlier`: what was looked at before this log was there; its zoom stays, and its window if it can. */
  constructor(history: LabHistory, server: ServerId, earlier: TimelinePicture | null = null) {
    this.log = new ServerLog(history, server);
    if (!earlier) return;
    this.#zoom = { ...earlier.#zoom };
    const { log, ...was } = { log: earlier.log, window: earlier.#window, axis: earlier.#axis };
    if (log.server !== server || log.history.now.epoch !== history.now.epoch) return;
    this.#kept = earlier.#kept;
    this.#frozen = earlier.#frozen;
    this.log.follow();
    if (!was.window || !was.axis) return;
    // The same log with more of its past: what was in sight stays where it was.
    this.#axis = was.axis;
    this.#size = earlier.#size;
    if (this.#frozen) this.log.scale.reach(this.#frozen.now);
    const moved =
      this.log.positionOf(earlier.#seq, was.axis) - log.positionOf(earlier.#seq, was.axis);
    this.#window = { from: was.window.from + moved, to: was.window.to + moved };
  }

  /** The layout for this look; the same object while nothing changed. */
  look({ size, axis, seq, live, now }: Look): TimelineLayout {
    this.log.follow();
    if (live) {
      this.log.scale.reach(now);
      this.#frozen = { seq, now: this.log.scale.now };
    }
    if (axis !== this.#axis) this.#window = null;
    this.#axis = axis;
    this.#size = size;
    this.#seq = seq;
    const bounds = this.log.bounds(axis);
    this.cursor = live ? bounds.to : this.#placeAfter(seq, axis);
    this.#window = this.#windowFor(bounds, live);

    const window = this.#window;
    const { width, height, unit } = size;
    const key = [window.from, window.to, bounds.to, this.log.scale.now, seq, live];
    const whole = [...key, width, height, unit].join();
    if (this.#layout && whole === this.#key) return this.#layout;
    this.#key = whole;
    return (this.#layout = this.#lay(window, { size, axis, seq, live, now }));
  }

  #windowFor(bounds: TimeWindow, live: boolean): TimeWindow {
    const [axis, size] = [this.#axis!, this.#size!];
    const span = spanOf(size, axis, this.#zoom[axis]);
    const following = followingWindow(bounds, span, axis);
    if (live || !this.#window) return live ? following : windowAround(following, this.cursor);
    const known = this.#window;
    const isSame = Math.abs(known.to - known.from - span) < 1e-9 * span;
    // The plot has another width now.
    const held = isSame ? known : zoomedWindow(known, span, this.cursor);
    return windowAround(held, this.cursor);
  }

  /** Where the moment after an event is: at the event, and after a freeze where it was frozen. */
  #placeAfter(seq: number, axis: TimelineAxis): number {
    const { log } = this;
    const at = log.positionOf(seq, axis);
    if (axis === 'order' || seq !== this.#frozen?.seq) return at;
    const next = log.stepFrom(seq, 1);
    const most = next && next.seq > seq ? log.scale.place(next.t) : Infinity;
    return Math.max(at, Math.min(log.scale.place(this.#frozen.now), most));
  }

  #lay(window: TimeWindow, { size, axis, seq, live }: Look): TimelineLayout {
    const { log } = this;
    const { events, firstStep, beforeSeq } = log.within(window, axis);
    if (this.#beforeSeq !== beforeSeq || !this.#before) {
      this.#before = log.stateAt(beforeSeq);
      this.#beforeSeq = beforeSeq;
    }
    const { scale } = log;
    const end = log.bounds(axis).to;
    const isCut = window.to < end;
    const endTime = axis === 'clock' ? scale.time(window.to) : (events.at(-1)?.t ?? 0);
    const model = timelineModel({
      before: this.#before,
      events,
      until: live ? Infinity : seq,
      axis,
      window,
      firstStep,
      place: (micros) => scale.place(micros),
      end,
      now: isCut ? endTime : scale.now,
      grain: grainOf(size, window),
      mostLanes: lanesThatFit(size),
      kept: this.#kept,
    });
    this.#kept = new Set(model.lanes.map(({ key }) => key));
    const every = ((window.to - window.from) / size.width) * TICK_EVERY * size.unit;
    const stretches = axis === 'clock' ? scale.within(window.from, window.to) : [];
    const ticks =
      axis === 'clock'
        ? clockTicks(stretches, every)
        : orderTicks(events, firstStep, Math.max(1, Math.round(every)));
    return timelineLayout(model, size, window, ticks);
  }

  /** Shows more (above 1) or less; held in the past, what is at `x` stays there. */
  zoom(factor: number, x: number): void {
    const [axis, size, layout] = [this.#axis, this.#size, this.#layout];
    if (!axis || !size || !layout || !this.#window) return;
    this.#zoom[axis] = zoomedBy(this.#zoom[axis], factor, size, axis);
    const span = spanOf(size, axis, this.#zoom[axis]);
    this.#window = zoomedWindow(this.#window, span, layout.at(x));
  }

  /** One step nearer (1) or further away (-1), around the moment that is shown. */
  zoomStep(direction: 1 | -1): void {
    if (this.#layout) this.zoom(ZOOM_STEP ** -direction, this.#layout.x(this.cursor));
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
    return this.#axis === 'order' ? this.log.countUpTo(seq) - 0.5 : this.log.scale.place(event.t);
  }
}
