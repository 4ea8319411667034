/** What a process prints, line by line. */

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** After this long a line that was waited for is missing. */
const PATIENCE_MS = 40_000;

export class Lines {
  readonly #lines: string[] = [];
  readonly #look = new Set<() => void>();
  #ended = false;

  constructor(output: Readable) {
    const reader = createInterface({ input: output });
    const look = () => this.#look.forEach((again) => again());
    reader.on('line', (line) => {
      this.#lines.push(line);
      look();
    });
    reader.on('close', () => {
      this.#ended = true;
      look();
    });
  }

  get all(): readonly string[] {
    return this.#lines;
  }

  /** The first line that fits, as soon as there is one. */
  find(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(`a line like ${String(pattern)}`, () => this.#match(pattern));
  }

  /** A line that must be there by now. */
  seen(pattern: RegExp): RegExpExecArray {
    const match = this.#match(pattern);
    if (!match) throw this.#missing(`a line like ${String(pattern)}`);
    return match;
  }

  /** Waits until this many lines were printed, and returns the last of them. */
  async line(number: number): Promise<string> {
    return this.#until(`line ${number}`, () => this.#lines[number - 1]);
  }

  /** Waits for the end of the output. */
  async end(): Promise<readonly string[]> {
    await this.#until('the end', () => (this.#ended ? true : undefined), true);
    return this.#lines;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    for (const line of this.#lines) {
      const match = pattern.exec(line);
      if (match) return match;
    }
    return undefined;
  }

  #until<T>(what: string, look: () => T | undefined, waitsForEnd = false): Promise<T> {
    return new Promise((found, fail) => {
      const stop = () => {
        clearTimeout(timer);
        this.#look.delete(again);
      };
      const again = () => {
        const result = look();
        if (result !== undefined) {
          stop();
          found(result);
        } else if (this.#ended && !waitsForEnd) {
          stop();
          fail(this.#missing(what));
        }
      };
      const timer = setTimeout(() => {
        stop();
        fail(this.#missing(what));
      }, PATIENCE_MS);
      this.#look.add(again);
      again();
    });
  }

  #missing(what: string): Error {
    return new Error(`waited for ${what}; printed so far:\n${this.#lines.join('\n')}`);
  }
}
