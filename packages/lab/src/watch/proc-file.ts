/**
 * A file of /proc that is read again and again. It stays open: when the process has no descriptor
 * left, which is a lesson of its own here, it can still be read.
 */

import { type FileHandle, open } from 'node:fs/promises';

export class ProcFile {
  readonly path: string;
  #handle: FileHandle | undefined;
  #buffer = Buffer.alloc(16 * 1024);

  constructor(path: string) {
    this.path = path;
  }

  /** Its text now. The kernel writes it piece by piece, so it is no picture of a single moment. */
  async text(): Promise<string> {
    this.#handle ??= await open(this.path);
    let length = 0;
    for (;;) {
      const room = this.#buffer.length - length;
      const { bytesRead } = await this.#handle.read(this.#buffer, length, room, length);
      if (bytesRead === 0) return this.#buffer.toString('latin1', 0, length);
      length += bytesRead;
      if (length === this.#buffer.length)
        this.#buffer = Buffer.concat([this.#buffer, Buffer.alloc(length)]);
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
