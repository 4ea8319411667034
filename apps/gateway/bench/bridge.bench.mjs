/**
 * The bridge at full size, and beside websockify in the same run: what is true of it, and what it
 * costs. Prints a table, and leaves it in docs/benchmarks.md.
 *
 *     node bench/bridge.bench.mjs [--quick] [--only <part of a row's name>]
 *
 * Needs websockify (`apt-get install websockify`) for the rows that compare. Exit code 1 if a limit
 * is missed. With --quick or --only the document is left as it is.
 */

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from '../../../packages/lab/bench/median.mjs';
import { writeSection } from './benchmarks-file.mjs';
import {
  askAll,
  collect,
  open,
  openForBoth,
  pageClient,
  rawClient,
  denial,
} from './bridge-clients.mjs';
import {
  bundle,
  hasWebsockify,
  startGateway,
  startWebsockify,
  websockifyVersion,
} from './bridge-sides.mjs';
import { countBytes } from './counting-page.mjs';

const MIB = 1024 * 1024;
/** A measurement may take so many milliseconds. */
const LONGEST_MS = 180_000;

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const { quick, only } = values;

/** @typedef {import('./bridge-sides.mjs').Endpoint} Endpoint */
/** @typedef {{ what: string, limit: string, ours: string, websockify?: string, holds: boolean }} Row */
/** @type {Row[]} */
const rows = [];

/** What the bridge connects to here: `serve` is changed by each measurement. */
let serve = (/** @type {import('node:net').Socket} */ socket) => void socket.destroy();
const target = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  serve(socket);
}).listen(0, '127.0.0.1', 1024);
await once(target, 'listening');
const targetPort = /** @type {import('node:net').AddressInfo} */ (target.address()).port;

await bundle();
const started = /** @type {Endpoint[]} */ ([]);
try {
  const bridge = await startGateway([String(targetPort)]);
  started.push(bridge);
  const rival = hasWebsockify ? await startWebsockify(targetPort) : undefined;
  if (rival) started.push(rival);
  else console.log('websockify is not installed: nothing is compared with it');

  await measure('bytes, both directions at once', () => bothWays(bridge));
  await measure('messages sent on open, before TCP is connected', () => sentOnOpen(bridge));
  await measure('server writes and ends', () => writesAndEnds(bridge));
  await measure('stalled reader', () => stalledReader(bridge));
  await measure('memory, one page stalls', () => stalls(bridge, rival, 1));
  await measure('memory, 100 pages stall', () => stalls(bridge, undefined, 100));
  await measure('memory, 100 servers stall', () => serversStall(bridge));
  await measure('throughput to the page', () => bulk(bridge, rival, 'down'));
  await measure('throughput to the server', () => bulk(bridge, rival, 'up'));
  await measure('crowd', () => crowd());
} finally {
  for (const { end } of started) end();
  target.close();
}

print();
if (!quick && !only)
  await writeSection('The bridge', [
    `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}; ` +
      `${hasWebsockify ? websockifyVersion() : 'without websockify'}; ` +
      `${new Date().toISOString().slice(0, 10)}. To repeat: \`npm run bench\`, or ` +
      '`node apps/gateway/bench/bridge.bench.mjs` after `npm test`.',
    table(),
  ]);
process.exit(rows.every(({ holds }) => holds) ? 0 : 1);

// ---------------------------------------------------------------- what is measured

/** @param {Endpoint} bridge @returns {Promise<Row>} */
async function bothWays(bridge) {
  const parts = quick ? 64 : 1024;
  const [down, up] = [randomStream(parts), randomStream(parts)];
  const atServer = createHash('sha256');
  /** @type {Promise<unknown>} */
  let allRead = Promise.resolve();
  serve = (socket) => {
    allRead = once(socket, 'end');
    socket.on('data', (bytes) => atServer.update(bytes));
    void (async () => {
      for (const part of down.parts) if (!socket.write(part)) await once(socket, 'drain');
      socket.end();
    })();
  };
  const atPage = createHash('sha256');
  const page = openForBoth(bridge);
  page.on('message', (data, isBinary) => isBinary && atPage.update(/** @type {Buffer} */ (data)));
  await once(page, 'open');
  for (const part of up.parts) await new Promise((resolve) => page.send(part, resolve));
  page.send('{"type":"shutdown"}');
  // What the server has not read when the page is done waits for it in the kernel.
  await Promise.all([once(page, 'close'), allRead]);
  const toPage = atPage.digest('hex') === down.digest;
  const toServer = atServer.digest('hex') === up.digest;
  const differs = [toPage ? '' : 'to the page', toServer ? '' : 'to the server'].filter(Boolean);
  return row(
    `${parts} MiB random each way at once`,
    'SHA-256 equal',
    differs.length === 0 ? 'equal' : `DIFFERENT ${differs.join(' and ')}`,
    differs.length === 0,
  );
}

/** @param {Endpoint} bridge @returns {Promise<Row>} */
async function sentOnOpen(bridge) {
  serve = (socket) => void socket.pipe(socket);
  const count = quick ? 100 : 1000;
  let right = 0;
  for (let at = 0; at < count; at += 50)
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const page = open(bridge);
        const got = collect(page);
        await once(page, 'open');
        page.send(Buffer.from(`message ${at + index}`));
        page.send('{"type":"shutdown"}');
        await once(page, 'close');
        right += Number(Buffer.concat(got).toString() === `message ${at + index}`);
      }),
    );
  return row(
    'message sent on `open`, before TCP is connected',
    `${count} of ${count}`,
    `${right} of ${count}`,
    right === count,
  );
}

/** @param {Endpoint} bridge @returns {Promise<Row>} */
async function writesAndEnds(bridge) {
  const count = quick ? 30 : 500;
  const bytes = randomBytes(8 * MIB);
  let whole = 0;
  for (const size of [1, 64 * 1024, 8 * MIB]) {
    const said = bytes.subarray(0, size);
    serve = (socket) => void socket.end(said);
    for (let round = 0; round < count; round++) {
      const page = open(bridge);
      const got = collect(page);
      const [code] = await once(page, 'close');
      whole += Number(code === 1000 && Buffer.concat(got).equals(said));
    }
  }
  const all = 3 * count;
  return row(
    `server writes 1 B, 64 KiB, 8 MiB and ends, ${count} times each`,
    'all complete',
    `${whole} of ${all}`,
    whole === all,
  );
}

/** @param {Endpoint} bridge @returns {Promise<Row>} */
async function stalledReader(bridge) {
  const seconds = quick ? 10 : 60;
  const size = 8 * MIB;
  serve = (socket) => void socket.end(Buffer.alloc(size, 'x'));
  const page = open(bridge);
  const got = collect(page);
  /** @type {{ how?: string, missing?: number }} */
  let ended = {};
  page.on('message', (/** @type {Buffer} */ data, isBinary) => {
    if (!isBinary) ended = JSON.parse(data.toString());
  });
  await once(page, 'open');
  page.pause();
  await sleep(seconds * 1000);
  page.resume();
  const [code] = await once(page, 'close');
  const bytes = Buffer.concat(got).length;
  const missing = ended.missing ?? 0;
  const holds = bytes + missing === size && (missing === 0 || code !== 1000);
  return row(
    `8 MiB to a reader that stalls ${seconds} s`,
    'complete, or the end says what is missing',
    missing === 0
      ? 'complete'
      : `${mib(bytes)} came, ${mib(missing)} \`missing\`: together ${holds ? 'all' : 'NOT ALL'}`,
    holds,
  );
}

/** @param {Endpoint} bridge @param {Endpoint | undefined} rival @param {number} pages @returns {Promise<Row>} */
async function stalls(bridge, rival, pages) {
  const offered = quick ? 200 * MIB : 1536 * MIB;
  const each = pages === 1 ? offered : 64 * MIB;
  const grown = [];
  let accepted = 0;
  for (const side of rival ? [bridge, rival] : [bridge]) {
    const before = (await side.look()).rss;
    let taken = 0;
    const sockets = /** @type {import('node:net').Socket[]} */ ([]);
    serve = (socket) => {
      sockets.push(socket);
      const part = Buffer.alloc(MIB, 'x');
      void (async () => {
        for (let sent = 0; sent < each && !socket.destroyed; sent += MIB) {
          // Cut off, it waits for ever, and goes with the socket.
          if (!socket.write(part)) await new Promise((resolve) => socket.once('drain', resolve));
          taken += MIB;
        }
      })();
    };
    const clients = Array.from({ length: pages }, () => open(side));
    await Promise.all(clients.map((page) => once(page, 'open')));
    for (const page of clients) page.pause();
    await settled(() => taken);
    grown.push((await side.look()).rss - before);
    accepted ||= taken;
    for (const page of clients) page.terminate();
    for (const socket of sockets) socket.destroy();
    await sleep(1000);
  }
  const limit = pages === 1 ? 8 : 100;
  const [ours = 0, theirs] = grown;
  return row(
    pages === 1
      ? `memory when a page stalls and ${mib(offered)} are offered`
      : `memory when ${pages} pages stall, ${mib(each)} offered to each`,
    `+${limit} MiB`,
    `${more(ours)} (the server could send ${mib(accepted)})`,
    ours <= limit * MIB,
    theirs === undefined ? undefined : more(theirs),
  );
}

/** @param {Endpoint} bridge @returns {Promise<Row[]>} */
async function serversStall(bridge) {
  const { rss: before, pages: others } = await bridge.look();
  const sockets = /** @type {import('node:net').Socket[]} */ ([]);
  serve = (socket) => void sockets.push(socket.pause());
  const pages = Array.from({ length: 100 }, () => open(bridge));
  await Promise.all(pages.map((page) => once(page, 'open')));
  const part = Buffer.alloc(64 * 1024);
  for (const page of pages)
    for (let sent = 0; sent < 16 * MIB; sent += part.length) page.send(part);
  await settled(() => pages.reduce((sum, page) => sum + page.bufferedAmount, 0));
  const grown = (await bridge.look()).rss - before;
  const waiting = median(pages.map((page) => page.bufferedAmount));
  const leftAt = performance.now();
  for (const page of pages) page.terminate();
  while ((await bridge.look()).pages > others) await sleep(10);
  const noticed = (performance.now() - leftAt) / 1000;
  for (const socket of sockets) socket.destroy();
  return [
    row(
      'memory when 100 servers stall, 16 MiB sent by each page in messages of 64 KiB',
      '+100 MiB',
      `${more(grown)} (in a page wait ${mib(waiting)})`,
      grown <= 100 * MIB && waiting > 0,
    ),
    row(
      'these 100 pages leave at once: all noticed',
      '2 s',
      `${noticed.toFixed(1)} s`,
      noticed <= 2,
    ),
  ];
}

/** @param {Endpoint} bridge @param {Endpoint | undefined} rival @param {'up' | 'down'} way @returns {Promise<Row>} */
async function bulk(bridge, rival, way) {
  const size = (quick ? 256 : 512) * MIB;
  const sides = rival ? [bridge, rival] : [bridge];
  /** @type {number[][]} */
  const rates = sides.map(() => []);
  // Two rounds to warm up: what is measured is a gateway in use.
  for (let round = -2; round < (quick ? 3 : 10); round++)
    for (const [index, side] of sides.entries()) {
      const startedAt = performance.now();
      await (way === 'down' ? download(side, size) : upload(side, size));
      if (round >= 0) rates[index]?.push(size / MIB / ((performance.now() - startedAt) / 1000));
    }
  const [ours = 0, theirs] = rates.map(median);
  const [shown = '', rivals] = rates.map(rateInWords);
  return row(
    `throughput to the ${way === 'down' ? 'page' : 'server'}, one connection`,
    '≥ websockify',
    shown,
    theirs === undefined || ours >= theirs,
    rivals,
  );
}

/** 1,000 pages and 1,000 raw clients at once on our servers 3 and 4. @returns {Promise<Row[]>} */
async function crowd() {
  const gateway = await startGateway([]);
  started.push(gateway);
  await sleep(1000);
  const { rss: before } = await gateway.look();
  const count = gateway.maxSessions;
  const startedAt = performance.now();
  const clients = await Promise.all(
    Array.from({ length: 2 * count }, (_, index) => {
      const server = index % 4 < 2 ? 'server3' : 'server4';
      return index % 2 === 0
        ? pageClient(gateway, server)
        : rawClient(gateway.servers[server] ?? 0);
    }),
  );
  const opened = (performance.now() - startedAt) / 1000;
  const { rss: after } = await gateway.look();
  const denied = await denial(gateway);
  const rounds = quick ? 3 : 10;
  // As in a full lecture hall: each asks once a second, at a time of its own.
  let right = await askAll(clients, rounds, 1000);
  const { p99, rss: busy } = await gateway.look();
  // And as fast as it goes: each asks again as soon as it has its answer.
  const askedAt = performance.now();
  right += await askAll(clients, rounds, 0);
  const rate = (2 * count * rounds) / ((performance.now() - askedAt) / 1000);
  const { p99: rushed } = await gateway.look();
  for (const { end } of clients) end();
  const each = (after - before) / (2 * count) / 1024;
  const busyEach = (busy - before) / (2 * count) / 1024;
  return [
    row(
      `${count} pages and ${count} raw clients on servers 3 and 4: all open`,
      '5 s',
      `${opened.toFixed(1)} s`,
      opened <= 5,
    ),
    row(
      `their echoes and sums, ${2 * rounds} from each`,
      'all right',
      `${right} of ${4 * count * rounds}; half of them at ${rate.toFixed(0)}/s`,
      right === 4 * count * rounds,
    ),
    row(
      'memory of the gateway for each client',
      '100 KiB',
      `${each.toFixed(0)} KiB (${busyEach.toFixed(0)} KiB after the messages)`,
      each <= 100,
    ),
    row(
      'delay of its event loop while each asks once a second, p99',
      '50 ms',
      `${p99.toFixed(0)} ms (${rushed.toFixed(0)} ms while all ask as fast as they can)`,
      p99 <= 50,
    ),
    row(`page ${count + 1}`, '503 before the upgrade', denied, denied === '503'),
  ];
}

// ---------------------------------------------------------------- bytes

/** @param {Endpoint} side @param {number} size */
async function download(side, size) {
  const part = Buffer.alloc(MIB, 'x');
  serve = (socket) => {
    socket.resume();
    void (async () => {
      for (let sent = 0; sent < size; sent += MIB)
        if (!socket.write(part)) await once(socket, 'drain');
    })();
  };
  await countBytes(side.url, size);
}

/** @param {Endpoint} side @param {number} size */
async function upload(side, size) {
  const part = Buffer.alloc(256 * 1024, 'x');
  const arrived = new Promise((resolve) => {
    serve = (socket) => {
      let bytes = 0;
      socket.on('data', (data) => {
        bytes += data.length;
        if (bytes === size) resolve(undefined);
      });
    };
  });
  const page = open(side);
  await once(page, 'open');
  for (let sent = 0; sent < size; sent += part.length)
    await new Promise((resolve) => page.send(part, resolve));
  await arrived;
  page.terminate();
}

/** Different 1 MiB parts from one random one: making a GiB of them would take longer than moving it. @param {number} count */
function randomStream(count) {
  const bytes = randomBytes(2 * MIB);
  const parts = Array.from({ length: count }, (_, index) => {
    const from = (index * 7919) % MIB;
    return bytes.subarray(from, from + MIB);
  });
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return { parts, digest: hash.digest('hex') };
}

// ---------------------------------------------------------------- figures

/** @param {string} name @param {() => Promise<Row | Row[]>} work */
async function measure(name, work) {
  if (!name.includes(only)) return;
  // What never ends is a result, too.
  const late = sleep(LONGEST_MS, undefined, { ref: false }).then(() =>
    row(name, 'ends', `not within ${LONGEST_MS / 60_000} minutes`, false),
  );
  for (const line of [await Promise.race([work(), late])].flat()) {
    rows.push(line);
    console.log(
      `${line.holds ? '  ' : '! '}${line.what}: ${line.ours}${line.websockify ? ` (websockify ${line.websockify})` : ''}; limit ${line.limit}`,
    );
  }
}

/** @param {string} what @param {string} limit @param {string} ours @param {boolean} holds @param {string} [websockify] @returns {Row} */
function row(what, limit, ours, holds, websockify) {
  return { what, limit, ours, holds, ...(websockify && { websockify }) };
}

/** Resolves when the number has not changed for a second. @param {() => number} number */
async function settled(number) {
  for (let last = -1; last !== number();) {
    last = number();
    await sleep(1000);
  }
}

/** @param {number[]} rates in MiB a second */
function rateInWords(rates) {
  const [least, most] = [Math.min(...rates), Math.max(...rates)].map((rate) => rate.toFixed(0));
  return `${median(rates).toFixed(0)} MiB/s (${least} to ${most})`;
}

/** @param {number} bytes */
function mib(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

/** @param {number} bytes */
function more(bytes) {
  return bytes > 0 ? `+${mib(bytes)}` : 'nothing';
}

function table() {
  return [
    '| What | Limit | Sockscope | websockify |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ what, limit, ours, websockify = '', holds }) =>
        `| ${what} | ${limit} | ${ours}${holds ? '' : ' **missed**'} | ${websockify} |`,
    ),
  ].join('\n');
}

function print() {
  console.log(`\n${table()}`);
}
