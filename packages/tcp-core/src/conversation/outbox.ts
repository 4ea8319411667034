/** What a client has not taken yet, in order: the send buffer of a program that must not block. */

import { DONTWAIT, type Connection } from '../sockets/api.ts';

export class Outbox {
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;

  /** How many bytes wait here. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Puts bytes at the end. They are kept, not copied. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** Sends as much as the kernel takes without blocking, one send for each part. */
  async sendTo(client: Connection): Promise<void> {
    while (this.#parts.length > 0) {
      const part = this.#parts[0]!;
      const sent = await client.send(part, DONTWAIT);
      this.#bytes -= sent;
      if (sent < part.length) {
        this.#parts[0] = part.subarray(sent);
        return;
      }
      this.#parts.shift();
    }
  }
}
