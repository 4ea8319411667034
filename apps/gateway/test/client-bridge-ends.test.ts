/** Every kind of ending, told apart, in both directions. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { has } from '../../../scripts/test-programs.mjs';
import { type Bridge, bridgeTo } from './bridge-to.ts';
import { BrowserClient, startGateway } from './running-gateway.ts';

const PATH = '/ws/client/server4';
let bridge: Bridge;

beforeEach(async () => {
  bridge = await bridgeTo();
});
afterEach(() => bridge.close());

async function pair(path = PATH): Promise<{ client: BrowserClient; socket: Socket }> {
  const client = new BrowserClient(bridge, path);
  const socket = await bridge.accepted;
  await client.frame('connected');
  return { client, socket };
}

describe('the server', () => {
  it('that ends is told as FIN', async () => {
    const { client, socket } = await pair();
    socket.end('bye');
    expect((await client.closed)[0]).toBe(1000);
    expect(client.text).toBe('bye');
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'fin', errno: null });
  });

  it('that resets is told as RST', async () => {
    const { client, socket } = await pair();
    socket.resetAndDestroy();
    await client.closed;
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'rst', errno: 'ECONNRESET' });
  });

  it.each([
    ['', ''],
    [' of a page that has half-closed', '{"type":"shutdown"}'],
  ])('that resets behind its last bytes is told as RST%s', async (_, control) => {
    const { client, socket } = await pair();
    if (control) {
      client.webSocket.send(control);
      await once(socket.resume(), 'end');
    }
    socket.write('bye', () => socket.resetAndDestroy());
    await client.closed;
    expect(client.text).toBe('bye');
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'rst', errno: 'ECONNRESET' });
  });

  it('that half-closes goes on reading from a page that asked for it', async () => {
    const { client, socket } = await pair(`${PATH}?halfOpen=true`);
    const got: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => got.push(bytes));
    socket.end('my last word');
    await client.frame('shutdown');
    expect(client.text).toBe('my last word');
    client.webSocket.send(Buffer.from('mine '));
    client.webSocket.send(Buffer.from('comes later'));
    client.webSocket.send('{"type":"shutdown"}');
    expect((await client.closed)[0]).toBe(1000);
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'fin', errno: null });
    expect(Buffer.concat(got).toString()).toBe('mine comes later');
  });

  it('that was gone behind its FIN is told as RST when the page sends more', async () => {
    const { client, socket } = await pair(`${PATH}?halfOpen=true`);
    socket.end(() => socket.destroy());
    await client.frame('shutdown');
    const more = setInterval(() => client.webSocket.send(Buffer.from('anybody?')), 20);
    await client.frame('ended');
    clearInterval(more);
    expect(client.control.at(-1)).toMatchObject({ type: 'ended', how: 'rst' });
  });
});

describe('the page', () => {
  it('that half-closes goes on reading', async () => {
    const { client, socket } = await pair();
    client.webSocket.send(Buffer.from('my last word'));
    client.webSocket.send('{"type":"shutdown"}');
    const got: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => got.push(bytes));
    await once(socket, 'end');
    expect(Buffer.concat(got).toString()).toBe('my last word');
    expect(client.webSocket.readyState).toBe(client.webSocket.OPEN);
    socket.end('mine comes later');
    expect((await client.closed)[0]).toBe(1000);
    expect(client.text).toBe('mine comes later');
  });

  it.each([
    ['close', 'end'],
    ['terminate', 'error'],
  ] as const)('that leaves by %s is seen by the server as %s', async (leave, seen) => {
    const { client, socket } = await pair();
    const event = once(socket.resume(), seen);
    client.webSocket[leave]();
    expect((await event)[0]).toEqual(
      seen === 'end' ? undefined : expect.objectContaining({ code: 'ECONNRESET' }),
    );
    socket.end();
  });
});

describe('a busy server 1', () => {
  it.runIf(has('nc'))('says the same bytes to a browser client and to nc', async () => {
    const gateway = await startGateway({ servers: ['server1'] });
    try {
      const first = new BrowserClient(gateway, '/ws/client/server1');
      await first.frame('connected');
      first.webSocket.send(Buffer.from('1+1\n'));
      await first.until(() => first.text === '2\n');
      const { port } = gateway.lab.state.servers.server1!;
      const nc = spawn('nc', ['127.0.0.1', String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
      const said: Buffer[] = [];
      nc.stdout.on('data', (bytes: Buffer) => said.push(bytes));
      await once(nc, 'close');
      const second = new BrowserClient(gateway, '/ws/client/server1');
      await second.closed;
      expect(second.text).toMatch(/^busy: .*\n$/);
      expect(second.bytes).toEqual(Buffer.concat(said));
    } finally {
      await gateway.close();
    }
  });
});
