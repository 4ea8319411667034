/** One of the five programs, or any other, as a child process whose lines can be awaited. */

import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What `sockscope` runs, built. */
const MAIN = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));

export class ChildProgram {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #wake: (() => void)[] = [];

  constructor(
    command: string,
    args: string[],
    options: Pick<SpawnOptions, 'env' | 'detached'> = {},
  ) {
    this.child = spawn(command, args, { ...options, stdio: 'pipe' });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.child.stdin?.on('error', () => undefined); // it may have ended before it read everything
    this.exit = once(this.child, 'close').then(([code, signal]) => {
      for (const wake of this.#wake.splice(0)) wake();
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  /** A program of Sockscope: `server1` … `client`. `before` is shell text that runs first. */
  static sockscope(program: string, args: string[], before = ''): ChildProgram {
    const [node = '', ...rest] = ChildProgram.commandOf(program, args);
    if (before === '') return new ChildProgram(node, rest);
    return new ChildProgram('bash', ['-c', `${before}; exec "$@"`, 'bash', node, ...rest]);
  }

  /** The words of its command line. */
  static commandOf(program: string, args: string[]): string[] {
    return [process.execPath, MAIN, program, ...args];
  }

  write(text: string | Uint8Array): this {
    this.child.stdin?.write(text);
    return this;
  }

  /** Ends its standard input. */
  end(text = ''): this {
    this.child.stdin?.end(text);
    return this;
  }

  /** Waits until this stands in stdout. */
  async says(text: string): Promise<void> {
    await this.until((stdout) => stdout.includes(text), `"${text}"`);
  }

  /** Waits until stdout has this; returns the match. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    await this.until((stdout) => pattern.test(stdout), String(pattern));
    return pattern.exec(this.stdout)!;
  }

  /** Waits until what stdout has so far is enough. */
  async until(enough: (stdout: string) => boolean, what = 'enough'): Promise<void> {
    while (!enough(this.stdout)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`ended without ${what}:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }
}
