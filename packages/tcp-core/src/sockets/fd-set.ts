/**
 * fd_set: one bit for each descriptor (select(2)).
 *
 * The C library's type ends at descriptor 1023, and a larger one writes past its end. The kernel has
 * no such limit: it takes as many bits as its first argument says. So this set grows.
 */

import { libc, lastError } from './libc.ts';

export class FdSet {
  /** Whole 64-bit words, because the kernel reads and writes longs. */
  #bits = new Uint32Array(32);
  #highest = -1;

  clear(): void {
    this.#bits.fill(0, 0, (this.#highest >> 5) + 1);
    this.#highest = -1;
  }

  /** FD_SET. */
  add(fd: number): void {
    const word = fd >> 5;
    if (word >= this.#bits.length) this.#grow(word);
    this.#bits[word]! |= 1 << (fd & 31);
    if (fd > this.#highest) this.#highest = fd;
  }

  /** FD_CLR. */
  remove(fd: number): void {
    if (this.has(fd)) this.#bits[fd >> 5]! &= ~(1 << (fd & 31));
  }

  /** FD_ISSET. */
  has(fd: number): boolean {
    return ((this.#bits[fd >> 5] ?? 0) & (1 << (fd & 31))) !== 0;
  }

  /**
   * Blocks until a descriptor of `read` is readable or one of `write` is writable, for at most
   * `pauseMs` (Infinity: for ever). On return only the ready ones are left in the sets.
   */
  static select(read: FdSet, write: FdSet, pauseMs: number): void {
    const highest = Math.max(read.#highest, write.#highest);
    const words = (highest >> 5) + 1;
    if (words > read.#bits.length) read.#grow(words);
    if (words > write.#bits.length) write.#grow(words);
    const timeout = pauseMs === Infinity ? null : timeval(pauseMs);
    const ready = libc().select(highest + 1, read.#bits, write.#bits, null, timeout);
    // The kernel cleared what is not ready, up to the highest of both.
    read.#highest = write.#highest = highest;
    if (ready > 0) return;
    if (ready < 0 && libc().errno() !== EINTR)
      throw lastError('select', `${highest + 1} descriptors`);
    // After an error the sets are as they were; after time-out they are empty already.
    read.#bits.fill(0, 0, words);
    write.#bits.fill(0, 0, words);
  }

  #grow(word: number): void {
    const bits = new Uint32Array((word + 64) & ~1);
    bits.set(this.#bits);
    this.#bits = bits;
  }
}

const EINTR = 4;
const TIMEVAL = new BigInt64Array(2);

/** struct timeval, rounded up so that a short pause does not become a busy loop. */
function timeval(ms: number): BigInt64Array {
  const micros = Math.ceil(ms * 1000);
  TIMEVAL[0] = BigInt(Math.floor(micros / 1e6));
  TIMEVAL[1] = BigInt(micros % 1e6);
  return TIMEVAL;
}
