/**
 * Child processes that never outlive the command that started them.
 *
 * Each child leads a process group of its own, so that ending it ends what it started, too. While
 * children run, a signal to this process, or the end of the npm that started it, ends them and then
 * this process.
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

const windows = process.platform === 'win32';
/** After a SIGTERM a child has this long before it is killed. */
const GRACE_MS = 1500;
const parent = process.ppid;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
/** @type {NodeJS.Timeout | undefined} */
let parentWatch;

/**
 * Where a child's output goes: `stdout` or `stderr` of this process as it comes (and kept),
 * `keep`: only kept. Lines that `hide` matches are only kept, too.
 *
 * @typedef {{ to: 'stdout' | 'stderr' | 'keep', hide?: RegExp, cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} RunOptions
 */

/**
 * Runs a program to its end. Its standard input is empty. The code of one that a signal ended is
 * 128 + the signal's number, as a shell has it; of one that could not be started, 127.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {RunOptions} options
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(file, args, { to, hide, cwd, env, timeoutMs }) {
  return new Promise((done) => {
    const child = spawn(file, args, {
      cwd,
      env: env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: !windows,
      windowsHide: true,
    });
    watch(child);

    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (/** @type {string} */ text) => {
        output += text;
        if (to !== 'keep' && !hide) process[to].write(text);
      });
      if (to === 'keep' || !hide) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (!hide.test(line)) process[to].write(`${line}\n`);
      });
    }
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => end(child), timeoutMs);

    child.on('error', (error) => {
      output += `${file}: ${error.message}\n`;
      finish(127);
    });
    child.on('close', (code, signal) => {
      finish(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });

    /** @param {number} code */
    function finish(code) {
      clearTimeout(timer);
      unwatch(child);
      done({ code, output });
    }
  });
}

/** True if the npm (or shell) that started this process is gone. */
export function isOrphan() {
  return process.ppid !== parent;
}

/** @param {import('node:child_process').ChildProcess} child */
function watch(child) {
  running.add(child);
  if (parentWatch) return;
  parentWatch = setInterval(() => {
    if (isOrphan() && startedByNpm()) endAll('SIGTERM');
  }, 250);
  for (const signal of endingSignals) process.on(signal, endAll);
}

/** @param {import('node:child_process').ChildProcess} child */
function unwatch(child) {
  running.delete(child);
  if (running.size > 0) return;
  clearInterval(parentWatch);
  parentWatch = undefined;
  for (const signal of endingSignals) process.off(signal, endAll);
}

const endingSignals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** @param {NodeJS.Signals} signal */
function endAll(signal) {
  clearInterval(parentWatch);
  const children = [...running];
  for (const child of children) end(child);
  void Promise.all(children.map((child) => new Promise((done) => child.once('close', done)))).then(
    () => process.exit(128 + constants.signals[signal]),
  );
}

/** @param {import('node:child_process').ChildProcess} child */
function end(child) {
  signalGroup(child, 'SIGTERM');
  setTimeout(() => {
    signalGroup(child, 'SIGKILL');
  }, GRACE_MS).unref();
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    if (windows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended by itself.
  }
}

/** True under `npm start`, `npm run …`: then the parent's end means ours. */
export function startedByNpm() {
  return process.env['npm_lifecycle_event'] !== undefined;
}
