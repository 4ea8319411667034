/** Server 2: real threads, one for each client. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { TestLab } from './test-lab.ts';

const test = new TestLab();
const port = test.start('server2', { maxThreads: 8, spareThreads: 2 });

/** The client threads that serve somebody, with the names that the operating system shows. */
function busyThreads(): { tid: number; name: string }[] {
  return Object.values(test.lab.state.servers.server2!.threads)
    .filter(({ connection }) => connection !== null)
    .map(({ tid }) => ({ tid, name: readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trim() }));
}

it('serves each client in an operating-system thread of its own, blocked in recv', async () => {
  const clients = await Promise.all(
    Array.from({ length: 5 }, async () => test.accepted(await port)),
  );
  for (const { client, connection } of clients) {
    await client.send('1+1\n').line();
    await test.event('evaluated', (event) => event.connection === connection);
  }
  let lastHandover = 0;
  for (const { connection, fd } of clients) {
    const handed = await test.event('handedOver', (event) => event.connection === connection);
    lastHandover = Math.max(lastHandover, handed.seq);
    await test.event(
      'blocked',
      (event) => event.thread === handed.to && event.call === 'recv' && event.read[0] === fd,
    );
  }
  await test.event('blocked', ({ call, seq }) => call === 'accept' && seq > lastHandover);
  const threads = busyThreads();
  expect(new Set(threads.map(({ tid }) => tid)).size).toBe(5);
  expect(threads.map(({ name }) => name).sort()).toEqual(
    clients.map(({ fd }) => `server2 fd ${fd}`).sort(),
  );
});

it('shows a client that says nothing blocked in recv', async () => {
  const { connection, fd } = await test.accepted(await port);
  const handed = await test.event('handedOver', (event) => event.connection === connection);
  await test.event(
    'blocked',
    ({ thread, call, read, seq }) =>
      thread === handed.to && call === 'recv' && read[0] === fd && seq > handed.seq,
  );
});

it('lets further newcomers wait in the accept queue when all threads are busy', async () => {
  const clients = await Promise.all(
    Array.from({ length: 8 }, async () => test.accepted(await port)),
  );
  for (const { client } of clients) expect(await client.send('1+1\n').line()).toBe('2\n');
  const before = test.events.length;
  const ninth = (await test.connect(await port)).send('4+4\n');
  await test.event('blocked', (event) => event.call === 'handoff', before);
  for (const { client } of clients) expect(await client.send('2+2\n').line()).toBe('4\n');
  expect(ninth.unread).toBe('');
  clients[3]?.client.finish();
  expect(await ninth.line()).toBe('8\n');
});

it('ends the threads that nobody needs any more', async () => {
  const before = test.events.length;
  const clients = await Promise.all(
    Array.from({ length: 6 }, async () => test.accepted(await port)),
  );
  for (const { client } of clients) client.finish();
  for (let i = 0; i < 4; i++) await test.event('threadEnded', () => true, before + i);
  await test.event('threadEnded', () => true, before);
});

it('finds a thread for everybody also while idle threads are just ending', async () => {
  const { port: at } = await test.lab.restart('server2', {
    port: 0,
    maxThreads: 3,
    spareThreads: 1,
  });
  for (let round = 0; round < 3; round++) {
    const before = test.events.length;
    const first = await Promise.all(Array.from({ length: 3 }, () => test.accepted(at)));
    for (const { client } of first) expect(await client.send('1+1\n').line()).toBe('2\n');
    for (const { client } of first) client.finish();
    await test.event('threadEnded', () => true, before);
    const next = await Promise.all(Array.from({ length: 3 }, () => test.connect(at)));
    for (const client of next) client.send('2+2\n');
    for (const client of next) expect(await client.line()).toBe('4\n');
    for (const client of next) client.finish();
    for (const client of next) await client.rest();
    await test.idle('server2');
  }
});

it('calculates for two clients at the same time', async () => {
  const slow = new TestLabSlow();
  const events = await slow.bothCalculate('server2');
  expect(overlap(events)).toBe(true);
});

it('while server 3, with its one thread, calculates for one after the other', async () => {
  const slow = new TestLabSlow();
  const events = await slow.bothCalculate('server3');
  expect(overlap(events)).toBe(false);
});

type Evaluated = Extract<LabEvent, { type: 'evaluated' }>;

class TestLabSlow {
  /** Two clients ask at the same moment, and each calculation takes a while. */
  async bothCalculate(server: 'server2' | 'server3'): Promise<Evaluated[]> {
    // Long enough that a busy machine runs the second thread before the first one is done.
    const { port: at } = await test.lab.restart(server, { port: 0, slowMs: 1000, spareThreads: 2 });
    const start = test.events.length;
    const first = await test.accepted(at);
    const second = await test.accepted(at);
    if (server === 'server2')
      for (const { fd } of [first, second])
        await test.event('blocked', ({ call, read }) => call === 'recv' && read[0] === fd, start);
    const before = test.events.length;
    first.client.send('1+1\n');
    second.client.send('2+2\n');
    await Promise.all([first.client.line(), second.client.line()]);
    return Promise.all(
      [first, second].map(({ connection }) =>
        test.event(
          'evaluated',
          (event) => event.connection === connection && event.server === server,
          before,
        ),
      ),
    );
  }
}

/** Whether two calculations ran at the same time; each event is reported at the end of its own. */
function overlap([a, b]: Evaluated[]): boolean {
  if (!a || !b) throw new Error('two calculations expected');
  return a.t - a.micros < b.t && b.t - b.micros < a.t;
}
