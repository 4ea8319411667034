/**
 * The memory that recv fills, one for each thread. What has been received is often sent straight back, so
 * both calls are given its address.
 */

import { systemCalls } from './calls/this-platform.ts';

const SIZE = 256 * 1024;

export class ReceiveBuffer {
  readonly #calls = systemCalls();
  readonly #memory = new Uint8Array(SIZE);
  readonly #address = this.#calls.addressOf(this.#memory);
  /** The last view that was handed out: a busy server's messages are often of one length. */
  #view = this.#memory;

  /** recv(2) of at most `max` bytes into the beginning; returns what the call returns. */
  recv(fd: number, max: number): number {
    return this.#calls.recv(fd, this.#address, within(max));
  }

  /** The same without waiting. */
  recvNow(fd: number, max: number): number {
    return this.#calls.recvNow(fd, this.#address, within(max));
  }

  /** Its first `length` bytes, which the next recv overwrites. */
  view(length: number): Uint8Array {
    if (this.#view.length !== length) this.#view = this.#memory.subarray(0, length);
    return this.#view;
  }

  /** send(2), without waiting, of bytes that may lie in here; returns what the call returns. */
  sendNow(fd: number, bytes: Uint8Array): number {
    return bytes.buffer === this.#memory.buffer
      ? this.#calls.sendNowFrom(fd, this.#address + bytes.byteOffset, bytes.length)
      : this.#calls.sendNow(fd, bytes);
  }
}

/** The kernel would write as far as it is told. */
function within(max: number): number {
  if (!(max >= 0)) throw new RangeError(`no number of bytes: ${max}`);
  return Math.min(max, SIZE);
}
