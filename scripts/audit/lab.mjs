/**
 * The program that is audited: the lab as the gateway runs it, and nothing else. It writes its whole
 * event log to a file, is told what to do on its standard input, and ends with that.
 *
 *     node lab.js <file>
 *
 * Now and then it lays a mark: a system call that strace shows (close of a descriptor that cannot be),
 * an event, and the same call again. So the two clocks, strace's and the log's, can be laid side by side.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Lab } from '../../packages/lab/src/lab.ts';
import { markDescriptor, markName, MARK_EVERY_MS } from './marks.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').ServerId} ServerId */
/** @typedef {Partial<import('../../packages/lab/src/ours/server-options.ts').ServerOptions>} Options */
/** @typedef {{ id: number, server: ServerId, options: Options }} Order */

const file = openSync(process.argv[2] ?? '', 'w');
const lab = new Lab({ epoch: 'audit' });
let marks = 0;

lab.onEvents((events) => {
  write({ delivered: now(), events });
});
const timer = setInterval(lay, MARK_EVERY_MS);
lay();

const orders = createInterface({ input: process.stdin });
orders.on('line', (line) => {
  /** @type {Order} */
  const order = JSON.parse(line);
  void carryOut(order);
});
orders.on('close', () => {
  clearInterval(timer);
  void lab.close().then(() => {
    lay();
    process.exit(0);
  });
});

/** Starts a server, or restarts it with other options; answers with its port. @param {Order} order */
async function carryOut({ id, server, options }) {
  try {
    const isRunning = lab.state.servers[server]?.status !== 'stopped';
    const { port } = await (isRunning ? lab.restart(server, options) : lab.start(server, options));
    answer({ id, port });
  } catch (error) {
    answer({ id, error: String(error) });
  }
}

function lay() {
  const number = ++marks;
  callThatFails(number);
  const at = now();
  lab.record('server1', { type: 'connectFailed', session: markName(number), errno: '' });
  callThatFails(number);
  write({ mark: number, at });
}

/** @param {number} number */
function callThatFails(number) {
  try {
    closeSync(markDescriptor(number));
  } catch {
    // EBADF, as it must.
  }
}

/** Microseconds on the monotonic clock. */
function now() {
  return Number(process.hrtime.bigint()) / 1000;
}

/** @param {object} line */
function write(line) {
  writeSync(file, `${JSON.stringify(line)}\n`);
}

/** @param {object} line */
function answer(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
