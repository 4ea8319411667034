/** Real `nc` clients. */

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { Lines } from './lines.ts';

/** One running nc. */
export class Nc {
  /** What it printed. */
  readonly lines: Lines;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ended: Promise<unknown>;
  #asked = 0;

  constructor(port: number, options: readonly string[] = []) {
    this.#child = spawn('nc', [...options, '127.0.0.1', String(port)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#ended = once(this.#child, 'exit');
    // nc may be gone (turned away) when something is typed.
    this.#child.stdin.on('error', () => undefined);
    this.lines = new Lines(this.#child.stdout);
  }

  /** Types a line. */
  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Types a line and waits for the answer, which is one line, too. */
  async ask(line: string): Promise<string> {
    this.type(line);
    this.#asked += 1;
    return this.lines.line(this.#asked);
  }

  /** Ctrl+D: with the option -N, nc sends its FIN. */
  endInput(): void {
    this.#child.stdin.end();
  }

  /** Ctrl+C. */
  async quit(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      this.#child.kill('SIGINT');
    await this.#ended;
  }
}
