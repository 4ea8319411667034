/**
 * The lines of a server go to somebody who may not read them: `| less`, a terminal that was stopped with
 * Ctrl-S. Then a bounded number of bytes waits, lines beyond it are counted instead of printed, and the
 * server goes on. What is missing is said when there is room again.
 */

import type { Writable } from 'node:stream';

/** The most that waits for the reader, in bytes; one more batch of lines may go over it. */
const WAITING_MAX = 256 * 1024;

export class LineOutput {
  readonly #stream: Writable;
  #skipped = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
    mayWait(stream);
    stream.on('drain', () => {
      this.#tellSkipped();
    });
  }

  /** Prints lines, or counts them; never waits. */
  print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (this.#stream.writableLength >= WAITING_MAX) {
      this.skip(lines.length);
    } else {
      this.#tellSkipped();
      this.#stream.write(`${lines.join('\n')}\n`);
    }
  }

  /** So many lines will not be printed. */
  skip(lines: number): void {
    this.#skipped += lines;
  }

  #tellSkipped(): void {
    if (this.#skipped === 0) return;
    this.#stream.write(`… ${this.#skipped} lines were not printed\n`);
    this.#skipped = 0;
  }
}

/**
 * To a terminal Node writes with calls that block, so one that was stopped would stop the process, its
 * signals too. Pipes and sockets have a queue, files do not stall.
 */
function mayWait(stream: Writable & { isTTY?: boolean; _handle?: Blocking }): void {
  if (stream.isTTY) stream._handle?.setBlocking?.(false);
}

interface Blocking {
  setBlocking?(blocking: boolean): number;
}
