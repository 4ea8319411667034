/** Reads the event log that the audited lab wrote, and lays its clock beside strace's. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { firstArgument } from './strace-reader.mjs';
import { markOfDescriptor, markOfName } from './marks.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').LabEvent} LabEvent */
/** @typedef {import('./strace-reader.mjs').Trace} Trace */

/** An event, when it happened and when the lab handed it on, on strace's clock. @typedef {{ event: LabEvent, at: number, delivered: number }} Entry */

/** `uncertainty`: so many microseconds may lie between the two clocks at most. @typedef {{ entries: Entry[], uncertainty: number }} Log */

/** The clocks may run apart (NTP slews the machine's), so they are compared anew after so many µs. */
const STRETCH = 10e6;

/** @typedef {{ delivered: number, events: LabEvent[] } | { mark: number, at: number }} Line */

/** @param {string} file @param {Trace} trace @returns {Promise<Log>} */
export async function readLog(file, trace) {
  /** @type {{ event: LabEvent, delivered: number }[]} */
  const all = [];
  /** When each mark was laid, on the log's clock and on the one of `delivered`. @type {Map<number, { t?: number, at?: number }>} */
  const marks = new Map();
  const mark = (/** @type {number} */ number) => {
    const known = marks.get(number) ?? {};
    marks.set(number, known);
    return known;
  };
  for await (const text of createInterface({ input: createReadStream(file, 'utf8') })) {
    const line = /** @type {Line} */ (JSON.parse(text));
    if ('mark' in line) {
      mark(line.mark).at = line.at;
      continue;
    }
    for (const event of line.events) {
      const number = event.type === 'connectFailed' ? markOfName(event.session) : undefined;
      if (number !== undefined) mark(number).t = event.t;
      all.push({ event, delivered: line.delivered });
    }
  }
  const seen = marksSeen(trace);
  const logClock = new ClockBesideStrace(seen, (number) => marks.get(number)?.t);
  const lineClock = new ClockBesideStrace(seen, (number) => marks.get(number)?.at);
  const entries = all.map(({ event, delivered }) => ({
    event,
    at: logClock.onStrace(event.t),
    delivered: lineClock.onStrace(delivered),
  }));
  return { entries, uncertainty: logClock.uncertainty };
}

/** Between which two times on strace's clock each mark was laid. @param {Trace} trace */
function marksSeen({ calls }) {
  /** @type {Map<number, { after: number, before: number }>} */
  const seen = new Map();
  for (const call of calls) {
    const number = call.name === 'close' ? markOfDescriptor(firstArgument(call)) : undefined;
    if (number === undefined) continue;
    const known = seen.get(number);
    if (known) known.before = call.entry;
    else seen.set(number, { after: call.exit, before: Infinity });
  }
  return seen;
}

class ClockBesideStrace {
  /** Of each stretch: how far the clock is ahead of strace's. @type {{ until: number, offset: number }[]} */
  #stretches = [];
  uncertainty = 0;

  /**
   * @param {Map<number, { after: number, before: number }>} seen
   * @param {(mark: number) => number | undefined} timeOf the time of a mark on this clock
   */
  constructor(seen, timeOf) {
    /** @type {{ until: number, least: number, most: number } | undefined} */
    let stretch;
    for (const [number, { after, before }] of seen) {
      const t = timeOf(number);
      if (t === undefined || before === Infinity) continue;
      if (!stretch || t > stretch.until) {
        this.#close(stretch);
        stretch = { until: t + STRETCH, least: -Infinity, most: Infinity };
      }
      stretch.least = Math.max(stretch.least, t - before);
      stretch.most = Math.min(stretch.most, t - after);
    }
    this.#close(stretch);
    if (this.#stretches.length === 0) throw new Error('no mark was found in what strace saw');
  }

  /** @param {number} t */
  onStrace(t) {
    const stretch = this.#stretches.find(({ until }) => t <= until) ?? this.#stretches.at(-1);
    return t - (stretch?.offset ?? 0);
  }

  /** @param {{ until: number, least: number, most: number } | undefined} stretch */
  #close(stretch) {
    if (!stretch) return;
    const { until, least, most } = stretch;
    this.uncertainty = Math.max(this.uncertainty, Math.abs(most - least) / 2);
    this.#stretches.push({ until, offset: (least + most) / 2 });
  }
}
