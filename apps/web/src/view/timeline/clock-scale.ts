/**
 * The clock's axis: where a time is on it. Piecewise linear, and nothing that has a place ever moves:
 *
 * - while somebody waits, or something is calculated, a second is one unit;
 * - quiet time is folded to one unit, and so is what goes on unchanged for very long;
 * - what happens at once has room before it, so that a message and its answer can be told apart. In a
 *   rush that room is used up, and the axis is the clock's.
 */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';

const SECOND = 1e6;
/** Quiet time longer than this is folded, in seconds. */
const QUIET_MOST = 1;
/** Waiting longer than this without any event is folded, in seconds. */
const WAIT_MOST = 12;
/** A thread that waits again so soon belongs to what happened before it, in microseconds. */
const TOGETHER = 50_000;
/** The room for what happens at once: so many units at most, so many more each second. */
const ROOM_MOST = 36;
const ROOM_A_SECOND = 2;
/** From a recv to the answer's send, in units. */
const EXCHANGE = 2.2;

/** The room in units before an event; one that is not here has no place of its own. */
const roomBefore: Partial<Record<LabEvent['type'], number>> = {
  starting: 0.3,
  listening: 0.3,
  listenerClosed: 0.5,
  stopped: 0.5,
  crashed: 0.5,
  threadStarted: 0.15,
  threadEnded: 0.15,
  blocked: 0.15,
  accepted: 0.5,
  received: 0.9,
  evaluating: EXCHANGE / 2,
  evaluated: EXCHANGE / 2,
  sent: EXCHANGE / 2,
  refused: 0.6,
  peerClosed: 0.4,
  shutdown: 0.4,
  closed: 0.4,
  selected: 0.5,
  connectFailed: 0.5,
  summed: 0,
};

/** A stretch between two neighbours on the axis. */
export interface ClockStretch {
  /** In microseconds. */
  fromTime: number;
  toTime: number;
  /** In units. */
  from: number;
  to: number;
  /** Where it is broken, in units; null where it is not folded. */
  fold: number | null;
}

export class ClockScale {
  /** Of the places known so far: time, place, and whether somebody waits from there on. */
  readonly #times: number[];
  readonly #places: number[] = [0];
  readonly #waits: boolean[];
  #room = ROOM_MOST;
  #before: LabEvent['type'] | null = null;
  #now: number;
  #hint = 0;

  /** Begins at a time; `waits`: somebody waits there. */
  constructor(start: number, waits: boolean) {
    this.#times = [start];
    this.#waits = [waits];
    this.#now = start;
  }

  /** One more event, and whether somebody waits after it. */
  take(event: LabEvent, waits: boolean): void {
    const last = this.#times.length - 1;
    const time = this.#times[last]!;
    const passed = event.t - time;
    this.#now = Math.max(this.#now, event.t);
    const wasWaiting = this.#waits[last]!;
    const room = this.#roomFor(event, passed);
    // Threads report in turn, so a time may step back: its place is between those that are there.
    if (passed <= 0) {
      this.#waits[last] = waits;
      return;
    }
    if (room === null && waits === wasWaiting) return;
    this.#room = Math.min(ROOM_MOST, this.#room + (ROOM_A_SECOND * passed) / SECOND);
    const given = (room ?? 0) * Math.min(1, this.#room / (ROOM_MOST / 2));
    this.#room -= given;
    this.#times.push(event.t);
    const isSum = event.type === 'summed';
    this.#places.push(this.#places[last]! + lengthOf(passed, wasWaiting || isSum) + given);
    if (isSum) this.#waits[last] = true;
    this.#waits.push(waits);
  }

  #roomFor({ type }: LabEvent, passed: number): number | null {
    const room = roomBefore[type];
    if (room === undefined || (type === 'blocked' && passed > TOGETHER)) return null;
    const before = this.#before;
    this.#before = type;
    // An echo has no calculation between the two; a slow one has its time.
    if (type === 'sent' && before === 'received') return EXCHANGE;
    return type === 'evaluated' && before === 'evaluating' ? 0 : room;
  }

  /** The time up to which it is known, in microseconds; it never goes back. */
  get now(): number {
    return this.#now;
  }

  reach(now: number): void {
    this.#now = Math.max(this.#now, now);
  }

  /** The first place. */
  get start(): number {
    return this.#places[0]!;
  }

  /** Microseconds → units. */
  place(time: number): number {
    const index = this.#stretchAt(time);
    const start = this.#times[index]!;
    const { toTime, from, to } = this.#stretch(index);
    if (time <= start) return from + (time - start) / SECOND;
    if (time > toTime) return to + (time - toTime) / SECOND;
    return from + ((to - from) * (time - start)) / (toTime - start);
  }

  /** Units → microseconds. */
  time(place: number): number {
    const index = this.#lastUpTo(this.#places, place);
    const { fromTime, toTime, from, to } = this.#stretch(index);
    if (place <= from) return fromTime + (place - from) * SECOND;
    if (place > to) return toTime + (place - to) * SECOND;
    return fromTime + ((toTime - fromTime) * (place - from)) / (to - from);
  }

  /** The stretches that are in sight from one place to another, the last one up to now. */
  within(from: number, to: number): ClockStretch[] {
    const found: ClockStretch[] = [];
    const many = this.#times.length;
    for (let index = this.#lastUpTo(this.#places, from); index < many; index += 1) {
      const stretch = this.#stretch(index);
      if (stretch.from > to) break;
      if (stretch.toTime > stretch.fromTime) found.push(stretch);
    }
    return found;
  }

  /** Forgets what was before a time; all else keeps its place. */
  forget(before: number): void {
    const gone = this.#lastUpTo(this.#times, before);
    for (const list of [this.#times, this.#places, this.#waits]) list.splice(0, gone);
    this.#hint = 0;
  }

  #stretch(index: number): ClockStretch {
    const fromTime = this.#times[index]!;
    const from = this.#places[index]!;
    const waits = this.#waits[index]!;
    const toTime = this.#times[index + 1] ?? this.#now;
    const passed = toTime - fromTime;
    const length = lengthOf(passed, waits);
    const to = this.#places[index + 1] ?? from + length;
    // The break stands where it stood before the room at the end was given.
    const fold = isFolded(passed, waits) ? from + length / 2 : null;
    return { fromTime, toTime, from, to, fold };
  }

  /** Times are asked for in their order, mostly: it is the same stretch as before, or the next. */
  #stretchAt(time: number): number {
    for (const index of [this.#hint, this.#hint + 1]) {
      const start = this.#times[index];
      if (start === undefined || start > time) continue;
      if ((this.#times[index + 1] ?? Infinity) > time) return (this.#hint = index);
    }
    return (this.#hint = this.#lastUpTo(this.#times, time));
  }

  #lastUpTo(list: readonly number[], value: number): number {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (list[middle]! > value) high = middle;
      else low = middle + 1;
    }
    return Math.max(0, low - 1);
  }
}

/** Microseconds → units, without the room for what happens at their end. */
function lengthOf(micros: number, waits: boolean): number {
  return Math.min(micros / SECOND, waits ? WAIT_MOST : QUIET_MOST);
}

function isFolded(micros: number, waits: boolean): boolean {
  return micros / SECOND > (waits ? WAIT_MOST : QUIET_MOST);
}
