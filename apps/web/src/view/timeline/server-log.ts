/** One server's events out of the history, and where each of them is on the two axes. */

import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import type { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { emptyServer } from '@sockscope/tcp-core/trace/reducer';
import { ClockScale } from './clock-scale.ts';
import type { TimelineAxis, TimeWindow } from './items.ts';
import { Waits } from './waits.ts';

/** Forgotten events are thrown out so many at a time. */
const FORGET_AT_ONCE = 1_000;
/** Microseconds are whole; their places are not. */
const ROUNDING = 0.5;

export interface EventsWithin {
  events: LabEvent[];
  /** The number of the first on the order axis. */
  firstStep: number;
  /** The last event of this server before them; the state after it is theirs to begin with. */
  beforeSeq: number;
}

export class ServerLog {
  readonly history: LabHistory;
  readonly server: ServerId;
  /** Where times are on the clock's axis. */
  readonly scale: ClockScale;
  readonly #waits: Waits;
  readonly #events: LabEvent[] = [];
  /** The newest `t` up to each event: threads report in turn, so `t` alone may step back. */
  readonly #reached: number[] = [];
  #forgotten = 0;
  #seen: number;

  constructor(history: LabHistory, server: ServerId) {
    this.history = history;
    this.server = server;
    this.#seen = history.first;
    this.#waits = new Waits(this.stateAt(history.first));
    this.scale = new ClockScale(history.base.t, this.#waits.any);
  }

  /** The server after event `seq`; before it joined nothing is known of it. */
  stateAt(seq: number): ServerState {
    const { history, server } = this;
    return history.stateAt(seq).servers[server] ?? emptyServer(history.now.servers[server]!);
  }

  /** Takes what the history has got since; cheap when that is nothing. */
  follow(): void {
    if (this.history.last === this.#seen) return;
    for (const event of this.history.events(this.#seen)) {
      if (event.server !== this.server) continue;
      this.#waits.take(event);
      this.scale.take(event, this.#waits.any);
      this.#events.push(event);
      this.#reached.push(Math.max(event.t, this.#reached.at(-1) ?? 0));
    }
    this.#seen = this.history.last;
    this.scale.reach(this.history.now.t);
    const gone = this.countUpTo(this.history.first) - this.#forgotten;
    if (gone < FORGET_AT_ONCE) return;
    this.#events.splice(0, gone);
    this.#reached.splice(0, gone);
    this.#forgotten += gone;
    this.scale.forget(this.#reached[0] ?? 0);
  }

  /** The axis's first and last known position. */
  bounds(axis: TimelineAxis): TimeWindow {
    if (axis === 'order')
      return { from: this.#forgotten, to: this.#forgotten + this.#events.length };
    const { scale } = this;
    return { from: scale.start, to: scale.place(scale.now) };
  }

  /** How many events of this server there were up to and including `seq`, forgotten ones too. */
  countUpTo(seq: number): number {
    return this.#forgotten + firstIndex(this.#events.length, (index) => this.#seqAt(index) > seq);
  }

  /** Where the state after event `seq` is. */
  positionOf(seq: number, axis: TimelineAxis): number {
    if (axis === 'order') return this.countUpTo(seq);
    const { history } = this;
    return this.scale.place(
      history.event(seq)?.t ?? (seq >= history.last ? history.now.t : history.base.t),
    );
  }

  /** The last event at or before a position; the first one if there is none; null without events. */
  eventAt(position: number, axis: TimelineAxis): LabEvent | null {
    const time = axis === 'order' ? 0 : this.scale.time(position) + ROUNDING;
    const after =
      axis === 'order'
        ? Math.floor(position) - this.#forgotten + 1
        : firstIndex(this.#events.length, (index) => this.#reached[index]! > time);
    const index = Math.max(0, Math.min(after, this.#events.length) - 1);
    return this.#events[index] ?? null;
  }

  /** The event so many of this server's events before (negative) or after the shown one. */
  stepFrom(seq: number, by: number): LabEvent | null {
    this.follow();
    const many = this.#events.length;
    const index = this.countUpTo(seq) - this.#forgotten - 1 + by;
    return this.#events[Math.max(0, Math.min(many - 1, index))] ?? null;
  }

  /** The events in a window, and what is known about the place where they begin. */
  within(window: TimeWindow, axis: TimelineAxis): EventsWithin {
    const many = this.#events.length;
    const [from, to] =
      axis === 'order'
        ? [0, 0]
        : [this.scale.time(window.from) - ROUNDING, this.scale.time(window.to) + ROUNDING];
    const inBounds = (step: number): number =>
      Math.min(many, Math.max(0, Math.floor(step) - this.#forgotten));
    const first =
      axis === 'order'
        ? inBounds(window.from)
        : firstIndex(many, (index) => this.#reached[index]! >= from);
    const end =
      axis === 'order'
        ? inBounds(window.to + 1)
        : firstIndex(many, (index) => this.#reached[index]! > to);
    const before = this.#events[first - 1]?.seq ?? 0;
    return {
      events: this.#events.slice(first, end),
      firstStep: this.#forgotten + first,
      beforeSeq: Math.max(this.history.first, before),
    };
  }

  #seqAt(index: number): number {
    return this.#events[index]!.seq;
  }
}

/** The first index below `many` where it holds, for something that goes on holding; else `many`. */
function firstIndex(many: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = many;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
