/**
 * Writes lines to a descriptor that others read, or do not: a pipe into `less`, a terminal that
 * Ctrl-S has stopped, a full disk. It never waits in a write, because that would be the whole process
 * that waits, signals included. What cannot be written yet is kept up to a bound; beyond it, lines
 * are dropped and counted.
 */

import { writeSync } from 'node:fs';
import { canWrite, WRITTEN_AT_ONCE } from '@sockscope/tcp-core/sockets/can-write';

/** Bytes that are kept while they cannot be written. */
const WAITING_BYTES = 256 * 1024;

/** Milliseconds between two tries. */
const RETRY_MS = 100;

export class PatientWriter {
  readonly #fd: number;
  readonly #flows: (lost: number) => void;
  #waiting: Buffer[] = [];
  #bytes = 0;
  /** Lines that wait, or wait in part. */
  #lines = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `flows` is called when lines are written again after `lost` of them were not. */
  constructor(fd: number, flows: (lost: number) => void = () => undefined) {
    this.#fd = fd;
    this.#flows = flows;
  }

  /** Writes a line, which ends with a newline, as soon as it can be. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#bytes > 0 && this.#bytes + bytes.length > WAITING_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#lines += 1;
    // While the timer runs, the last try was in vain.
    if (!this.#timer) this.flush();
  }

  /** Writes what can be written now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let flows = false;
    while (this.#bytes > 0 && canWrite(this.#fd) && this.#writePart()) flows = true;
    if (this.#bytes > 0) {
      this.#timer = setTimeout(() => this.flush(), RETRY_MS).unref();
    } else if (flows && this.#lost > 0) {
      const lost = this.#lost;
      this.#lost = 0;
      this.#flows(lost);
    }
  }

  /** Returns whether something was written. */
  #writePart(): boolean {
    const waiting = this.#waiting.length === 1 ? this.#waiting[0] : undefined;
    const bytes = waiting ?? Buffer.concat(this.#waiting);
    try {
      const written = writeSync(this.#fd, bytes.subarray(0, WRITTEN_AT_ONCE));
      this.#keep(bytes.subarray(written));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
        // Nobody reads it any more (EPIPE), the disk is full (ENOSPC) …
        this.#lost += this.#lines;
        this.#keep(Buffer.alloc(0));
      }
      return false;
    }
  }

  #keep(rest: Buffer): void {
    this.#bytes = rest.length;
    this.#waiting = rest.length > 0 ? [rest] : [];
    if (rest.length === 0) this.#lines = 0;
  }
}
