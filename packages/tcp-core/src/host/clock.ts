/**
 * One monotonic clock for all threads: microseconds since the lab's epoch began.
 *
 * performance.now() counts from each thread's own start; its distance to the process-wide
 * monotonic clock is measured once.
 */
export class Clock {
  /** Nanoseconds of process.hrtime at which the epoch began; hand it to other threads. */
  readonly originNs: bigint;
  readonly #offset: number;

  constructor(originNs: bigint = process.hrtime.bigint()) {
    this.originNs = originNs;
    this.#offset = Number(process.hrtime.bigint() - originNs) / 1000 - performance.now() * 1000;
  }

  /** Whole microseconds since the epoch began. */
  now(): number {
    return Math.round(performance.now() * 1000 + this.#offset);
  }
}
