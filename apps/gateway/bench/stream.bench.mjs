/**
 * What watching costs, and how late it is. Ratios of requests a second, measured in turns, each time
 * in a new process: with 30 viewers to without, and with the event log to without it. And the
 * lag of 29 viewers at 4,000 events a second while one more has stalled.
 *
 *     node bench/stream.bench.mjs [--rounds 5] [--seconds 2] [--only lag]
 *
 * Prints a table, and leaves it in docs/benchmarks.md. Exit code 1 if a limit is missed.
 */

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { WebSocket } from 'ws';
import { compile } from '../../../packages/lab/bench/compile.mjs';
import { median } from '../../../packages/lab/bench/median.mjs';
import { writeSection } from './benchmarks-file.mjs';

const here = import.meta.dirname;
/** Inside the package, because the bundle looks for its packages from where it lies. */
const bundles = join(here, '../dist/stream-bench');
const lab = join(here, '../../../packages/lab');
const VIEWERS = 30;
const EVENTS_PER_SECOND = 4000;
const LAG_MS = 50;
const RATIO = 0.9;
const CONNECTIONS = 50;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string' },
  },
});
const { seconds, only } = values;
const rounds = Math.max(1, Number(values.rounds));

/** @typedef {{ page: number, server3: number, server4: number }} Ports */
/** @typedef {{ what: string, limit: string, measured: string, holds: boolean }} Row */

const folder = mkdtempSync(join(tmpdir(), 'sockscope-bench-'));
try {
  const load = compile('load', folder);
  await bundle('on');
  await bundle('off');
  /** @type {Row[]} */
  const rows = [];
  for (const server of /** @type {const} */ (['server3', 'server4']).filter(
    (id) => !only || only === id,
  ))
    rows.push(...(await ratios(server, load)));
  if (!only || only === 'lag') rows.push(await lag());
  const lines = [
    '| What | Limit | Measured | |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ what, limit, measured, holds }) =>
        `| ${what} | ${limit} | ${measured} | ${holds ? 'holds' : 'MISSED'} |`,
    ),
  ];
  console.log(lines.join('\n'));
  if (rounds >= 5 && !only)
    await writeSection('The stream', [
      `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}; ${CONNECTIONS} ` +
        `clients, medians of ${rounds} rounds of ${seconds} s; ` +
        `${new Date().toISOString().slice(0, 10)}. To repeat: \`npm run bench\`, or ` +
        '`node apps/gateway/bench/stream.bench.mjs`.',
      lines.join('\n'),
    ]);
  process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** @param {'server3' | 'server4'} server @param {string} load @returns {Promise<Row[]>} */
async function ratios(server, load) {
  /** @type {number[]} */
  const watched = [];
  /** @type {number[]} */
  const logged = [];
  for (let round = 0; round < rounds; round++) {
    const off = await throughput(server, load, 'off', 0);
    const on = await throughput(server, load, 'on', 0);
    const viewers = await throughput(server, load, 'on', VIEWERS);
    watched.push(viewers / on);
    logged.push(on / off);
    console.log(`${server}: ${off} without events, ${on} with, ${viewers} with ${VIEWERS} viewers`);
  }
  const row = (/** @type {string} */ what, /** @type {number[]} */ all) => ({
    what: `${server}: ${what}`,
    limit: `≥ ${RATIO}`,
    measured: `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`,
    holds: median(all) >= RATIO,
  });
  return [
    row(`throughput with ${VIEWERS} viewers to without`, watched),
    row('throughput with events on to off', logged),
  ];
}

/**
 * Requests a second.
 *
 * @param {'server3' | 'server4'} server
 * @param {string} load
 * @param {'on' | 'off'} events
 * @param {number} viewers
 */
async function throughput(server, load, events, viewers) {
  return withGateway(events, async (ports) => {
    const sockets = await Promise.all(Array.from({ length: viewers }, () => silentViewer(ports)));
    const kind = server === 'server4' ? 'echo' : 'arithmetic';
    const args = ['127.0.0.1', String(ports[server]), kind, String(CONNECTIONS), seconds];
    const child = spawn(load, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data) => (output += String(data)));
    await once(child, 'close');
    for (const socket of sockets) socket.destroy();
    const report = /** @type {{ requestsPerSecond: number }} */ (
      JSON.parse(output.trim().split('\n').at(-1) ?? '')
    );
    return report.requestsPerSecond;
  });
}

/**
 * A viewer that reads everything and looks at nothing: what a page does with it happens on other
 * machines' processors.
 *
 * @param {Ports} ports
 */
async function silentViewer({ page }) {
  const socket = connect({ port: page, host: '127.0.0.1' });
  socket.write(
    `GET /ws/lab HTTP/1.1\r\nHost: 127.0.0.1:${page}\r\nUpgrade: websocket\r\n` +
      'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await once(socket, 'data');
  return socket.resume();
}

/** @returns {Promise<Row>} */
async function lag() {
  /** @type {number[]} */
  const lags = [];
  let gaps = 0;
  await withGateway('on', async ({ page }, gateway) => {
    const viewers = Array.from(
      { length: VIEWERS },
      () => new WebSocket(`ws://127.0.0.1:${page}/ws/lab`),
    );
    await Promise.all(viewers.map((viewer) => once(viewer, 'message')));
    const measuring = { on: false };
    for (const viewer of viewers.slice(1))
      viewer.on('message', (/** @type {Buffer} */ data) => {
        const now = process.hrtime.bigint();
        const text = data.toString('latin1');
        if (text.startsWith('{"type":"gap"')) gaps += 1;
        if (!measuring.on) return;
        // The oldest event of the batch has waited longest.
        const session = /"session":"(\d+)"/.exec(text)?.[1];
        if (session) lags.push(Number(now - BigInt(session)) / 1e6);
      });
    viewers[0]?.pause();
    gateway.send(EVENTS_PER_SECOND);
    await sleep(5000); // until the stalled one is over its bound
    measuring.on = true;
    await sleep(5000);
    for (const viewer of viewers) viewer.terminate();
  });
  lags.sort((a, b) => a - b);
  const p99 = lags[Math.floor(lags.length * 0.99)] ?? Infinity;
  return {
    what: `lag p99 of ${VIEWERS - 1} viewers, one more stalled, ${EVENTS_PER_SECOND} events/s`,
    limit: `≤ ${LAG_MS} ms, no gap`,
    measured: `${p99.toFixed(1)} ms, ${gaps} gaps`,
    holds: p99 <= LAG_MS && gaps === 0,
  };
}

/**
 * @template T
 * @param {'on' | 'off'} events
 * @param {(ports: Ports, gateway: import('node:child_process').ChildProcess) => Promise<T>} action
 */
async function withGateway(events, action) {
  const gateway = fork(join(bundles, events, 'stream-gateway.js'));
  const ended = once(gateway, 'exit');
  try {
    const [ports] = /** @type {[Ports]} */ (await once(gateway, 'message'));
    return await action(ports, gateway);
  } finally {
    gateway.disconnect();
    await ended;
  }
}

/** Bundles the gateway; `off`: its threads report no call, only who comes and goes. @param {'on' | 'off'} events */
async function bundle(events) {
  const silence = ['received', 'sent', 'evaluated', 'selected']
    .map((call) => `Recorder.prototype.${call} = () => undefined;`)
    .join('\n');
  const build = await rolldown({
    input: {
      'stream-gateway': join(here, 'stream-gateway.ts'),
      thread: join(lab, 'src/ours/thread.ts'),
    },
    platform: 'node',
    external: ['bufferutil', 'koffi'],
    plugins: [
      {
        name: 'events-off',
        transform: (code, id) =>
          events === 'off' && id.endsWith('ours/recorder.ts') ? `${code}\n${silence}\n` : undefined,
      },
    ],
  });
  await build.write({ dir: join(bundles, events), format: 'esm', cleanDir: true });
  await build.close();
}
