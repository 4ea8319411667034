/** What a client has not taken yet, in order: the send buffer of a program that must not block. */

import { DONTWAIT, type Connection } from '../sockets/api.ts';

/** The size of the blocks that `append` fills. */
const BLOCK = 16 * 1024;

export class Outbox {
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  /** Room at the end of the last part, if `append` made it. */
  #room = 0;

  /** How many bytes wait here. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Puts bytes at the end, as a part of their own. They are kept, not copied. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    this.#room = 0;
  }

  /**
   * Puts a copy of bytes at the end of a stream, where parts mean nothing: a client that sends
   * single bytes and does not read must not cost a part for each.
   */
  append(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      if (this.#room === 0) {
        this.#parts.push(new Uint8Array(BLOCK).subarray(0, 0));
        this.#room = BLOCK;
      }
      const last = this.#parts.length - 1;
      const { buffer, byteOffset, length } = this.#parts[last]!;
      const fits = rest.subarray(0, this.#room);
      const longer = new Uint8Array(buffer, byteOffset, length + fits.length);
      longer.set(fits, length);
      this.#parts[last] = longer;
      this.#room -= fits.length;
      this.#bytes += fits.length;
      rest = rest.subarray(fits.length);
    }
  }

  /** Sends as much as the kernel takes without blocking, one send for each part. */
  sendTo(client: Connection): void {
    let whole = 0; // parts that are sent to their end
    for (const part of this.#parts) {
      const sent = client.send(part, DONTWAIT);
      this.#bytes -= sent;
      if (sent < part.length) {
        this.#parts[whole] = part.subarray(sent);
        break;
      }
      whole += 1;
    }
    this.#parts.splice(0, whole);
    if (this.isEmpty) this.#room = 0;
  }
}
