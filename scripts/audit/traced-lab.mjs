/** The lab in a process of its own under strace, and what can be told to it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rolldown } from 'rolldown';
import { inRoot } from '../paths.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').ServerId} ServerId */
/** @typedef {Partial<import('../../packages/lab/src/ours/server-options.ts').ServerOptions>} Options */

/**
 * Every call by which a server's thread touches a socket or waits. A question mark: not every machine
 * has the call (x64 select, arm64 pselect6).
 */
const CALLS = [
  ...['listen', 'getsockname', 'accept4', 'recvfrom', 'sendto', 'shutdown', 'close'],
  ...['?select', 'pselect6', '?poll', 'ppoll', 'futex'],
];

/** As much of a payload as the log shows of it (PREVIEW_BYTES). */
const BYTES_SHOWN = 256;

const OPTIONS = [
  '--follow-forks',
  '--seccomp-bpf',
  '--absolute-timestamps=format:unix,precision:ns',
  '--syscall-times=ns',
  '-xx',
  `--string-limit=${BYTES_SHOWN}`,
  '--no-abbrev',
  '--signal=none',
  `--trace=${CALLS.join(',')}`,
];

const endingSignals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

export class TracedLab {
  /** Made inside the package, because the bundle looks for koffi from where it lies. */
  #folder;
  #child;
  #stderr = '';
  #ended = false;
  #orders = 0;
  /** If this process ends before its time, what it wrote goes, too; the lab ends with its standard input. */
  #atExit = () => {
    this.remove(false);
  };
  /** @type {Map<number, { resolve: (port: number) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();

  /** Bundles the lab, which takes a second, and starts it. */
  static async start() {
    const dist = inRoot('packages', 'lab', 'dist');
    mkdirSync(dist, { recursive: true });
    const folder = mkdtempSync(join(dist, 'audit-'));
    try {
      await bundle(folder);
      return new TracedLab(folder);
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
    process.once('exit', this.#atExit);
    for (const signal of endingSignals) process.once(signal, this.#interrupted);
    const args = ['--output', this.callsFile, ...OPTIONS];
    const program = [process.execPath, join(folder, 'lab.js'), this.logFile];
    this.#child = spawn('strace', [...args, '--', ...program], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stderr.on('data', (data) => (this.#stderr += String(data)));
    this.#child.stdin.on('error', () => undefined); // it ended: told by 'close'
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#answered(line);
    });
    this.#child.once('close', () => {
      this.#ended = true;
      for (const { reject } of this.#waiting.values()) reject(new Error(this.trouble));
    });
  }

  /** The event log, in lines of JSON. */
  get logFile() {
    return join(this.#folder, 'log.jsonl');
  }

  /** What strace wrote. */
  get callsFile() {
    return join(this.#folder, 'calls.txt');
  }

  /** Why it cannot go on, or undefined. */
  get trouble() {
    return this.#ended ? `the lab ended by itself: ${this.#stderr}` : undefined;
  }

  /**
   * Starts a server, or restarts it with other options.
   *
   * @param {ServerId} server
   * @param {Options} [options]
   * @returns {Promise<number>} its port
   */
  restart(server, options = {}) {
    const id = ++this.#orders;
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Error(this.trouble));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, server, options })}\n`);
    });
  }

  /** Stops all servers; then both files are whole. */
  async end() {
    if (this.#ended) return;
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
    if (this.#child.exitCode !== 0)
      throw new Error(`the lab ended with ${this.#child.exitCode}: ${this.#stderr}`);
  }

  /** Puts a file beside the two: what else is known. @param {unknown} what */
  note(what) {
    writeFileSync(join(this.#folder, 'clients.json'), JSON.stringify(what));
  }

  /** Takes the files away, or leaves them, if they are to be looked at. @param {boolean} keep */
  remove(keep) {
    process.off('exit', this.#atExit);
    for (const signal of endingSignals) process.off(signal, this.#interrupted);
    if (!keep) rmSync(this.#folder, { recursive: true, force: true });
    return this.#folder;
  }

  /** @param {NodeJS.Signals} signal */
  #interrupted(signal) {
    process.exit(128 + constants.signals[signal]);
  }

  /** @param {string} line */
  #answered(line) {
    /** @type {{ id: number, port?: number, error?: string }} */
    const { id, port, error } = JSON.parse(line);
    const order = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (port === undefined) order?.reject(new Error(error));
    else order?.resolve(port);
  }
}

/** @param {string} folder */
async function bundle(folder) {
  const build = await rolldown({
    input: {
      lab: inRoot('scripts', 'audit', 'lab.mjs'),
      thread: inRoot('packages', 'lab', 'src', 'ours', 'thread.ts'),
    },
    platform: 'node',
    external: ['koffi'],
  });
  await build.write({ dir: folder, format: 'esm' });
  await build.close();
}
