/**
 * fd_set: one bit for each descriptor (select(2)).
 *
 * The C library's type ends at descriptor 1023, and a larger one writes past its end. The kernel has
 * no such limit: it takes as many bits as its first argument says. So this set grows.
 */

import type { DescriptorSet } from './system-calls.ts';

export class FdSet implements DescriptorSet {
  /** Whole 64-bit words, because the kernel reads and writes longs. */
  #bits = new Uint32Array(32);
  #highest = -1;

  clear(): void {
    this.#bits.fill(0, 0, (this.#highest >> 5) + 1);
    this.#highest = -1;
  }

  add(fd: number): void {
    if (fd < 0) throw new RangeError(`no descriptor: ${fd}`);
    const word = fd >> 5;
    if (word >= this.#bits.length) this.#grow(word);
    this.#bits[word]! |= 1 << (fd & 31);
    if (fd > this.#highest) this.#highest = fd;
  }

  remove(fd: number): void {
    if (this.has(fd)) this.#bits[fd >> 5]! &= ~(1 << (fd & 31));
  }

  has(fd: number): boolean {
    return ((this.#bits[fd >> 5] ?? 0) & (1 << (fd & 31))) !== 0;
  }

  /** One more than the highest in it: what select calls nfds. */
  get count(): number {
    return this.#highest + 1;
  }

  /** The memory, with room for the descriptors below `count`. */
  memoryFor(count: number): Uint32Array {
    const words = ((count - 1) >> 5) + 1;
    if (words > this.#bits.length) this.#grow(words);
    return this.#bits;
  }

  /**
   * The kernel has looked at those below `count`, and cleared what is not ready; or `isEmpty`: none is. (After an
   * error the sets are as they were.)
   */
  returned(count: number, isEmpty: boolean): void {
    this.#highest = count - 1;
    if (isEmpty) this.#bits.fill(0, 0, ((count - 1) >> 5) + 1);
  }

  #grow(word: number): void {
    const bits = new Uint32Array((word + 64) & ~1);
    bits.set(this.#bits);
    this.#bits = bits;
  }
}
