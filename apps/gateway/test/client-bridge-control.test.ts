/** What a page does to its TCP connection by control frames: reset, stop reading, a name. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { receiveError } from '@sockscope/tcp-core/sockets/receive-error';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bridge, bridgeTo } from './bridge-to.ts';
import { BrowserClient, eventOf, type Running, startGateway } from './running-gateway.ts';
import { Viewer } from './viewer.ts';

const MIB = 1024 * 1024;
const PATH = '/ws/client/server4';
const RESET = '{"type":"reset"}';
const STOP = '{"type":"stopReading"}';
const AGAIN = '{"type":"readAgain"}';

let gateway: Running;
let bridge: Bridge | undefined;
const clients: BrowserClient[] = [];

beforeAll(async () => {
  gateway = await startGateway({
    servers: ['server1', 'server4'],
    serverOptions: { policy: 'queue' },
  });
});
afterAll(() => gateway.close());
afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.webSocket.terminate();
    await client.closed.catch(() => undefined);
  }
  await bridge?.close();
  bridge = undefined;
});

/** A client of the lab that the log has told from all others. */
async function identified(path = PATH): Promise<{ client: BrowserClient; connection: number }> {
  const client = new BrowserClient(gateway, path);
  clients.push(client);
  const { session } = await client.frame('connected');
  const event = await eventOf(gateway.lab, 'identified', (each) => each.session === session);
  return { client, connection: event.connection };
}

/** A client of a server of the test's own, and that server's end. */
async function pair(serve?: (socket: Socket) => void, maxSessions?: number) {
  bridge = await bridgeTo(serve, maxSessions === undefined ? {} : { maxSessions });
  const client = new BrowserClient(bridge, PATH);
  clients.push(client);
  const socket = await bridge.accepted;
  await client.frame('connected');
  return { client, socket };
}

/** Resolves as soon as `condition` is true of the log so far. */
async function logged(condition: () => boolean): Promise<void> {
  if (condition()) return;
  await new Promise<void>((resolve) => {
    const unsubscribe = gateway.lab.onEvents(() => {
      if (!condition()) return;
      unsubscribe();
      resolve();
    });
  });
}

/** Resolves when the gateway has read all that the page sent, and the page all that was sent to it by then. */
async function roundTrip({ webSocket }: BrowserClient): Promise<void> {
  webSocket.ping('round trip');
  await once(webSocket, 'pong');
}

/** The error with which the socket ended; null for a FIN. */
async function errorOf(socket: Socket): Promise<string | null> {
  return new Promise((resolve) => {
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code));
    // Node calls a reset behind bytes an end; the kernel knows.
    socket.once('end', () => {
      const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
      resolve(receiveError(handle?.fd ?? -1));
    });
  });
}

describe('a reset', () => {
  it('is an RST for the server, and the page is told what became of it', async () => {
    const { client, connection } = await identified();
    client.webSocket.send(Buffer.from('read before'));
    await client.until(() => client.text === 'read before');
    client.webSocket.send(RESET);
    const closed = await eventOf(gateway.lab, 'closed', (event) => {
      return event.server === 'server4' && event.connection === connection;
    });
    expect(closed).toMatchObject({ how: 'rst', errno: 'ECONNRESET' });
    expect(await client.closed).toEqual([1000, 'the TCP connection ended']);
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'rst', errno: null });
  });

  it('does not wait for a server that does not read', async () => {
    const { client, socket } = await pair((each) => each.pause());
    for (let part = 0; part < 16; part += 1) client.webSocket.send(Buffer.alloc(MIB));
    // The frame comes behind all that; it is read when the server has read enough of it.
    client.webSocket.send(RESET);
    const error = errorOf(socket);
    socket.resume();
    expect(await error).toBe('ECONNRESET');
    await client.closed;
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'rst', errno: null });
    expect(socket.bytesRead).toBeLessThan(16 * MIB);
  });

  it('is one too for a client that does not read', async () => {
    const { client, socket } = await pair();
    client.webSocket.send(STOP);
    client.webSocket.send(RESET);
    expect(await errorOf(socket.resume())).toBe('ECONNRESET');
    await client.closed;
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'rst', errno: null });
  });

  it('is one too for a client that has half-closed', async () => {
    const { client, socket } = await pair();
    client.webSocket.send('{"type":"shutdown"}');
    await once(socket.resume(), 'end');
    client.webSocket.send(RESET);
    await client.closed;
    // A socket that was reset behind its FIN says so at the next send (tcp_reset in the kernel).
    const error = once(socket, 'error');
    socket.write('anybody?');
    expect(await error).toMatchObject([{ code: 'EPIPE' }]);
  });

  it('right behind a half-close leaves nothing open', async () => {
    const { client, socket } = await pair((each) => each.resume(), 1);
    const closed = once(socket, 'close');
    // Both in one segment, so that the gateway does both in one turn of its loop.
    const { _socket: tcp } = client.webSocket as unknown as { _socket: Socket };
    tcp.cork();
    client.webSocket.send('{"type":"shutdown"}');
    client.webSocket.send(RESET);
    tcp.uncork();
    socket.on('end', () => socket.end());
    await closed;
    await client.closed;
    const next = new BrowserClient(bridge!, PATH);
    clients.push(next);
    expect(await next.frameOrDenial()).toBe('connected');
  });

  it('that comes before TCP is connected resets it then', async () => {
    bridge = await bridgeTo((socket) => socket.resume());
    const [address, port] = bridge.host.split(':');
    const raw = connect(Number(port), address);
    const reset = bridge.accepted.then((socket) => once(socket, 'error'));
    raw.write(
      Buffer.concat([
        Buffer.from(
          `GET ${PATH} HTTP/1.1\r\nHost: ${bridge.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
        ),
        // One text frame; a mask of zeros leaves it as it is.
        Buffer.from([0x81, 0x80 | RESET.length, 0, 0, 0, 0]),
        Buffer.from(RESET),
      ]),
    );
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
    raw.destroy();
  });
});

describe('a client that stops reading', () => {
  it('makes the bytes wait in the server’s kernel while others go on, and gets all in order', async () => {
    const { client, connection } = await identified();
    const { client: other } = await identified();
    client.webSocket.send(STOP);
    const state = () => gateway.lab.state.servers.server4!.connections[connection];
    const sent: Buffer[] = [];
    // What the server has read it sends back; sooner or later that waits in its kernel.
    const isStuck = () => (state()?.kernel?.send ?? 0) >= MIB / 4;
    for (let bytes = 0; !isStuck();) {
      const part = randomBytes(MIB / 16);
      sent.push(part);
      bytes += part.length;
      client.webSocket.send(part);
      await logged(() => isStuck() || (state()?.received.bytes ?? 0) >= bytes);
    }
    const bytes = Buffer.concat(sent);
    other.webSocket.send(Buffer.from('still served'));
    await other.until(() => other.text === 'still served');
    expect(client.bytes).toHaveLength(0);
    client.webSocket.send(AGAIN);
    client.webSocket.send('{"type":"shutdown"}');
    expect((await client.closed)[0]).toBe(1000);
    expect(client.bytes.equals(bytes)).toBe(true);
  });

  it('notices the server’s FIN when it reads again, behind its bytes', async () => {
    const { client, socket } = await pair();
    client.webSocket.send(STOP);
    await roundTrip(client);
    socket.end('bye');
    await once(socket, 'finish');
    await roundTrip(client);
    expect(client.text).toBe('');
    expect(client.control.map(({ type }) => type)).toEqual(['connected']);
    client.webSocket.send(AGAIN);
    expect((await client.closed)[0]).toBe(1000);
    expect(client.text).toBe('bye');
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'fin', errno: null });
  });

  it('notices a reset when it reads again', async () => {
    const { client, socket } = await pair();
    client.webSocket.send(STOP);
    await roundTrip(client);
    socket.resetAndDestroy();
    await once(socket, 'close');
    await roundTrip(client);
    expect(client.control.map(({ type }) => type)).toEqual(['connected']);
    client.webSocket.send(AGAIN);
    await client.closed;
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'rst', errno: 'ECONNRESET' });
  });

  it('does not read because its slow page has room again', async () => {
    const { client, socket } = await pair();
    client.webSocket.pause();
    const bytes = randomBytes(16 * MIB);
    socket.end(bytes);
    // The page is full, and so the gateway has paused by itself, when no more leaves the server.
    let left = -1;
    while (left !== socket.writableLength) {
      left = socket.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    client.webSocket.send(STOP);
    client.webSocket.resume();
    for (let same = 0, got = -1; same < 20; same += 1) {
      await roundTrip(client);
      if (got !== client.bytes.length) same = 0;
      got = client.bytes.length;
    }
    expect(client.bytes.length).toBeLessThan(bytes.length / 2);
    client.webSocket.send(AGAIN);
    await client.closed;
    expect(client.bytes.equals(bytes)).toBe(true);
  });

  it('may stop and read again as often as it likes, and loses nothing', async () => {
    const { client } = await identified();
    const bytes = randomBytes(4 * MIB);
    for (let at = 0; at < bytes.length; at += MIB / 16) {
      client.webSocket.send(STOP);
      client.webSocket.send(bytes.subarray(at, at + MIB / 16));
      if (at % MIB === 0) await roundTrip(client);
      client.webSocket.send(AGAIN);
    }
    client.webSocket.send('{"type":"shutdown"}');
    await client.closed;
    expect(client.bytes.equals(bytes)).toBe(true);
  });

  it('can half-close, and close', async () => {
    const { client, socket } = await pair();
    client.webSocket.send(STOP);
    client.webSocket.send(Buffer.from('last words'));
    client.webSocket.send('{"type":"shutdown"}');
    let got = '';
    socket.on('data', (part: Buffer) => (got += part.toString()));
    await once(socket, 'end');
    expect(got).toBe('last words');
    // More than the kernel takes for somebody who does not read; a close reads it, and drops it.
    socket.end(Buffer.alloc(24 * MIB));
    client.webSocket.close();
    await once(socket, 'close');
    expect(socket.errored).toBeNull();
    expect(socket.bytesWritten).toBe(24 * MIB);
  });
});

describe('a name', () => {
  const named = (name: string): string => JSON.stringify({ type: 'name', name });
  const namesOf = ({ events }: Viewer, session: unknown) =>
    events.flatMap((event: LabEvent) =>
      event.type === 'identified' && event.session === session ? [event.name ?? null] : [],
    );

  it('is in the log for all who watch, once for each change', async () => {
    const viewer = new Viewer(gateway.host);
    await viewer.until(() => viewer.state !== undefined);
    const { client, connection } = await identified(`${PATH}?name=${encodeURIComponent(' Ada ')}`);
    const { session } = await client.frame('connected');
    for (const name of ['Ada', 'Grace Hopper', 'Grace Hopper', ' Grace Hopper', 'Žofie 🦊', '']) {
      client.webSocket.send(named(name));
      await viewer.until(() => namesOf(viewer, session).at(-1) === (name.trim() || null));
    }
    expect(namesOf(viewer, session)).toEqual(['Ada', 'Grace Hopper', 'Žofie 🦊', null]);
    client.webSocket.send(named('Ada again'));
    await viewer.until(() => namesOf(viewer, session).at(-1) === 'Ada again');
    const late = new Viewer(gateway.host);
    await late.until(() => late.state !== undefined);
    for (const { state } of [viewer, late])
      expect(state?.servers.server4!.connections[connection]).toMatchObject({
        session,
        name: 'Ada again',
      });
    viewer.leave();
    late.leave();
  });

  it('may come while the client still waits in the accept queue', async () => {
    const { client: first } = await identified('/ws/client/server1');
    const second = new BrowserClient(gateway, '/ws/client/server1?name=Ada');
    clients.push(second);
    const { session } = await second.frame('connected');
    second.webSocket.send(named('Grace'));
    await roundTrip(second);
    first.webSocket.close();
    const event = await eventOf(gateway.lab, 'identified', (each) => each.session === session);
    expect(event.name).toBe('Grace');
  });

  it('that changes all the time is told once a second, and the last one stays', async () => {
    const viewer = new Viewer(gateway.host);
    await viewer.until(() => viewer.state !== undefined);
    const { client } = await identified();
    const { session } = await client.frame('connected');
    for (let index = 0; index <= 5000; index += 1) client.webSocket.send(named(`name ${index}`));
    await viewer.until(() => namesOf(viewer, session).at(-1) === 'name 5000');
    expect(namesOf(viewer, session).length).toBeLessThan(8);
    // The one that is still awaited when the client leaves stays as well.
    client.webSocket.send(named('one more'));
    client.webSocket.send(named('the last'));
    client.webSocket.close();
    await viewer.until(() => namesOf(viewer, session).at(-1) === 'the last');
    viewer.leave();
  });

  const bad = ['x'.repeat(25), 'a\nb', 'a\u0000', '\u001b[31m', 'Ada\u202eefas', '\ud800', 7, null];

  it.each(bad)('that is %j is refused', async (name) => {
    const { client } = await identified();
    client.webSocket.send(JSON.stringify({ type: 'name', name }));
    expect((await client.closed)[0]).toBe(1008);
  });

  it('is refused before the upgrade if it stands in the query', async () => {
    for (const name of ['x'.repeat(25), 'a%00b', 'a%0Ab', 'Ada%E2%80%AE', 'a&name=b']) {
      const client = new BrowserClient(gateway, `${PATH}?name=${name}`);
      await expect(client.closed, name).rejects.toThrow('400');
    }
  });

  it('of 24 characters is taken, whatever they take in bytes', async () => {
    const name = '🦊'.repeat(24);
    const { client } = await identified();
    client.webSocket.send(named(name));
    const event = await eventOf(gateway.lab, 'identified', (each) => each.name === name);
    expect(event.client).toBe('browser');
  });
});

it.each(['{"type":"reset","now":1}', '{"type":"name"}', '{"type":"stopreading"}'])(
  'a page is closed after the control frame %s',
  async (frame) => {
    const { client } = await identified();
    client.webSocket.send(frame);
    expect((await client.closed)[0]).toBe(1008);
  },
);
