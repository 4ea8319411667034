/** The words along the axis. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { ticks as roundNumbers } from 'd3-array';
import { count } from '../words/words.ts';
import type { TimeWindow } from './items.ts';

export interface Tick {
  at: number;
  label: string;
  /** Of two that have not room beside each other the one with more weight stays. */
  weight: number;
}

/** Below this many microseconds between ticks only the first tells the time, the others how much later. */
const RELATIVE_BELOW = 100_000;
/** A pause as long as this is told on the order axis, in microseconds. */
const PAUSE = 100_000;

/** Round times: "12.3 s", from a minute on "1:02.3"; close together "12.345 s", "+20 ms". */
export function clockTicks(window: TimeWindow, about: number): Tick[] {
  const places = roundNumbers(window.from, window.to, about);
  const [first, second] = places;
  if (first === undefined) return [];
  const step = second === undefined ? window.to - window.from : second - first;
  return places.map((at, index) => ({
    at,
    label: index === 0 || step >= RELATIVE_BELOW ? time(at, step) : `+${short(at - first)}`,
    weight: index === 0 ? 1 : 0,
  }));
}

/** Pauses between events ("+2.1 s"), and every so many steps the event's number in the log. */
export function orderTicks(events: readonly LabEvent[], firstStep: number, every: number): Tick[] {
  const ticks: Tick[] = [];
  events.forEach((event, index) => {
    const at = firstStep + index;
    const before = events[index - 1];
    const pause = before ? event.t - before.t : 0;
    if (pause >= PAUSE) ticks.push({ at, label: `+${short(pause)}`, weight: 1 });
    else if (at % every === 0) ticks.push({ at, label: `#${count(event.seq)}`, weight: 0 });
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
