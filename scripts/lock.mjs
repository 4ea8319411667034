/**
 * One command at a time in this checkout: two that install or build at once would write over each
 * other. The lock is a file that names its owner; the owner's heartbeat keeps it fresh, so that what
 * a killed command, or another container, left behind does not stay for ever.
 */

import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { inRoot } from './paths.mjs';
import { errorCode, Problem } from './problem.mjs';

const folder = inRoot('.cache');
const file = inRoot('.cache', 'set-up.lock');
const takeover = inRoot('.cache', 'set-up.takeover');

/** Who owns a lock that names nobody. */
const nobody = { pid: 0, host: '' };

const HEARTBEAT_MS = 2000;
/** Without a heartbeat for this long the owner is gone. */
const STALE_MS = 20_000;
/** A lock that names nobody is being written just now, or its writer died half-way. */
const UNNAMED_MS = 2000;
const POLL_MS = 200;

/**
 * Does `work` while no other command of this checkout does any.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(work) {
  await take();
  const heartbeat = setInterval(beat, HEARTBEAT_MS);
  const release = () => {
    if (readOwner()?.pid === process.pid) rmSync(file, { force: true });
  };
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.off('exit', release);
    release();
  }
}

async function take() {
  let told = false;
  while (!tryTake()) {
    const owner = readOwner();
    if (owner && isStale(owner)) {
      removeStale();
      continue;
    }
    if (owner && !told) {
      console.error(
        `Waiting: another command (process ${String(owner.pid)}) is setting up this folder. ` +
          'If there is none, remove .cache/set-up.lock.',
      );
      told = true;
    }
    await sleep(POLL_MS);
  }
}

function tryTake() {
  try {
    mkdirSync(folder, { recursive: true });
    const descriptor = openSync(file, 'wx');
    try {
      writeFileSync(descriptor, JSON.stringify({ pid: process.pid, host: hostname() }));
    } catch (error) {
      // On a full disk the file can be made, and not be written.
      rmSync(file, { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return false;
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
      throw new Problem(
        `Cannot write to ${inRoot()} (${code}). Sockscope installs and builds inside its own folder: ` +
          'make it writable, or clone it somewhere you may write.',
      );
    }
    throw error;
  }
}

/** @returns {{ pid: number, host: string } | undefined} */
function readOwner() {
  try {
    return /** @type {{ pid: number, host: string }} */ (JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    // Gone again, or just being written: look once more. Unreadable for longer: nobody's.
    return error instanceof SyntaxError && age() > UNNAMED_MS ? nobody : undefined;
  }
}

/** @param {{ pid: number, host: string }} owner */
function isStale(owner) {
  const { pid, host } = owner;
  if (owner === nobody || age() > STALE_MS) return true;
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

/**
 * Only under the takeover folder, which one process can make, and after another look: otherwise two
 * that wait could both remove, the second one the new owner's lock.
 */
function removeStale() {
  try {
    mkdirSync(takeover);
  } catch {
    // Another is at it; one that died half-way is cleared away by its age.
    if (age(takeover) > STALE_MS) rmSync(takeover, { recursive: true, force: true });
    return;
  }
  const owner = readOwner();
  if (owner && isStale(owner)) rmSync(file, { force: true });
  rmdirSync(takeover);
}

function beat() {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // Somebody removed the lock by hand, as the message invites to.
  }
}

function age(path = file) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
