/** Server 3: one thread, one select. */

import { closeSync, openSync } from 'node:fs';
import { expect, it } from 'vitest';
import { TestLab } from './test-lab.ts';

const test = new TestLab();
const port = test.start('server3');

it('serves many clients in one thread', async () => {
  const clients = await Promise.all(
    Array.from({ length: 20 }, async () => test.accepted(await port)),
  );
  for (const { client } of clients) client.send('1+1\n');
  for (const { client } of clients) expect(await client.line()).toBe('2\n');
  const { threads, connections } = test.lab.state.servers.server3!;
  expect(Object.keys(threads)).toHaveLength(1);
  expect(Object.keys(connections)).toHaveLength(20);
});

it('tells what each select watched and what was ready', async () => {
  const a = await test.accepted(await port);
  const b = await test.accepted(await port);
  const watching = await test.event(
    'blocked',
    (event) => event.call === 'select' && event.read.includes(a.fd) && event.read.includes(b.fd),
  );
  const listenerFd = test.lab.state.servers.server3!.fd;
  expect(watching.read).toContain(listenerFd);
  const before = test.events.length;
  await b.client.send('1+1\n').line();
  const { readable } = await test.event('selected', (event) => event.readable.length > 0, before);
  expect(readable).toEqual([b.fd]);
});

it('finds several clients ready in one round when they spoke while it was calculating', async () => {
  const { port: slowPort } = await test.lab.restart('server3', { port: 0, slowMs: 200 });
  const clients = await Promise.all(Array.from({ length: 3 }, () => test.accepted(slowPort)));
  const before = test.events.length;
  for (const { client } of clients) client.send('1+1\n');
  for (const { client } of clients) await client.line();
  const round = await test.event('selected', (event) => event.readable.length >= 2, before);
  expect(round.server).toBe('server3');
});

it('watches descriptors above FD_SETSIZE', async () => {
  const at = await start();
  const fds = Array.from({ length: 1100 }, () => openSync('/dev/null', 'r'));
  try {
    let { client, fd } = await test.accepted(at);
    // What the server of before had open may have become free only now: then the next gets a higher one.
    for (let tries = 0; fd <= 1024 && tries < 100; tries++)
      ({ client, fd } = await test.accepted(at));
    expect(fd).toBeGreaterThan(1024);
    expect(await client.send('1+1').take(1)).toBe('2');
    expect(await client.send('22 + 44\n').line()).toBe('66\n');
  } finally {
    for (const fd of fds) closeSync(fd);
  }
});

async function start(): Promise<number> {
  return (await test.lab.restart('server3', { port: 0, slowMs: 0 })).port;
}
