/**
 * One monotonic clock for all threads: microseconds since the lab's epoch began.
 *
 * performance.now() counts from each thread's own start, so its distance to the process-wide
 * monotonic clock is measured. Events of different threads are put in order by this clock; a
 * measurement that was interrupted by the scheduler would be off by milliseconds, so the tightest of
 * several counts.
 */
export class Clock {
  /** Nanoseconds of process.hrtime at which the epoch began; hand it to other threads. */
  readonly originNs: bigint;
  readonly #offset: number;

  constructor(originNs: bigint = process.hrtime.bigint()) {
    this.originNs = originNs;
    this.#offset = measureOffset(originNs);
  }

  /** Microseconds since the epoch began, with their fraction: two threads may act within one. */
  now(): number {
    return this.at(performance.now());
  }

  /** A reading of this thread's performance.now() (ms) on this clock. */
  at(ms: number): number {
    return ms * 1000 + this.#offset;
  }
}

const SAMPLES = 50;

/** Microseconds between performance.now() and the time since `originNs`. */
function measureOffset(originNs: bigint): number {
  let offset = 0;
  let tightest = Infinity;
  for (let i = 0; i < SAMPLES; i++) {
    const before = performance.now();
    const ns = process.hrtime.bigint() - originNs;
    const after = performance.now();
    if (after - before >= tightest) continue;
    tightest = after - before;
    offset = Number(ns) / 1000 - ((before + after) / 2) * 1000;
  }
  return offset;
}
