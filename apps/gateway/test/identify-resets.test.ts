/**
 * Clients that reset while they wait in the accept queue: their port is free again at once, and the
 * next client that has it waits behind them. All sockets are real; each client says who it is in its
 * first message, so that whose the log says a connection is can be held against the truth.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Lab } from '@sockscope/lab/lab';
import { reservePort } from '@sockscope/tcp-core/sockets/reserved-port';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { afterEach, describe, expect, it } from 'vitest';
import { Random } from '../../../scripts/random.mjs';
import { Identifier, type OwnSocket } from '../src/bridge/identify.ts';
import { BrowserClient, startGateway } from './running-gateway.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The log of server 1, and what it says of whose each connection is. */
class Log {
  readonly events: LabEvent[] = [];
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
    lab.onEvents((batch) => this.events.push(...batch));
  }

  of<T extends LabEvent['type']>(type: T): Extract<LabEvent, { type: T }>[] {
    return this.events.filter((e): e is Extract<LabEvent, { type: T }> => e.type === type);
  }

  /** Of every connection its name, and the label: null while it is pending. */
  get all(): { name: string | null; label: string | null; isDead: boolean }[] {
    const names = new Map<number, string>();
    for (const { connection, preview } of this.of('received'))
      names.set(connection, preview.split('\n')[0] ?? '');
    const labels = new Map<number, string>();
    for (const { connection, session } of this.of('identified'))
      labels.set(connection, session ?? 'stranger');
    return this.of('accepted').map(({ connection, reset = false }) => ({
      isDead: reset,
      name: names.get(connection) ?? null,
      label: labels.get(connection) ?? null,
    }));
  }

  get wrong(): unknown[] {
    return this.all.filter(({ name, label }) => name && label !== null && name !== label);
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo())
      await new Promise<void>((resolve) => {
        const end = this.#lab.onEvents(() => {
          end();
          resolve();
        });
      });
  }
}

const SERVER_1 = { policy: 'queue', port: 0 } as const;

/** A client of server 1 that says its name, and leaves when it was answered: without TIME_WAIT. */
function client(lab: Lab, name: string, localPort = 0): Socket {
  const { port } = lab.state.servers.server1!;
  const socket = connect({ host: '127.0.0.1', port: port ?? 0, localPort, noDelay: true });
  closing.push(() => socket.destroy());
  socket.on('error', () => undefined).once('data', () => socket.resetAndDestroy());
  if (name !== '') socket.once('connect', () => socket.write(`${name}\n`));
  return socket;
}

/** An RST that has been sent for so long has crossed the loopback: see RST_US in accept-order.ts. */
const resetsArrived = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 110));

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

describe('after resets in the accept queue', () => {
  it.each([1, 2, 3])(
    'no label is wrong, on few ports, with restarts between: seed %i',
    async (seed) => {
      const random = new Random(seed);
      const lab = new Lab();
      closing.push(() => lab.close());
      const identifier = new Identifier(
        ({ server, connection, client: kind, session }) => {
          lab.record(server, { type: 'identified', connection, client: kind, session });
        },
        () => lab.now(),
      );
      lab.onEvents((events) => {
        for (const event of events) identifier.observe(event);
      });
      const log = new Log(lab);
      await lab.start('server1', SERVER_1);

      /** As the gateway does it: see client-session.ts. */
      const owns = new Map<Socket, OwnSocket>();
      const page = (name: string, localPort: number): Socket => {
        const own = identifier.connecting('server1', name, '127.0.0.1');
        const socket = client(lab, name, localPort);
        owns.set(socket, own);
        let isReset = false;
        process.nextTick(() => identifier.bound(own, '127.0.0.1', localPort));
        socket
          .on('connect', () => identifier.connected(own, '127.0.0.1', localPort))
          .on('end', () => identifier.endedByServer(own))
          .on('error', () => identifier.endedByServer(own))
          .on('close', () => identifier.closed(own, isReset));
        const resetAndDestroy = socket.resetAndDestroy.bind(socket);
        socket.resetAndDestroy = () => {
          isReset = true;
          identifier.leaving(own);
          return resetAndDestroy();
        };
        return socket;
      };

      // Other programs are given none of these.
      const reserved = Array.from({ length: 6 }, () => reservePort('IPv4')!);
      for (const { release } of reserved) closing.push(release);
      const ports = reserved.map(({ port }) => port);
      let accepted = 0;
      let names = 0;
      let strangersFirst = 0;
      for (let round = 0; round < 8; round++) {
        const plug = client(lab, 'stranger');
        plug.removeAllListeners('data');
        accepted += 1;
        await log.until(() => log.of('accepted').length === accepted);

        const open = new Map<number, Socket>();
        const strangers = new Set<number>();
        for (let i = 0; i < 30; i++) {
          const port = random.of(ports);
          const there = open.get(port);
          if (there) {
            there.resetAndDestroy();
            open.delete(port);
            await closed(there);
            continue;
          }
          const isPage = random.chance(0.5);
          if (isPage && strangers.has(port)) strangersFirst += 1;
          if (!isPage) strangers.add(port);
          const socket = isPage ? page(`page-${++names}`, port) : client(lab, 'stranger', port);
          await once(socket, 'connect');
          await new Promise((resolve) => socket.write('', resolve));
          open.set(port, socket);
          accepted += 1;
        }
        const ended = [...open.values()].map(closed);
        if (round % 4 === 3) {
          await lab.restart('server1');
          accepted = log.of('accepted').length;
        } else {
          await resetsArrived();
          plug.destroy();
          await log.until(() => log.of('accepted').length === accepted);
        }
        await Promise.all(ended);
      }
      await log.until(() => Object.keys(lab.state.servers.server1!.connections).length === 0);
      expect(strangersFirst).toBeGreaterThan(10);
      expect(log.wrong).toEqual([]);
      const named = log.all.filter(({ name }) => name);
      expect(named.length).toBeGreaterThan(60);
      // Of several dead ones with one port it may be open for good which is whose; not of the living.
      expect(named.filter(({ label, isDead }) => label === null && !isDead)).toEqual([]);
      expect(named.filter(({ label, isDead }) => label !== null && isDead).length).toBeGreaterThan(
        5,
      );
    },
    60_000,
  );

  it('a page that was lost is not taken for the stranger who has its port then', async () => {
    const gateway = await startGateway({ servers: ['server1'], serverOptions: SERVER_1 });
    closing.push(() => gateway.close());
    const { lab } = gateway;
    const log = new Log(lab);
    const plug = client(lab, '');
    await log.until(() => log.of('accepted').length === 1);

    const pages: BrowserClient[] = [];
    for (let i = 0; i < 20; i++) {
      const page = new BrowserClient(gateway, '/ws/client/server1');
      closing.push(() => page.webSocket.terminate());
      const { session } = await page.frame('connected');
      page.webSocket.send(Buffer.from(`${String(session)}\n`));
      void page.until(() => page.text.includes('\n')).then(() => page.webSocket.close());
      pages.push(page);
    }
    const lost = pages.filter((_, i) => i % 2 === 0);
    for (const { webSocket } of lost) webSocket.terminate();
    for (const page of lost) {
      const { localPort } = await page.frame('connected');
      // As soon as the gateway has reset it, its port is free.
      for (let isThere = false; !isThere; await new Promise((resolve) => setImmediate(resolve))) {
        const stranger = client(lab, 'stranger', localPort as number);
        isThere = await new Promise((resolve) => {
          stranger.once('connect', () => resolve(true)).once('error', () => resolve(false));
        });
      }
    }
    expect(log.of('accepted')).toHaveLength(1);
    await resetsArrived();
    plug.destroy();
    await log.until(() => log.of('identified').length === 31);
    expect(log.wrong).toEqual([]);
  }, 30_000);
});
