/** When the process has no file descriptor left: the lab says so, nothing spins, and it recovers. */

import { readdirSync } from 'node:fs';
import koffi from 'koffi';
import { expect, it } from 'vitest';
import { systemCalls } from '@sockscope/tcp-core/sockets/calls/this-platform';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { TestLab } from './test-lab.ts';

const RLIMIT_NOFILE = 7;
/** Below every descriptor that is opened here, and not too small for poll(2), which knows it too. */
const NONE = 8;
const native = koffi.load(null);
const getrlimit = native.func('int getrlimit(int, void *)') as (
  what: number,
  to: BigUint64Array,
) => number;
const setrlimit = native.func('int setrlimit(int, void *)') as (
  what: number,
  to: BigUint64Array,
) => number;

const connect = native.func('int connect(int, void *, int)') as (
  fd: number,
  address: Uint8Array,
  length: number,
) => number;

const test = new TestLab();

/** Lets this process have no descriptor from `limit` on until `action` is done. */
async function limited<T>(limit: number, action: () => Promise<T>): Promise<T> {
  const before = new BigUint64Array(2);
  getrlimit(RLIMIT_NOFILE, before);
  setrlimit(RLIMIT_NOFILE, BigUint64Array.of(BigInt(limit), before[1]!));
  try {
    return await action();
  } finally {
    setrlimit(RLIMIT_NOFILE, before);
  }
}

function descriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .sort((a, b) => a - b);
}

/** The limit that leaves so many free. */
function leaving(count: number): number {
  const taken = new Set(descriptors());
  let fd = 0;
  for (let free = 0; free < count; fd += 1) if (!taken.has(fd)) free += 1;
  return fd;
}

it.each(serverIds)('%s says that there is none to start with, and starts later', async (server) => {
  const start = limited(NONE, () => test.start(server));
  await expect(start).rejects.toMatchObject({ code: 'EMFILE', syscall: 'pipe2' });
  expect(test.lab.state.servers[server]!).toMatchObject({ status: 'crashed', threads: {} });
  expect(test.lab.state.servers[server]!.error).toContain('EMFILE');
  const { client } = await test.accepted(await test.start(server));
  expect(await client.send('7\n').line()).toBe('7\n');
  await test.lab.stop(server);
});

it.each(serverIds)('%s starts, or says why not, however few there are', async (server) => {
  // Once before, so that what is opened for good is open.
  await test.start(server);
  await test.lab.stop(server);
  const before = descriptors().length;
  let started = 0;
  for (let few = 1; started < 2 && few < 60; few += 3) {
    const start = limited(leaving(few), () => test.start(server));
    const failure = await start.then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    const { status, error } = test.lab.state.servers[server]!;
    expect(status, `${few} left`).toBe(failure ? 'crashed' : 'listening');
    if (failure) expect(error).toBe(failure.message);
    else started += 1;
    await test.lab.stop(server);
    // A thread's own descriptors go a moment after it.
    await expect
      .poll(() => descriptors().length, { message: `${few} left`, timeout: 5000 })
      .toBeLessThanOrEqual(before);
  }
  expect(started).toBe(2);
});

it.each(serverIds)('%s does not spin while it can accept nobody, and then does', async (server) => {
  const port = await test.start(server, { policy: 'queue', maxThreads: 8 });
  const { bytes } = systemCalls().encodeAddress({ address: '127.0.0.1', port });
  // Made before, because a connect takes no descriptor, and a socket does.
  const sockets = Array.from({ length: 4 }, () => systemCalls().socket('IPv4', false));
  const from = test.events.length;
  const { user, system } = await limited(NONE, async () => {
    for (const fd of sockets) expect(connect(fd, bytes, bytes.length)).toBe(0);
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return process.cpuUsage(before);
  });
  expect(test.events.slice(from).filter(({ type }) => type === 'crashed')).toEqual([]);
  // A thread that spins takes the whole second.
  expect((user + system) / 1e6).toBeLessThan(0.5);
  await test.event('accepted', (event) => event.server === server, from);
  for (const fd of sockets) systemCalls().close(fd);
  const { client } = await test.accepted(port);
  expect(await client.send('7\n').line()).toBe('7\n');
  await test.lab.stop(server);
});

it('server 2 keeps its clients when there are none for another thread, and starts one later', async () => {
  const port = await test.start('server2', { maxThreads: 64 });
  const { client: first } = await test.accepted(port);
  expect(await first.send('1\n').line()).toBe('1\n');
  const from = test.events.length;
  // Enough for eight clients and what is accepted of them, and not for the threads of all.
  const clients = await limited(leaving(20), async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => test.connect(port)));
    for (const client of all) client.send('2\n');
    await test.event('blocked', (event) => event.call === 'handoff', from);
    expect(await first.send('3\n').line()).toBe('3\n');
    return all;
  });
  for (const client of clients) expect(await client.line()).toBe('2\n');
  expect(test.events.slice(from).filter(({ type }) => type === 'crashed')).toEqual([]);
});
