/**
 * The log with memory: the state after any of the last events, not only the newest one.
 *
 * Events are kept in stretches, each with the state before it. A state in the past is the fold of one
 * stretch up to there, so that stepping back costs no more than CHECKPOINT_EVERY events. What is
 * remembered is bounded in bytes too: an event may list the descriptors of thousands of clients.
 */

import { eventBytes } from './event-bytes.ts';
import type { LabEvent } from './events.ts';
import type { LabState } from './lab-state.ts';
import { applyAll } from './reducer.ts';

/** Events between two states that are kept, at most. */
export const CHECKPOINT_EVERY = 256;
/** So many of the last events are remembered, unless they are more than HISTORY_BYTES. */
export const EVENTS_REMEMBERED = 10_000;
/** What the remembered events are as JSON, at most. */
export const HISTORY_BYTES = 8 * 1024 * 1024;

/** A stretch of more bytes than this ends before CHECKPOINT_EVERY: whole stretches are forgotten. */
const STRETCH_BYTES = HISTORY_BYTES / 32;

interface Stretch {
  /** The state before its first event. */
  before: LabState;
  events: LabEvent[];
  /** Of its events as JSON. */
  bytes: number;
}

export class LabHistory {
  #stretches: [Stretch, ...Stretch[]];
  #now: LabState;
  #bytes = 0;
  /** Of each thread the descriptors that it watched last. */
  readonly #watched = new Map<number, number[]>();

  /** Begins with a state (a snapshot); what led to it is not known. */
  constructor(state: LabState) {
    this.#stretches = [{ before: state, events: [], bytes: 0 }];
    this.#now = state;
  }

  /** The state after the newest event. */
  get now(): LabState {
    return this.#now;
  }

  /** The first `seq` whose state is known. */
  get first(): number {
    return this.#stretches[0].before.seq;
  }

  /** The newest event's `seq`. */
  get last(): number {
    return this.#now.seq;
  }

  /** The state before all events that are remembered: with `events()` it makes a history again. */
  get base(): LabState {
    return this.#stretches[0].before;
  }

  /** Adds events. They must follow the newest one without a gap: RangeError. */
  push(events: readonly LabEvent[]): void {
    const next = events[0]?.seq ?? this.last + 1;
    if (next !== this.last + 1) throw new RangeError(`event ${next} after ${this.last}`);
    for (let from = 0; from < events.length;) {
      const part = this.#fill(this.#stretches.at(-1) ?? this.#stretches[0], events, from);
      this.#now = applyAll(this.#now, part);
      from += part.length;
    }
    while (this.last - this.first >= EVENTS_REMEMBERED + CHECKPOINT_EVERY || this.#isTooLarge) {
      const [first, second, ...others] = this.#stretches;
      if (!second) break;
      this.#stretches = [second, ...others];
      this.#bytes -= first.bytes;
    }
  }

  get #isTooLarge(): boolean {
    return this.#bytes > HISTORY_BYTES && this.#stretches.length > 2;
  }

  /** Adds what the stretch has room for, from `from` on. A full one is followed by the next. */
  #fill(stretch: Stretch, events: readonly LabEvent[], from: number): LabEvent[] {
    if (isFull(stretch)) {
      const next = { before: this.#now, events: [], bytes: 0 };
      this.#stretches.push(next);
      return this.#fill(next, events, from);
    }
    const part: LabEvent[] = [];
    for (const each of events.slice(from, from + CHECKPOINT_EVERY)) {
      if (isFull(stretch)) break;
      const event = this.#sharing(each);
      const bytes = eventBytes(event) + 1;
      stretch.events.push(event);
      stretch.bytes += bytes;
      this.#bytes += bytes;
      part.push(event);
    }
    return part;
  }

  /**
   * The event, with its list of watched descriptors the same memory as that of the one before, if it
   * is the same list: with many clients these lists are most of the log.
   */
  #sharing(event: LabEvent): LabEvent {
    if (event.type === 'threadEnded') this.#watched.delete(event.thread ?? 0);
    if (event.type !== 'selected' && event.type !== 'blocked') return event;
    const { thread, read } = event;
    if (thread === null || read.length < 2) return event;
    const before = this.#watched.get(thread);
    if (before && isSameList(before, read)) return { ...event, read: before };
    this.#watched.set(thread, read);
    return event;
  }

  /** The state after event `seq`; the nearest that is known if it lies outside. */
  stateAt(seq: number): LabState {
    if (seq >= this.last) return this.#now;
    const { before, events } =
      this.#stretches.findLast((stretch) => stretch.before.seq <= seq) ?? this.#stretches[0];
    return applyAll(before, events.slice(0, Math.max(0, seq - before.seq)));
  }

  /** The event with this number, if it is remembered. */
  event(seq: number): LabEvent | undefined {
    const stretch = this.#stretches.findLast(({ before }) => before.seq < seq);
    return stretch?.events[seq - stretch.before.seq - 1];
  }

  /** The last `most` of the remembered events up to `to` that are wanted, oldest first. */
  latest(most: number, wanted: (event: LabEvent) => boolean, to = this.last): LabEvent[] {
    const found: LabEvent[] = [];
    for (const { before, events } of this.#stretches.toReversed()) {
      for (let i = Math.min(events.length, to - before.seq) - 1; i >= 0; i -= 1) {
        if (found.length >= most) return found.reverse();
        const event = events[i];
        if (event && wanted(event)) found.push(event);
      }
    }
    return found.reverse();
  }

  /** The remembered events after `from`, up to and including `to`, oldest first. */
  events(from = this.first, to = this.last): LabEvent[] {
    return this.#stretches.flatMap(({ before, events }) =>
      before.seq >= to || before.seq + events.length <= from
        ? []
        : events.slice(Math.max(0, from - before.seq), Math.max(0, to - before.seq)),
    );
  }
}

function isFull({ events, bytes }: Stretch): boolean {
  return events.length >= CHECKPOINT_EVERY || bytes >= STRETCH_BYTES;
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((fd, i) => fd === b[i]);
}
