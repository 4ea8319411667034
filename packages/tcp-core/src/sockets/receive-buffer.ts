/**
 * The memory that recv fills, one for each thread. What has been received is often sent straight back, so
 * both calls are given its address.
 */

import { addressOf, libc } from './libc.ts';

const SIZE = 256 * 1024;

export class ReceiveBuffer {
  readonly #memory = new Uint8Array(SIZE);
  readonly #address = addressOf(this.#memory);
  /** The last view that was handed out: a busy server's messages are often of one length. */
  #view = this.#memory;

  /** recv(2) of at most `max` bytes into the beginning; returns what C returns. */
  recv(fd: number, max: number, flags: number): number {
    return libc().recvAt(fd, this.#address, Math.min(max, SIZE), flags);
  }

  /** Its first `length` bytes, which the next recv overwrites. */
  view(length: number): Uint8Array {
    if (this.#view.length !== length) this.#view = this.#memory.subarray(0, length);
    return this.#view;
  }

  /** send(2) of bytes that may lie in here; returns what C returns. */
  send(fd: number, bytes: Uint8Array, flags: number): number {
    const { length } = bytes;
    return bytes.buffer === this.#memory.buffer
      ? libc().sendFrom(fd, this.#address + bytes.byteOffset, length, flags)
      : libc().send(fd, bytes, length, flags);
  }
}
