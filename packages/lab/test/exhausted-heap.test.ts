/** A server thread whose heap is full: the debugger fills it, as no client can. */

import { Session } from 'node:inspector/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { TcpClient } from '@sockscope/test-kit/tcp-client';
import { TestLab } from './test-lab.ts';

/** Fills the heap of the thread that accepts for this server; any other is left alone. */
const fill = (server: ServerId): string => `
  const { workerData } = process.getBuiltinModule('node:worker_threads');
  if (workerData.server === '${server}' && workerData.role !== 'client')
    for (const heap = [];;) heap.push(new Array(100_000).fill(0.5).map(String));
`;

const test = new TestLab();
const debuggerOfAll = new Session();
/** The debugger's names of all worker threads so far, in no order that tells which is which. */
const workers: string[] = [];

beforeAll(async () => {
  debuggerOfAll.connect();
  debuggerOfAll.on('NodeWorker.attachedToWorker', ({ params }) => workers.push(params.sessionId));
  await debuggerOfAll.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
});
afterAll(() => {
  debuggerOfAll.disconnect();
});

it.each(serverIds)('%s is restarted when the heap of its thread is full', async (server) => {
  const other: ServerId = server === 'server4' ? 'server3' : 'server4';
  const { client: bystander } = await test.accepted(await test.start(other));
  const port = await test.start(server);
  const from = test.events.length;
  const message = JSON.stringify({
    id: 1,
    method: 'Runtime.evaluate',
    params: { expression: fill(server) },
  });
  for (const sessionId of workers)
    await debuggerOfAll
      .post('NodeWorker.sendMessageToWorker', { sessionId, message })
      .catch(() => undefined); // it has ended
  // It sits in a system call; the debugger's turn comes when it runs again.
  const waker = await TcpClient.connect(port);
  const crashed = await test.event('crashed', () => true, from);
  expect(crashed).toMatchObject({ server, restarting: true });
  expect(crashed.error).toContain('memory');
  waker.close();
  await test.event('listening', (event) => event.server === server && event.port === port, from);
  const next = await TcpClient.connect(port);
  expect(await next.send('3+3\n').line()).toBe(server === 'server4' ? '3+3\n' : '6\n');
  next.close();
  expect(await bystander.send('5\n').line()).toBe('5\n');
  bystander.close();
  await Promise.all([test.lab.stop(server), test.lab.stop(other)]);
});
