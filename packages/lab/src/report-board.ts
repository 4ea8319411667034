/**
 * Where each thread says how far it has reported. A thread keeps its facts for some milliseconds before
 * it posts them; whoever puts the facts of all threads in order must know up to when none is missing.
 *
 * The order of the writes is the promise. A thread opens its place *before* it takes the time of the first
 * fact that it keeps, and closes it *after* it has posted. So whoever reads the clock, then a closed place,
 * then the thread's messages, has all that it reported up to that reading of the clock.
 */

const CLOSED = 1n << 62n;

/** More threads than a lab can have at once: four servers, 256 clients each, and those that are ending. */
const PLACES = 2048;

export class ReportBoard {
  readonly memory: SharedArrayBuffer;
  readonly #since: BigInt64Array;
  readonly #posted: Int32Array;

  constructor(memory = new SharedArrayBuffer(12 * PLACES)) {
    this.memory = memory;
    this.#since = new BigInt64Array(memory, 0, PLACES);
    this.#posted = new Int32Array(memory, 8 * PLACES, PLACES);
  }

  /** Everything that this place keeps back from now on happened at `t` (µs) or later. */
  open(place: number, t: number): void {
    Atomics.store(this.#since, place, BigInt(Math.floor(t)));
  }

  /** Announces a message, before it is posted. */
  posting(place: number): void {
    Atomics.add(this.#posted, place, 1);
  }

  /** Nothing is kept back. */
  close(place: number): void {
    Atomics.store(this.#since, place, CLOSED);
  }

  /** What happened in this thread before that time (µs) is posted; Infinity: all of it is. */
  reportedUpTo(place: number): number {
    const since = Atomics.load(this.#since, place);
    return since === CLOSED ? Infinity : Number(since);
  }

  /** How many messages were announced, modulo 2^32. */
  posted(place: number): number {
    return Atomics.load(this.#posted, place);
  }
}
