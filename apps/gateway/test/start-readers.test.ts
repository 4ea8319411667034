/** Readers that do not read: what they cost the gateway, and how long. */

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { upgrade } from './raw-http.ts';
import type { ChildProgram } from '@sockscope/test-kit/child-program';
import { free, gatewayProcesses, pageOf, settled } from './gateway-process.ts';

const processes = gatewayProcesses('start-readers-test');
const MIB = 1024 * 1024;

let server: ChildProgram;
let host: string;
/** Its descriptors while nobody asks. */
let atRest: number;
const sockets: Socket[] = [];

beforeAll(() => processes.build(), 60_000);
beforeAll(async () => {
  server = processes.start(free);
  await settled(server);
  ({ host } = new URL(pageOf(server)));
  atRest = descriptors();
  await fillHistory();
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  expect(server.stderr).toBe('');
});
afterAll(() => {
  processes.endAll();
  processes.remove();
});

function resident(): number {
  const status = readFileSync(`/proc/${server.child.pid ?? 0}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

function descriptors(): number {
  return readdirSync(`/proc/${server.child.pid ?? 0}/fd`).length;
}

async function historyLength(): Promise<number> {
  return (await (await fetch(`http://${host}/api/history`)).arrayBuffer()).byteLength;
}

/** Server 4 echoes control bytes, each of which is six in JSON, until that fills the history. */
async function fillHistory(): Promise<void> {
  const port = Number(/server4 listening on \S+:(\d+)/.exec(server.stdout)?.[1]);
  const client = connect({ host: '127.0.0.1', port, noDelay: true });
  let length = 0;
  for (let last = -1; length > last || length < 7 * MIB;) {
    last = length;
    for (let turn = 0; turn < 400; turn++) {
      client.write(Buffer.alloc(256, 1));
      await once(client, 'data');
    }
    length = await historyLength();
  }
  client.destroy();
}

/** Asks, reads the first bytes of the answer, and no more. */
async function unread(lines: readonly string[]): Promise<Socket> {
  const [address = '', port = ''] = host.split(':');
  const socket = connect({ host: address, port: Number(port) });
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write([lines[0], `Host: ${host}`, ...lines.slice(1)].join('\r\n') + '\r\n\r\n');
  await once(socket, 'readable');
  return socket;
}

it('remembers at most 8 MiB', async () => {
  expect(await historyLength()).toBeLessThan(9 * MIB);
});

it.each([
  ['the history', ['GET /api/history HTTP/1.1']],
  ['the state', ['GET /api/lab HTTP/1.1']],
  [
    'the log, from its first remembered event on',
    ['GET /ws/lab?epoch=EPOCH&since=SINCE HTTP/1.1', ...upgrade],
  ],
  ['the log, from the state on', ['GET /ws/lab HTTP/1.1', ...upgrade]],
])(
  '150 who ask for %s and do not read cost at most 150 MiB, and nobody waits',
  async (_, lines) => {
    const { state } = (await (await fetch(`http://${host}/api/history`)).json()) as {
      state: { epoch: string; seq: number };
    };
    const filled = lines.map((line) =>
      line.replace('EPOCH', state.epoch).replace('SINCE', String(state.seq + 300)),
    );
    const before = resident();
    let slowest = 0;
    const asking = Promise.all(Array.from({ length: 150 }, () => unread(filled)));
    const asked = { all: false };
    void asking.finally(() => (asked.all = true));
    while (!asked.all) {
      const began = performance.now();
      expect((await fetch(`http://${host}/healthz`)).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - began);
    }
    await asking;
    const more = resident() - before;
    expect(more).toBeLessThan(150 * MIB);
    expect(slowest).toBeLessThan(1500);
    // And whoever reads is answered.
    expect(await historyLength()).toBeGreaterThan(7 * MIB);
  },
);

it(
  'an answer of which nothing is read is given up after some ten seconds',
  { timeout: 60_000 },
  async () => {
    // Those of the tests before are noticed in the gateway's own time.
    await expect.poll(descriptors, { timeout: 15_000 }).toBeLessThan(atRest + 10);
    const before = descriptors();
    await Promise.all(Array.from({ length: 50 }, () => unread(['GET /api/history HTTP/1.1'])));
    // They are connected before the gateway has accepted them.
    await expect.poll(descriptors).toBeGreaterThanOrEqual(before + 40);
    await expect.poll(descriptors, { timeout: 25_000, interval: 500 }).toBeLessThan(before + 10);
  },
);
