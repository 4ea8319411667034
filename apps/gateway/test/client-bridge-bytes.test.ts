/** Not one byte is lost, added or out of its place; sizes that take minutes are in bench/. */

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Bridge, bridgeTo } from './bridge-to.ts';
import { BrowserClient } from './running-gateway.ts';

const MIB = 1024 * 1024;
let bridge: Bridge | undefined;

afterEach(() => bridge?.close());

async function clientOf(serve: (socket: Socket) => void): Promise<BrowserClient> {
  bridge ??= await bridgeTo(serve);
  return new BrowserClient(bridge, '/ws/client/server4');
}

afterEach(() => {
  bridge = undefined;
});

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('the bridge', () => {
  it('carries 64 MiB in both directions at once', async () => {
    const [down, up] = [randomBytes(64 * MIB), randomBytes(64 * MIB)];
    const arrived: Buffer[] = [];
    bridge = await bridgeTo((socket) => {
      socket.on('data', (bytes: Buffer) => arrived.push(bytes));
      socket.end(down);
    });
    // The server's FIN must not end what the page still sends.
    const both = new BrowserClient(bridge, '/ws/client/server4?halfOpen=true');
    await once(both.webSocket, 'open');
    for (let at = 0; at < up.length; at += MIB) both.webSocket.send(up.subarray(at, at + MIB));
    both.webSocket.send('{"type":"shutdown"}');
    expect((await both.closed)[0]).toBe(1000);
    expect(both.control.at(-1)).toEqual({ type: 'ended', how: 'fin', errno: null });
    expect(sha256(both.bytes)).toBe(sha256(down));
    expect(sha256(Buffer.concat(arrived))).toBe(sha256(up));
  });

  it('carries an echo whose client sends everything before it waits for anything', async () => {
    const bytes = randomBytes(32 * MIB);
    const client = await clientOf((socket) => socket.pipe(socket));
    await once(client.webSocket, 'open');
    for (let at = 0; at < bytes.length; at += MIB)
      client.webSocket.send(bytes.subarray(at, at + MIB));
    client.webSocket.send('{"type":"shutdown"}');
    await client.closed;
    expect(sha256(client.bytes)).toBe(sha256(bytes));
  });

  it('loses no message that was sent on `open`: 100 of 100', async () => {
    const echo = (socket: Socket) => socket.pipe(socket);
    bridge = await bridgeTo(echo);
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const client = await clientOf(echo);
        client.webSocket.once('open', () => {
          client.webSocket.send(Buffer.from(`message ${index}`));
          client.webSocket.send('{"type":"shutdown"}');
        });
        await client.closed;
        return client.text;
      }),
    );
    expect(answers).toEqual(Array.from({ length: 100 }, (_, index) => `message ${index}`));
  });

  it.each([
    ['1 B', 1, 20],
    ['64 KiB', 64 * 1024, 20],
    ['8 MiB', 8 * MIB, 10],
  ])('delivers all that a server writes before it ends: %s', async (_, size, rounds) => {
    const bytes = randomBytes(size);
    for (let round = 0; round < rounds; round += 1) {
      const client = await clientOf((socket) => socket.end(bytes));
      expect((await client.closed)[0]).toBe(1000);
      expect(client.bytes.equals(bytes)).toBe(true);
      expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'fin', errno: null });
    }
  });

  it('delivers what a page sent before it closed to a server that reads it late', async () => {
    const bytes = randomBytes(16 * MIB);
    const client = await clientOf((socket) => socket.pause());
    await once(client.webSocket, 'open');
    for (let at = 0; at < bytes.length; at += MIB)
      client.webSocket.send(bytes.subarray(at, at + MIB));
    client.webSocket.close();
    const socket = await bridge!.accepted;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const hash = createHash('sha256');
    let reads = 0;
    // Slower than the grace that a server has to end: 64 KiB every few milliseconds.
    socket.on('data', (part: Buffer) => {
      hash.update(part);
      reads += 1;
      if (reads % 8 !== 0) return;
      socket.pause();
      setTimeout(() => socket.resume(), 100);
    });
    socket.resume();
    await once(socket, 'end');
    expect(hash.digest('hex')).toBe(sha256(bytes));
    socket.end();
    await client.closed;
  }, 15_000);
});
