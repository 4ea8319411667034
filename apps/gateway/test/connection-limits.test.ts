/** Connections that take and give nothing back: how many there may be, and for how long. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connectionsForAll, limitConnections } from '../src/door/connection-limits.ts';
import { denials } from '../src/errors.ts';
import { makeToken } from '../src/door/presenter.ts';
import { raw } from './raw-http.ts';
import { startGateway, type Running } from './running-gateway.ts';

let gateway: Pick<Running, 'host'>;
let close: () => unknown;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await close();
});

/** Every address of 127.0.0.0/8 is this machine's; here 127.0.0.1 stands for it, others for others. */
const isExempt = (address: string) => address === '127.0.0.1';

const start = async (connectionsPerAddress: number) => {
  const many = { socketsPerAddress: 100, upgradesPerMinute: 1000, readingsPerMinute: 1000 };
  const running = await startGateway({
    servers: [],
    lan: { ...many, connectionsPerAddress, isExempt, token: makeToken(), names: [] },
  });
  gateway = running;
  close = () => running.close();
};

/** A server on which nobody is displaced in the time of a test. */
const startPatient = async (perAddress: number) => {
  const server = createServer((_request, response) => response.end('{}'));
  limitConnections(server, { perAddress, total: 1000, isOwn: isExempt, promptMs: 60_000 });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  gateway = { host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  close = () => {
    server.closeAllConnections();
    server.close();
  };
};

const to = (from: string) => {
  const [host = '', port = ''] = gateway.host.split(':');
  return { host, port: Number(port), from };
};

async function open(from: string): Promise<Socket> {
  const { host, port } = to(from);
  const socket = connect({ host, port, localAddress: from });
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The head of a request, and half of its body. */
const half = () =>
  `POST /api/presenter HTTP/1.1\r\nHost: ${gateway.host}\r\n` +
  'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"token":';

async function answered(socket: Socket): Promise<{ text: string; ms: number }> {
  const began = performance.now();
  let text = '';
  socket.on('data', (data) => (text += String(data)));
  await once(socket, 'close');
  return { text, ms: performance.now() - began };
}

const health = async (from: string) =>
  raw(to(from), ['GET /healthz HTTP/1.1', `Host: ${gateway.host}`, 'Connection: close']);

describe('connections of one address', () => {
  it('are bounded: those beyond are told so, other addresses are served', async () => {
    await startPatient(5);
    for (let i = 0; i < 5; i++) await open('127.0.0.2');
    const { status, head, body } = await health('127.0.0.2');
    expect(status).toBe(429);
    expect(body.error).toBe(denials.manyConnections[1]);
    expect(head).toMatch(/^x-content-type-options: nosniff\r?$/im);
    expect((await health('127.0.0.3')).status).toBe(200);
    expect((await health('127.0.0.1')).status).toBe(200);
    // One leaves: there is room for one.
    sockets[0]?.destroy();
    await expect.poll(async () => (await health('127.0.0.2')).status).toBe(200);
  });

  it('from which half a request has come make room for those who send a whole one', async () => {
    await start(5);
    for (let i = 0; i < 5; i++) (await open('127.0.0.2')).write(half());
    const ends = sockets.map(answered);
    await expect.poll(async () => (await health('127.0.0.2')).status).toBe(200);
    // It was the oldest that had to go, and only one.
    expect((await Promise.race(ends)).text).toMatch(/^HTTP\/1.1 408 /);
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false, false, false, false]);
    // A place is taken again and again, and whoever waits for an answer keeps its own.
    for (let i = 0; i < 20; i++) {
      (await open('127.0.0.2')).write(half());
      await expect.poll(async () => (await health('127.0.0.2')).status).toBe(200);
    }
  });

  it('are told also if they send at once, or a lot', async () => {
    await startPatient(1);
    await open('127.0.0.2');
    for (let i = 0; i < 50; i++) {
      const socket = await open('127.0.0.2');
      socket.write(half() + 'x'.repeat(i * 1000));
      expect((await answered(socket)).text).toContain(denials.manyConnections[1]);
    }
    expect((await health('127.0.0.1')).status).toBe(200);
  });

  it('do not include WebSockets, which have a limit of their own', async () => {
    await start(2);
    const webSockets: WebSocket[] = [];
    for (let i = 0; i < 6; i++) {
      const webSocket = new WebSocket(`ws://${gateway.host}/ws/lab`, { localAddress: '127.0.0.2' });
      webSockets.push(webSocket);
      await once(webSocket, 'open');
    }
    expect((await health('127.0.0.2')).status).toBe(200);
    for (const webSocket of webSockets) webSocket.terminate();
  });

  it('never take all descriptors of the process', () => {
    expect(connectionsForAll()).toBeGreaterThan(0);
    expect(connectionsForAll('/nowhere')).toBe(512);
  });
});

describe('a request', () => {
  it(
    'has 10 seconds to arrive, its head 6, however slowly it goes on',
    { timeout: 30_000 },
    async () => {
      await start(100);
      const trickle = (socket: Socket, byte: string) => {
        const timer = setInterval(() => socket.write(byte), 300);
        socket.once('close', () => clearInterval(timer));
      };
      const [head, body, slowHead, slowBody, silent] = await Promise.all(
        Array.from({ length: 5 }, () => open('127.0.0.1')),
      );
      head?.write('GET /healthz HTTP/1.1\r\nHost:');
      body?.write(half());
      slowHead?.write('GET /healthz HTTP/1.1\r\nX-');
      trickle(slowHead!, 'x');
      slowBody?.write(half());
      trickle(slowBody!, ' ');
      const ends = await Promise.all(
        [head, body, slowHead, slowBody, silent].map((s) => answered(s!)),
      );
      for (const [i, { text, ms }] of ends.entries()) {
        expect(text, String(i)).toMatch(/^HTTP\/1.1 408 /);
        expect(text).toContain(denials.slow[1]);
        expect(text).toMatch(/^x-content-type-options: nosniff\r?$/im);
        expect(ms).toBeLessThan(i === 1 || i === 3 ? 13_000 : 9000);
      }
    },
  );

  it('that is denied does not keep its connection: who does not close is closed', async () => {
    await start(100);
    const socket = await open('127.0.0.1');
    socket.write('22 + 44\r\n\r\n');
    expect((await answered(socket)).text).toContain(denials.badRequest[1]);
  });
});
