/** A program as somebody starts it, and reads what it prints. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Problem } from './problem.mjs';
import { processorMs } from './processor-time.mjs';

const PATIENCE_MS = 120_000;

/** A program whose lines can be awaited. It is ended with this one. */
export class Started {
  #child;
  #output = '';
  /** @type {Set<() => void>} */
  #look = new Set();
  /** Its exit code. */
  code;

  /** @param {string} file @param {string[]} args @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [where] */
  constructor(file, args, where = {}) {
    this.#child = spawn(file, args, { ...where, stdio: 'pipe' });
    const endWithUs = () => this.#child.kill('SIGKILL');
    process.once('exit', endWithUs);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        this.#output += String(text);
        for (const look of this.#look) look();
      });
    this.#child.on('error', (error) => (this.#output += `${error.message}\n`));
    this.code = once(this.#child, 'close').then(([code]) => {
      process.off('exit', endWithUs);
      for (const look of this.#look) look();
      return /** @type {number | null} */ (code);
    });
  }

  /** The match, as soon as it has printed this; after two minutes it is missing. @param {RegExp} pattern @returns {Promise<RegExpExecArray>} */
  async prints(pattern) {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Problem(`ended without ${String(pattern)}:\n${this.#output}`);
      const rest = until - performance.now();
      if (rest <= 0) throw new Problem(`did not print ${String(pattern)}:\n${this.#output}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, rest);
        this.#look.add(() => {
          clearTimeout(timer);
          resolve(undefined);
        });
      });
    }
  }

  /** Processor time of all its threads until now, in milliseconds. */
  processorMs() {
    return processorMs(this.#child.pid);
  }

  /** @param {string} text */
  say(text) {
    this.#child.stdin.write(text);
  }

  finish() {
    this.#child.stdin.end();
  }

  /** SIGTERM. Resolves when it has ended, and whatever it started. */
  async kill() {
    this.#child.kill('SIGTERM');
    return this.code;
  }

  /** The same, and it must end well. */
  async end() {
    const code = await this.kill();
    if (code !== 0) throw new Problem(`a SIGTERM made it end with ${code}:\n${this.#output}`);
  }
}
