/**
 * How many requests a second our servers answer, with the event log on, beside the same server
 * written plainly in Python or C. A claim is a ratio, measured on one machine in one run: the two
 * take turns, each time in a new process, and the median over the rounds counts.
 *
 *     node bench/throughput.bench.mjs [--rounds 5] [--seconds 2] [--only server3]
 *
 * Exit code 1 if a claim is missed, or if it could not be measured.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { processorMs } from '../../../scripts/processor-time.mjs';
import { compile } from './compile.mjs';
import { median } from './median.mjs';

const here = import.meta.dirname;
/** Inside the package, because the bundle looks for koffi from where it lies. */
const bundles = join(here, '../dist/bench');

/**
 * @typedef {[file: string, ...args: string[]]} Command
 * @typedef {'arithmetic' | 'echo'} Kind
 * @typedef {{ name: string, command: Command }} Opponent
 * @typedef {{ server: string, opponent: Opponent, kind: Kind, connections: number, limit: number }} Claim
 */

/**
 * One measurement. Latencies and processor time are in microseconds; `cpu` is that of all threads
 * per request, `firstThread` what the lab itself (or the opponent's only thread) has of it.
 *
 * @typedef {{ requestsPerSecond: number, p50: number, p99: number, requests: number }} LoadReport
 * @typedef {LoadReport & { cpu: number, firstThread: number }} Run
 */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string' },
  },
});
const { seconds, only } = values;
const rounds = Math.max(3, Number(values.rounds));

const folder = mkdtempSync(join(tmpdir(), 'sockscope-bench-'));
try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(`throughput: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** Whether all claims hold. */
async function main() {
  const python = pythonVersion();
  const load = compile('load', folder);
  const cSelect = { name: 'C select', command: [compile('echo-select', folder)] };
  const cEpoll = { name: 'C epoll', command: [compile('echo-epoll', folder)] };
  const pythonEcho = { name: 'Python select', command: ['python3', join(here, 'select_echo.py')] };
  const selectEval = { name: 'Python select', command: ['python3', join(here, 'select_eval.py')] };
  const threadsEval = {
    name: 'Python threads',
    command: ['python3', join(here, 'threads_eval.py')],
  };
  await bundleOurs();

  const claims = /** @type {Claim[]} */ ([
    ...[50, 500].flatMap((connections) => [
      { server: 'server3', opponent: selectEval, kind: 'arithmetic', connections, limit: 1.35 },
      { server: 'server4', opponent: pythonEcho, kind: 'echo', connections, limit: 1 },
      { server: 'server4', opponent: cSelect, kind: 'echo', connections, limit: 0.85 },
      { server: 'server4', opponent: cEpoll, kind: 'echo', connections, limit: 0.65 },
    ]),
    { server: 'server2', opponent: threadsEval, kind: 'arithmetic', connections: 50, limit: 1.3 },
  ]).filter(({ server }) => !only || server === only);

  const cores = cpus();
  console.log(`${new Date().toISOString().slice(0, 10)}, ${cores.length} × ${cores[0]?.model}`);
  console.log(
    `Node ${process.versions.node}, ${python}; ${rounds} rounds of ${seconds} s; medians`,
  );
  console.log('µs: processor time per request, of that [the first thread, where the lab runs]\n');
  const rows = [];
  for (const claim of claims) rows.push(await judged(claim, load));
  printTable(rows);
  return rows.every(({ holds }) => holds);
}

/** Lets both sides of a claim take turns. @param {Claim} claim @param {string} load */
async function judged({ server, opponent, kind, connections, limit }, load) {
  /** @type {Command} */
  const ourCommand = [process.execPath, join(bundles, 'our-server.js'), server];
  /** @type {Run[]} */
  const ours = [];
  /** @type {Run[]} */
  const theirs = [];
  /** @type {number[]} */
  const ratios = [];
  for (let round = 0; round < rounds; round++) {
    const their = await measure(opponent.command, load, kind, connections);
    const our = await measure(ourCommand, load, kind, connections);
    theirs.push(their);
    ours.push(our);
    ratios.push(our.requestsPerSecond / their.requestsPerSecond);
  }
  const ratio = median(ratios);
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  const holds = ratio >= limit;
  const columns = {
    clients: String(connections),
    side: [server, opponent.name],
    'requests/s': [ours, theirs].map((runs) => middle(runs, 'requestsPerSecond').toFixed(0)),
    'p50 ms': [ours, theirs].map((runs) => (middle(runs, 'p50') / 1000).toFixed(2)),
    'p99 ms': [ours, theirs].map((runs) => (middle(runs, 'p99') / 1000).toFixed(2)),
    µs: [ours, theirs].map(
      (runs) => `${middle(runs, 'cpu').toFixed(1)} [${middle(runs, 'firstThread').toFixed(1)}]`,
    ),
    ratio: `${ratio.toFixed(2)} (${spread})`,
    claim: `${limit.toFixed(2)} ${holds ? 'holds' : 'MISSED'}`,
  };
  return { holds, columns };
}

/**
 * Starts a server, puts load on it, ends it.
 *
 * @param {Command} command of a server that prints its port
 * @param {string} load
 * @param {Kind} kind
 * @param {number} connections
 * @returns {Promise<Run>}
 */
async function measure([file, ...args], load, kind, connections) {
  const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'close');
  try {
    const name = [file, ...args].join(' ');
    const port = await firstLine(server.stdout);
    if (!port) throw new Error(`${name} ended before it printed its port`);
    const client = spawn(load, ['127.0.0.1', port, kind, String(connections), seconds], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let before = { all: 0, first: 0 };
    let report = '';
    for await (const line of createInterface({ input: client.stdout })) {
      if (line === 'measuring') before = processorTime(server.pid);
      else report = line;
    }
    const after = processorTime(server.pid);
    if (report === '') throw new Error(`the load generator gave up on ${name}`);
    const measured = /** @type {LoadReport} */ (JSON.parse(report));
    return {
      ...measured,
      cpu: (after.all - before.all) / measured.requests,
      firstThread: (after.first - before.first) / measured.requests,
    };
  } finally {
    server.kill();
    await ended;
  }
}

/** @param {import('node:stream').Readable} stream @returns {Promise<string | undefined>} */
async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line;
  return undefined;
}

/**
 * Microseconds that a process has run until now: all its threads, and the first.
 *
 * @param {number | undefined} pid
 */
function processorTime(pid) {
  return { all: 1000 * processorMs(pid), first: 1000 * processorMs(pid, pid) };
}

function pythonVersion() {
  const { status, stdout } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  if (status !== 0)
    throw new Error('no python3 found: install it (Debian, Ubuntu: apt install python3)');
  return stdout.trim();
}

/** The same two files in one folder that the gateway's build makes. */
async function bundleOurs() {
  const build = await rolldown({
    input: {
      'our-server': join(here, 'our-server.ts'),
      thread: join(here, '../src/ours/thread.ts'),
    },
    platform: 'node',
    external: ['koffi'],
  });
  await build.write({ dir: bundles, format: 'esm', cleanDir: true });
  await build.close();
}

/** @param {readonly Run[]} runs @param {keyof Run} what */
function middle(runs, what) {
  return median(runs.map((run) => run[what]));
}

/** Two lines for each claim: ours and theirs. @param {{ columns: Record<string, string | string[]> }[]} rows */
function printTable(rows) {
  const heads = Object.keys(rows[0]?.columns ?? {});
  const lines = [
    heads,
    ...rows.flatMap(({ columns }) =>
      [0, 1].map((side) => heads.map((head) => [columns[head] ?? ''].flat()[side] ?? '')),
    ),
  ];
  const widths = heads.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  for (const line of lines) {
    console.log(
      line
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}
