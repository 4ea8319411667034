/** The words along the axis. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { ticks as roundNumbers } from 'd3-array';
import { count } from '../words/words.ts';
import type { ClockStretch } from './clock-scale.ts';

export interface Tick {
  at: number;
  label: string;
  /** Of two that have not room beside each other the one with more weight stays. */
  weight: number;
  /** Its words stand in the middle of a folded stretch. */
  isFold: boolean;
}

/** A pause as long as this is told on the order axis, in microseconds. */
const PAUSE = 100_000;
/** What happens so soon after each other is told as so much later than the first, in microseconds. */
const TOGETHER = 100_000;

/**
 * Of the clock's axis: how long a folded stretch took ("7.1 s", beside the break); when something began to
 * happen ("12.345 s"), and how much later the rest did ("+0.8 ms"); between those round times, about
 * `every` units from each other.
 */
export function clockTicks(stretches: readonly ClockStretch[], every: number): Tick[] {
  const ticks: Tick[] = [];
  let first: number | null = null;
  for (const { fromTime, toTime, from, to, fold } of stretches) {
    const passed = toTime - fromTime;
    if (passed < TOGETHER) {
      if (first === null) {
        first = fromTime;
        ticks.push({ at: from, label: time(first, 1_000), weight: 2, isFold: false });
      }
      // In a rush there are thousands.
      const label = `+${short(toTime - first)}`;
      const before = ticks.at(-1);
      if (!before || (to - before.at >= every / 3 && label !== before.label))
        ticks.push({ at: to, label, weight: 0, isFold: false });
      continue;
    }
    first = null;
    if (fold !== null) {
      ticks.push({ at: fold, label: pause(passed), weight: 3, isFold: true });
      continue;
    }
    const about = Math.floor((to - from) / every);
    if (about < 1) continue;
    const round = roundNumbers(fromTime, toTime, about);
    const step = (round[1] ?? toTime) - (round[0] ?? fromTime);
    for (const at of round) {
      const place = from + ((to - from) * (at - fromTime)) / passed;
      ticks.push({ at: place, label: time(at, step), weight: 1, isFold: false });
    }
  }
  return ticks;
}

/** Pauses between events ("+2.1 s"), and every so many steps the event's number in the log. */
export function orderTicks(events: readonly LabEvent[], firstStep: number, every: number): Tick[] {
  const ticks: Tick[] = [];
  events.forEach((event, index) => {
    const at = firstStep + index;
    const before = events[index - 1];
    const passed = before ? event.t - before.t : 0;
    if (passed >= PAUSE) ticks.push({ at, label: `+${short(passed)}`, weight: 1, isFold: false });
    else if (at % every === 0)
      ticks.push({ at, label: `#${count(event.seq)}`, weight: 0, isFold: false });
  });
  return ticks;
}

function time(micros: number, step: number): string {
  const decimals = Math.min(6, Math.max(0, Math.ceil(6 - Math.log10(step) - 1e-9)));
  const seconds = micros / 1e6;
  if (seconds < 60) return `${seconds.toFixed(decimals)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - 60 * minutes).toFixed(decimals);
  return `${minutes}:${rest.padStart(decimals > 0 ? decimals + 3 : 2, '0')}`;
}

/** 7100000 → "7.1 s", from a hundred seconds on "1:44". */
function pause(micros: number): string {
  return micros < 100e6 ? lasted(micros) : time(micros, 1e6);
}

/** How long something waits, to a tenth of a second: "3.4 s", from a hundred seconds on "104 s". */
export function lasted(micros: number): string {
  const seconds = micros / 1e6;
  return `${seconds.toFixed(seconds < 99.95 ? 1 : 0)} s`;
}

/** 20000 → "20 ms", 2100000 → "2.1 s". */
function short(micros: number): string {
  const [value, unit] =
    micros < 1_000
      ? [micros, 'µs']
      : micros < 1_000_000
        ? [micros / 1e3, 'ms']
        : [micros / 1e6, 's'];
  return `${Number(value.toPrecision(2))} ${unit}`;
}
