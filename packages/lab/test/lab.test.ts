/** The lab: starting, stopping, restarting and looking after the servers. */

import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import koffi from 'koffi';
import { expect, it } from 'vitest';
import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { assignment, serverIds } from '@sockscope/tcp-core/designs/all';
import { apply, applyAll, emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { TcpClient } from '@sockscope/test-kit/tcp-client';
import { TestLab } from './test-lab.ts';

const dup2 = koffi.load(null).func('int dup2(int, int)') as (from: number, to: number) => number;

const test = new TestLab();

it.each(serverIds)('%s says why it cannot listen, and leaves nothing behind', async (server) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  await expect(test.lab.start(server, { port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    syscall: 'bind',
  });
  expect(test.lab.state.servers[server]!).toMatchObject({ status: 'crashed', threads: {} });
  taken.close();
  await test.lab.stop(server);
  expect(test.lab.state.servers[server]!.status).toBe('stopped');
  await expect(test.lab.start(server, { address: '192.0.2.1', port: 0 })).rejects.toMatchObject({
    code: 'EADDRNOTAVAIL',
  });
  await expect(test.lab.start(server, { address: 'nowhere', port: 0 })).rejects.toMatchObject({
    code: 'EINVAL',
  });
  await test.lab.start(server, { address: '127.0.0.1', port: 0 });
});

it.each(serverIds)(
  '%s restarts on the same port at once, with a client connected',
  async (server) => {
    const port = await test.start(server);
    const { client } = await test.accepted(port);
    expect(await test.lab.restart(server)).toEqual({ address: '127.0.0.1', port });
    await client.rest();
    expect(client.end).toBe('fin');
    const { client: next } = await test.accepted(port);
    expect(await next.send('1+1\n').line()).toBe(server === 'server4' ? '1+1\n' : '2\n');
  },
);

it.each(serverIds)('%s listens on IPv6', async (server) => {
  const { address, port } = await test.lab.restart(server, { address: '::1', port: 0 });
  expect(address).toBe('::1');
  const client = await TcpClient.connect(port, '::1');
  expect(await client.send('1+1\n').line()).toBe(server === 'server4' ? '1+1\n' : '2\n');
  const accepted = await test.event('accepted', (event) => event.port === client.port);
  expect(accepted.address).toBe('::1');
  client.close();
  await test.lab.restart(server, { address: '127.0.0.1', port: 0 });
});

it('stops a server whatever its threads are blocked in', async () => {
  const port = await test.start('server2');
  const clients = await Promise.all(Array.from({ length: 16 }, () => test.accepted(port)));
  await test.lab.stop('server2');
  for (const { client } of clients) await client.rest();
  expect(test.lab.state.servers.server2!).toMatchObject({
    status: 'stopped',
    threads: {},
    connections: {},
  });
  await expect(TcpClient.connect(port)).rejects.toThrow('ECONNREFUSED');
});

it.each(serverIds)(
  '%s is restarted when a thread of it dies, and the others do not notice',
  async (server) => {
    const port = await test.start(server);
    const other: ServerId = server === 'server4' ? 'server3' : 'server4';
    const { client: bystander } = await test.accepted(await test.start(other));
    const { client, fd, connection } = await test.accepted(port);
    await client.send('1+1\n').line();
    await test.event(
      'received',
      (event) => event.connection === connection && event.server === server,
    );
    const before = test.events.length;
    // What no server survives: its descriptor is suddenly something else.
    const nothing = openSync('/dev/null', 'r');
    dup2(nothing, fd);
    closeSync(nothing);
    client.send('2+2\n');
    const crashed = await test.event('crashed', () => true, before);
    expect(crashed).toMatchObject({ server, restarting: true });
    expect(crashed.error).toContain('ENOTSOCK');
    await test.event(
      'listening',
      (event) => event.server === server && event.port === port,
      before,
    );
    const next = await TcpClient.connect(port);
    expect(await next.send('3+3\n').line()).toBe(server === 'server4' ? '3+3\n' : '6\n');
    next.close();
    expect(await bystander.send('5\n').line()).toBe('5\n');
  },
);

it.each(serverIds)('%s leaves no socket open', async (server) => {
  const port = await test.start(server);
  const round = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const client = await TcpClient.connect(port);
      if (i % 4 === 0) client.reset();
      else if (i % 4 === 1) client.send('1+1\n').close();
      else if (i % 4 === 2) await client.send('1+').finish().rest();
      else await client.send('1+1\n').finish().rest();
      client.close();
    }
    const { client } = await test.accepted(port);
    client.close();
    await test.idle(server);
  };
  await round(20);
  const before = openSockets();
  await round(300);
  expect(openSockets()).toBeLessThanOrEqual(before);
});

it('numbers its events without a gap, and their fold is its state', () => {
  expect(test.events.map(({ seq }) => seq)).toEqual(test.events.map((_, i) => i + 1));
  expect(new Set(test.events.map(({ epoch }) => epoch)).size).toBe(1);
  const oneByOne = test.events.reduce(apply, emptyLab(test.lab.epoch, assignment));
  expect(oneByOne).toEqual(test.lab.state);
  expect(applyAll(emptyLab(test.lab.epoch, assignment), test.events)).toEqual(test.lab.state);
});

it('reports no connection before it was accepted', () => {
  const known = new Set<string>();
  for (const event of test.events) {
    if (!('connection' in event)) continue;
    const key = `${event.server} ${event.connection}`;
    if (event.type === 'accepted') known.add(key);
    expect(known, event.type).toContain(key);
  }
});

/** The sockets this process has open, the clients' included. */
function openSockets(): number {
  const isSocket = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // closed meanwhile, such as the descriptor of this very listing
    }
  };
  return readdirSync('/proc/self/fd').filter(isSocket).length;
}
