/** Who stalls makes the other side wait, and nobody pays with memory or for ever. */

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TICK_MS } from '../src/bridge/page-socket.ts';
import { type Bridge, bridgeTo } from './bridge-to.ts';
import { BrowserClient } from './running-gateway.ts';

const MIB = 1024 * 1024;
const PATH = '/ws/client/server4';
let bridge: Bridge;

afterEach(async () => {
  vi.useRealTimers();
  await bridge.close();
});

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

/** The gateway's view of time, which only `pass` moves; sockets and all else stay real. */
function holdTicks(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
}

async function pass(seconds: number): Promise<void> {
  for (let tick = 0; tick < (seconds * 1000) / TICK_MS; tick += 1) {
    vi.advanceTimersByTime(TICK_MS);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await turn();
}

/**
 * Resolves when the number has not changed for 40 turns of the event loop, of 5 ms each: all ends are in
 * this process, and one that was not given a processor for a while has not stopped.
 */
async function settled(number: () => number): Promise<number> {
  let last = number();
  for (let same = 0; same < 40; same += 1) {
    await turn();
    if (number() !== last) same = 0;
    last = number();
  }
  return last;
}

/** More than this waits at the sender when the way is full. */
const STUCK = 8 * MIB;

/**
 * Sends until the way takes no more, however much kernels on the way take by themselves, and more than
 * `STUCK` bytes wait at the sender. Resolves with all that was sent.
 */
async function fillWay(send: (bytes: Buffer) => void, waiting: () => number): Promise<Buffer> {
  const sent: Buffer[] = [];
  while ((await settled(waiting)) <= STUCK)
    while (waiting() <= 2 * STUCK) {
      const bytes = randomBytes(MIB / 4);
      sent.push(bytes);
      send(bytes);
    }
  return Buffer.concat(sent);
}

const fillFromPage = ({ webSocket }: BrowserClient): Promise<Buffer> =>
  fillWay(
    (bytes) => webSocket.send(bytes),
    () => webSocket.bufferedAmount,
  );

const fillFromServer = (socket: Socket): Promise<Buffer> =>
  fillWay(
    (bytes) => socket.write(bytes),
    () => socket.writableLength,
  );

describe('a server that does not read', () => {
  it('makes the bytes wait in the browser, and gets them all when it reads', async () => {
    bridge = await bridgeTo((socket) => socket.pause());
    const client = new BrowserClient(bridge, PATH);
    const socket = await bridge.accepted;
    await client.frame('connected');
    const bytes = await fillFromPage(client);
    client.webSocket.send('{"type":"shutdown"}');
    const hash = createHash('sha256');
    socket.on('data', (part: Buffer) => hash.update(part)).resume();
    await once(socket, 'end');
    expect(hash.digest('hex')).toBe(sha256(bytes));
    socket.end();
    await client.closed;
  });

  it('costs little more than the bytes when they come one in a frame', async () => {
    bridge = await bridgeTo((socket) => socket.pause());
    const client = new BrowserClient(bridge, PATH);
    const socket = await bridge.accepted;
    await client.frame('connected');
    const frames = 200_000;
    for (let index = 0; index < frames; index += 1) client.webSocket.send(Buffer.of(index % 256));
    client.webSocket.send('{"type":"shutdown"}');
    let got = 0;
    socket.on('data', (part: Buffer) => {
      for (const byte of part) got += Number(byte === got % 256);
    });
    socket.resume();
    await once(socket, 'end');
    expect(got).toBe(frames);
  });

  it('does not hide a page that goes away: its place is free within 2 s', async () => {
    holdTicks();
    bridge = await bridgeTo((socket) => socket.pause(), { maxSessions: 1 });
    const client = new BrowserClient(bridge, PATH);
    await client.frame('connected');
    await fillFromPage(client);
    const left = once(client.webSocket, 'close');
    client.webSocket.terminate();
    await left;
    expect(await new BrowserClient(bridge, PATH).frameOrDenial()).toContain('503');
    await pass(2);
    await expect
      .poll(() => new BrowserClient(bridge, PATH).frameOrDenial(), { interval: 50 })
      .toBe('connected');
  });

  it('gets what the page had said even if its own FIN came first', async () => {
    bridge = await bridgeTo((socket) => socket.pause());
    const client = new BrowserClient(bridge, PATH);
    const socket = await bridge.accepted;
    await client.frame('connected');
    // Until the gateway takes no more: whatever lay before a ping that it answered, it has taken.
    let sent = 0;
    let taken = 0;
    client.webSocket.on('pong', (data: Buffer) => (taken = Number(data.toString() || taken)));
    while (taken === sent) {
      client.webSocket.send(Buffer.alloc(MIB));
      sent += MIB;
      client.webSocket.ping(String(sent));
      const until = performance.now() + 500;
      while (taken < sent && performance.now() < until) await turn();
    }
    // It reads on when its own end is told, but what it reads then is too late.
    const inTime = taken;
    socket.end();
    expect((await client.closed)[0]).toBe(1000);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    let got = 0;
    socket.on('data', (bytes: Buffer) => (got += bytes.length)).resume();
    await once(socket, 'end');
    expect(got).toBeGreaterThanOrEqual(inTime);
  });

  it('does not end a page that is there, however long it takes', async () => {
    holdTicks();
    bridge = await bridgeTo((socket) => socket.pause());
    const client = new BrowserClient(bridge, PATH);
    const socket = await bridge.accepted;
    await client.frame('connected');
    for (let part = 0; part < 16; part += 1) client.webSocket.send(Buffer.alloc(MIB));
    await settled(() => client.webSocket.bufferedAmount);
    await pass(600);
    client.webSocket.send('{"type":"shutdown"}');
    let got = 0;
    socket.on('data', (part: Buffer) => (got += part.length)).resume();
    await once(socket, 'end');
    expect(got).toBe(16 * MIB);
  });
});

describe('a page that does not read', () => {
  it('makes the server’s own send wait, and gets everything when it reads', async () => {
    bridge = await bridgeTo();
    const client = new BrowserClient(bridge, PATH);
    const socket = await bridge.accepted;
    await client.frame('connected');
    client.webSocket.pause();
    const bytes = await fillFromServer(socket);
    socket.end();
    client.webSocket.resume();
    expect((await client.closed)[0]).toBe(1000);
    expect(sha256(client.bytes)).toBe(sha256(bytes));
  });

  it('gets everything after a minute if the server had ended by then', async () => {
    holdTicks();
    // A WebSocket that is closed waits for so long, and then forgets what the page has not read.
    bridge = await bridgeTo(undefined, { closeTimeout: 50 });
    const client = new BrowserClient(bridge, PATH);
    const socket = await bridge.accepted;
    await client.frame('connected');
    client.webSocket.pause();
    const bytes = randomBytes(128 * 1024);
    socket.end(bytes);
    await once(socket, 'end');
    await pass(60);
    await new Promise((resolve) => setTimeout(resolve, 200));
    client.webSocket.resume();
    expect((await client.closed)[0]).toBe(1000);
    expect(client.bytes.equals(bytes)).toBe(true);
  });

  it('is told how many bytes are missing if the server could not wait: never a clean end', async () => {
    holdTicks();
    bridge = await bridgeTo();
    const client = new BrowserClient(bridge, PATH);
    const socket = await bridge.accepted;
    await client.frame('connected');
    client.webSocket.pause();
    const bytes = await fillFromServer(socket);
    socket.end();
    await pass(21);
    expect(socket.destroyed).toBe(false);
    await pass(2);
    await once(socket, 'close');
    client.webSocket.resume();
    const [code] = await client.closed;
    expect(code).toBe(4000);
    const { missing, ...ended } = client.control.at(-1) ?? {};
    expect(ended).toEqual({ type: 'ended', how: 'cut', errno: null });
    expect(client.bytes.equals(bytes.subarray(0, client.bytes.length))).toBe(true);
    expect(client.bytes.length + Number(missing)).toBe(bytes.length);
  });

  it('is never cut while it reads, if only 8 KiB in 20 seconds', async () => {
    holdTicks();
    bridge = await bridgeTo();
    const client = new BrowserClient(bridge, PATH);
    const socket = await bridge.accepted;
    await client.frame('connected');
    client.webSocket.pause();
    const bytes = randomBytes(8 * MIB);
    socket.end(bytes);
    await settled(() => socket.writableLength);
    let got = 0;
    client.webSocket.on('message', (data: Buffer, isBinary) => (got += isBinary ? data.length : 0));
    for (let round = 0; round < 30; round += 1) {
      await pass(20);
      const before = got;
      client.webSocket.resume();
      while (got < before + 8192) await once(client.webSocket, 'message');
      client.webSocket.pause();
    }
    expect(got).toBeLessThan(bytes.length);
    client.webSocket.resume();
    expect((await client.closed)[0]).toBe(1000);
    expect(client.bytes.equals(bytes)).toBe(true);
  });
});

describe('a page and a server that both do not read', () => {
  it('both wait, and both get everything in the end', async () => {
    bridge = await bridgeTo((socket) => socket.pause());
    const client = new BrowserClient(bridge, `${PATH}?halfOpen=true`);
    const socket = await bridge.accepted;
    await client.frame('connected');
    const bytes = await fillFromPage(client);
    client.webSocket.send('{"type":"shutdown"}');
    client.webSocket.pause();
    const back = await fillFromServer(socket);
    socket.end();
    expect(client.webSocket.bufferedAmount).toBeGreaterThan(STUCK);
    const hash = createHash('sha256');
    socket.on('data', (part: Buffer) => hash.update(part)).resume();
    client.webSocket.resume();
    await once(socket, 'end');
    expect((await client.closed)[0]).toBe(1000);
    expect(hash.digest('hex')).toBe(sha256(bytes));
    expect(sha256(client.bytes)).toBe(sha256(back));
  });
});

describe('a page that answers nothing', () => {
  it('is cut within 25 s, and the server sees a reset', async () => {
    holdTicks();
    bridge = await bridgeTo();
    const client = new BrowserClient(bridge, PATH, { autoPong: false });
    const socket = await bridge.accepted;
    await client.frame('connected');
    const reset = once(socket, 'error');
    await pass(25);
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(await client.frame('ended')).toMatchObject({ how: 'cut', missing: 0 });
  });

  it('is left alone as long as it answers pings', async () => {
    holdTicks();
    bridge = await bridgeTo();
    const client = new BrowserClient(bridge, PATH);
    const socket = await bridge.accepted;
    await client.frame('connected');
    for (let second = 0; second < 120; second += 1) await pass(1);
    socket.write('still here');
    await client.until(() => client.text === 'still here');
  });

  it('is left alone while a single frame of it still arrives', async () => {
    holdTicks();
    bridge = await bridgeTo();
    const [address, port] = bridge.host.split(':');
    const raw = connect(Number(port), address);
    raw.write(
      `GET ${PATH} HTTP/1.1\r\nHost: ${bridge.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    const socket = await bridge.accepted;
    // One binary frame of 1000 bytes; a mask of zeros leaves them as they are.
    raw.write(Buffer.from([0x82, 0xfe, 0x03, 0xe8, 0, 0, 0, 0]));
    const got: Buffer[] = [];
    socket.on('data', (part: Buffer) => got.push(part));
    for (let part = 0; part < 10; part += 1) {
      await pass(20);
      raw.write(Buffer.alloc(100, part));
      await turn();
    }
    await expect.poll(() => Buffer.concat(got).length).toBe(1000);
    raw.destroy();
  });
});
