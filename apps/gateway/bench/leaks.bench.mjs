/**
 * Whether everything is given back: 10,000 connects of each kind of ending, and after each the
 * gateway's descriptors, threads and resident memory, beside those before.
 *
 *     node bench/leaks.bench.mjs [--connects 10000]
 *
 * Exit code 1 if a descriptor or a thread stays, or more memory than the limit.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { GatewayProcess } from '../../../scripts/fuzz/gateway-process.mjs';
import { writeSection } from './benchmarks-file.mjs';

const CONNECTS = 10_000;
const AT_ONCE = 20;
/** MiB above the baseline: the collector's slack, and the history's ring. */
const MEMORY_MORE = 64;
const SETTLE_MS = 6000;

const { values } = parseArgs({
  options: { connects: { type: 'string', default: String(CONNECTS) } },
});
const connects = Number(values.connects);

const gateway = new GatewayProcess();
await gateway.ready();
const [one = 0, two = 0, three = 0, four = 0] = gateway.ports.servers;

/** @type {Record<string, (number: number) => Promise<void>>} */
const endings = {
  'FIN after a reply': (i) => conversation(portOf(i), (socket) => socket.end()),
  'half-close, then the reply': (i) => conversation(portOf(i), (socket) => socket.end('1+1'), ''),
  RST: (i) => conversation(portOf(i), (socket) => socket.resetAndDestroy()),
  'RST with half a message': (i) =>
    conversation(portOf(i), (socket) => socket.write('1+', () => socket.resetAndDestroy()), ''),
  'turned away': () => conversation(one, () => undefined, ''),
  'browser client, closed': (i) => browser(i, (page) => page.close()),
  'browser client, terminated': (i) => browser(i, (page) => page.terminate()),
  'viewer, terminated': () => browser(-1, (page) => page.terminate()),
};

try {
  // Once around, so that what is made for good is made: buffers, compiled code, the full history.
  for (const ending of Object.keys(endings)) await endInThisWay(ending, Math.min(connects, 2000));
  const before = await settled(undefined);
  const rows = [row('before', before, true)];
  for (const ending of Object.keys(endings)) {
    await endInThisWay(ending, connects);
    rows.push(await judged(ending));
    console.log(rows.at(-1)?.cells.join('  '));
  }
  await control('stop');
  await many(connects, () => browser(2, () => undefined));
  await many(connects, () => conversation(four, () => undefined, '').catch(() => undefined));
  await control('start');
  rows.push(await judged('refused'));

  const lines = [
    '| After | Descriptors | Threads | Resident MiB | |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(({ cells }) => `| ${cells.join(' | ')} |`),
  ];
  console.log(lines.join('\n'));
  if (connects === CONNECTS)
    await writeSection('What is given back', [
      `After ${CONNECTS} connects of each ending; at most ${MEMORY_MORE} MiB more than before. ` +
        `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}. To repeat: ` +
        '`npm run bench`, or `node apps/gateway/bench/leaks.bench.mjs`.',
      lines.join('\n'),
    ]);
  process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;

  /** @param {string} ending */
  async function judged(ending) {
    const now = await settled(before);
    const holds =
      now.fds <= before.fds &&
      now.threads <= before.threads &&
      now.memory <= before.memory + MEMORY_MORE &&
      gateway.trouble === undefined;
    return row(ending, now, holds);
  }
} finally {
  await gateway.end();
}

/** @param {string} ending @param {number} count */
async function endInThisWay(ending, count) {
  // Server 1 turns everybody away only while it has a client.
  const keeper = ending === 'turned away' ? await keep() : undefined;
  await many(count, endings[ending] ?? (() => Promise.resolve()));
  keeper?.destroy();
}

/** Without keep-alive, which would leave a descriptor open. @param {'start' | 'stop'} what */
async function control(what) {
  const headers = { connection: 'close' };
  await gateway.fetch(`/api/servers/server4/${what}`, { method: 'POST', headers });
}

/** Servers 2 to 4 in turn. @param {number} i */
function portOf(i) {
  return [two, three, four][i % 3] ?? 0;
}

/** @param {number} count @param {(number: number) => Promise<void>} act */
async function many(count, act) {
  let next = 0;
  const work = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** A client that stays at server 1. */
async function keep() {
  const socket = connect({ port: one, host: '127.0.0.1' });
  socket.write('1\n');
  await once(socket, 'data');
  return socket;
}

/**
 * Connects, says something, waits for the answer, ends it, and waits for the end.
 *
 * @param {number} port
 * @param {(socket: import('node:net').Socket) => void} end
 */
async function conversation(port, end, words = '22 + 44\n') {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined).on('end', () => socket.end());
  const closed = new Promise((done) => socket.once('close', done));
  await Promise.race([once(socket, 'connect'), closed]);
  if (words) {
    socket.write(words);
    await Promise.race([once(socket, 'data'), closed]);
  }
  socket.resume();
  end(socket);
  await closed;
}

/** A browser client of server 2, 3 or 4; -1: a viewer. @param {number} i @param {(page: WebSocket) => void} end */
async function browser(i, end) {
  const path = i < 0 ? 'lab' : `client/server${2 + (i % 3)}`;
  const page = new WebSocket(`ws://127.0.0.1:${gateway.ports.page}/ws/${path}`);
  page.on('error', () => undefined);
  const closed = new Promise((done) => page.once('close', done));
  await Promise.race([once(page, 'message'), closed]);
  end(page);
  await closed;
}

/**
 * The least of each that is seen in a while; at once when it is as before.
 *
 * @param {import('../../../scripts/fuzz/gateway-process.mjs').Resources | undefined} before
 */
async function settled(before) {
  const until = performance.now() + SETTLE_MS;
  await sleep(3000); // server 2 ends the threads that nobody needs; sockets finish lingering
  let least = gateway.resources();
  while (performance.now() < until) {
    const now = gateway.resources();
    least = {
      fds: Math.min(least.fds, now.fds),
      threads: Math.min(least.threads, now.threads),
      memory: now.memory,
    };
    if (before && least.fds <= before.fds && least.threads <= before.threads) break;
    await sleep(250);
  }
  return least;
}

/** @param {string} what @param {import('../../../scripts/fuzz/gateway-process.mjs').Resources} now @param {boolean} holds */
function row(what, { fds, threads, memory }, holds) {
  const cells = [what, String(fds), String(threads), memory.toFixed(0), holds ? 'holds' : 'MISSED'];
  return { cells, holds };
}
