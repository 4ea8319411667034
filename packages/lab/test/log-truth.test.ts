/** What the log says of time: the order of everything, who slept when, and what came before an end. */

import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import type { ThreadState } from '@sockscope/tcp-core/trace/lab-state';
import type { TcpClient } from '@sockscope/test-kit/tcp-client';
import { TestLab } from './test-lab.ts';

const test = new TestLab();
const ports = {} as Record<(typeof serverIds)[number], number>;

beforeAll(async () => {
  for (const server of serverIds) ports[server] = await test.start(server);
});

/** A client that says something every `everyMs`, and reads the answer. */
async function talk(client: TcpClient, messages: number, everyMs: number): Promise<void> {
  for (let i = 0; i < messages; i++) {
    await client.send('22 + 44\n').line();
    await pause(everyMs);
  }
}

describe('everything stands in the order it happened', () => {
  it('with eight clients of server 2 and some of each other server, some of whom come and go', async () => {
    const from = test.events.length;
    const staying = serverIds.flatMap((server) =>
      Array.from({ length: server === 'server2' ? 8 : 1 }, async () => {
        const { client } = await test.accepted(ports[server]);
        await talk(client, 60, 5);
        client.finish();
        await client.rest();
      }),
    );
    const passing = (['server2', 'server3', 'server4'] as const).map(async (server) => {
      for (let i = 0; i < 40; i++) {
        const client = await test.connect(ports[server]);
        await talk(client, 1, 1);
        if (i % 2 === 0) client.close();
        else client.reset();
      }
    });
    await Promise.all([...staying, ...passing]);
    for (const server of serverIds) await test.idle(server);

    const events = test.events.slice(from);
    expect(events.length).toBeGreaterThan(3000);
    expect(outOfOrder(events)).toEqual([]);
    expect(openTwice(events)).toEqual([]);
  });

  it('also in a rush', async () => {
    const from = test.events.length;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { client } = await test.accepted(ports.server2);
        for (let i = 0; i < 1500; i++) await client.send('1+1\n').line();
        client.close();
      }),
    );
    await test.idle('server2');
    const events = test.events.slice(from);
    expect(events.some(({ type }) => type === 'summed')).toBe(true);
    expect(outOfOrder(events)).toEqual([]);
  });

  it('also where a server is restarted in the middle', async () => {
    const from = test.events.length;
    for (let i = 0; i < 5; i++) {
      const { client } = await test.accepted(ports.server2);
      await Promise.all([talk(client, 2, 1), test.accepted(ports.server3)]);
      await Promise.all([test.lab.restart('server2'), test.lab.restart('server3')]);
    }
    expect(outOfOrder(test.events.slice(from))).toEqual([]);
  });
});

/** Events that stand behind a later one. */
function outOfOrder(events: readonly LabEvent[]): string[] {
  return events.flatMap((event, i) => {
    const before = events[i - 1];
    return before && before.t > event.t
      ? [`${event.seq} ${event.type} ${before.t - event.t} µs before ${before.type}`]
      : [];
  });
}

/** Descriptors that accept returned while they were open. */
function openTwice(events: readonly LabEvent[]): string[] {
  const open = new Set<number>();
  return events.flatMap((event) => {
    if (event.type === 'closed') open.delete(event.fd);
    if (event.type !== 'accepted') return [];
    const twice = open.has(event.fd);
    open.add(event.fd);
    return twice ? [`${event.seq} fd ${event.fd}`] : [];
  });
}

describe('a thread sleeps when the log says so', () => {
  it.each([
    ['server1', 12],
    ['server2', 12],
    ['server3', 12],
    ['server4', 3],
    ['server2', 3],
    ['server3', 1],
  ] as const)('%s, with a message each %i ms', async (server, everyMs) => {
    const { client } = await test.accepted(ports[server]);
    await talk(client, 20, everyMs);
    const serving = (): ThreadState => {
      const threads = Object.values(test.lab.state.servers[server]!.threads);
      return threads.find(({ connection }) => connection !== null) ?? threads[0]!;
    };
    const before = serving();
    const ranBefore = processorTime(before.tid);
    await talk(client, Math.ceil(1500 / everyMs), everyMs);
    client.finish();
    await client.rest();
    await test.idle(server);
    const after = test.lab.state.servers[server]!.threads[before.id]!;
    const ran = processorTime(before.tid) - ranBefore;
    const passed = after.heardAt - before.heardAt;
    expect((after.worked - before.worked) / passed).toBeLessThan(ran / passed + 0.1);
    expect(after.worked + after.waited).toBeCloseTo(after.heardAt - startOf(before), -1);
  });
});

/** Microseconds that a thread had the processor or was ready for it (schedstat in proc(5)). */
function processorTime(tid: number): number {
  const [ran = 0, waited = 0] = readFileSync(`/proc/self/task/${tid}/schedstat`, 'latin1')
    .split(' ')
    .map(Number);
  return (ran + waited) / 1000;
}

function startOf({ id }: ThreadState): number {
  const started = test.events.find(({ type, thread }) => type === 'threadStarted' && thread === id);
  return started?.t ?? NaN;
}

it('tells of all bytes before it tells of their end, also in a rush', async () => {
  const from = test.events.length;
  await Promise.all(
    Array.from({ length: 3 }, async () => {
      const { client } = await test.accepted(ports.server4);
      for (let i = 0; i < 1500; i++) client.send('0123456789'.repeat(100));
      client.finish();
      await client.rest();
    }),
  );
  await test.idle('server4');
  const ended = new Set<number>();
  const late = test.events.slice(from).filter((event) => {
    if (event.server !== 'server4') return false;
    if (event.type === 'peerClosed') ended.add(event.connection);
    if (event.type === 'received') return ended.has(event.connection);
    if (event.type !== 'summed') return false;
    return event.connections.some((sum) => ended.has(sum.connection) && sum.received.bytes > 0);
  });
  expect(late).toEqual([]);
});
