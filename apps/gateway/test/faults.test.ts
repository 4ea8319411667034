/** What no gateway is prepared for by luck: no descriptor left, a full disk under its log. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ChildProgram } from '@sockscope/test-kit/child-program';
import { processorMs } from '../../../scripts/processor-time.mjs';
import { free, gatewayProcesses, pageOf } from './gateway-process.ts';

const processes = gatewayProcesses('faults-test');
beforeAll(() => processes.build(), 60_000);
afterEach(() => processes.endAll());
afterAll(() => processes.remove());

/** A gateway, after `before`, a piece of shell; `redirect` says where its output goes. */
function startIn(before: string, redirect = '', args: readonly string[] = free): ChildProgram {
  const command = [...processes.command, ...args].map((arg) => `'${arg}'`).join(' ');
  return processes.start([], {}, `${before} exec ${command} ${redirect}`);
}

function portsOf({ stdout }: ChildProgram): number[] {
  return [...stdout.matchAll(/listening on \S+:(\d+)/g)].map(([, port]) => Number(port));
}

/** Seconds of processor time in the next second. */
async function ofASecond({ child }: ChildProgram): Promise<number> {
  const before = processorMs(child.pid);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return (processorMs(child.pid) - before) / 1000;
}

async function clientsOf(port: number, count: number): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => undefined).resume();
      await once(socket, 'connect');
      return socket;
    }),
  );
}

async function answerOf(port: number): Promise<string> {
  const client = connect({ port, host: '127.0.0.1' });
  client.on('error', () => undefined);
  client.write('7\n');
  const [answer] = (await Promise.race([once(client, 'data'), once(client, 'close')])) as unknown[];
  client.destroy();
  return String(answer);
}

it('neither spins nor dies when its descriptors end in the middle of accepts, and recovers', async () => {
  const gateway = startIn('ulimit -n 100;');
  await gateway.says('Sockscope is ready');
  const page = pageOf(gateway);
  const ports = [...portsOf(gateway), Number(new URL(page).port)];
  for (const port of ports) {
    // On the way there and at the limit, with all of them held open.
    const clients = await clientsOf(port, 60);
    // It comes to rest; whoever spins has more, also beside others.
    await expect
      .poll(() => ofASecond(gateway), { timeout: 15_000, message: `port ${port}` })
      .toBeLessThan(0.25);
    for (const client of clients) client.destroy();
    await expect.poll(() => fetch(`${page}healthz`).then(({ status }) => status, String)).toBe(200);
  }
  for (const port of portsOf(gateway))
    await expect.poll(() => answerOf(port), { timeout: 5000 }).toBe('7\n');
  expect(await (await fetch(`${page}api/lab`)).text()).not.toContain('"crashes":1');
  gateway.child.kill('SIGTERM');
  await gateway.exit;
});

it.each(['>/dev/full', '>&-'])('goes on when its log can not be written (%s)', async (where) => {
  // stdout stays: the lines that say where everything is are read here.
  const gateway = startIn('', `2${where}`, [...free, '--log-level', 'info']);
  await gateway.says('Sockscope is ready');
  const page = pageOf(gateway);
  for (let request = 0; request < 20; request += 1)
    expect((await fetch(`${page}healthz`)).status).toBe(200);
  for (const port of portsOf(gateway)) expect(await answerOf(port)).toBe('7\n');
  gateway.child.kill('SIGTERM');
  expect((await gateway.exit).code).toBe(0);
});

it('starts and serves when what it says can not be written', async () => {
  const gateway = startIn('', '>/dev/full', [...free, '--log-level', 'info']);
  await expect.poll(() => gateway.stderr, { timeout: 50_000 }).toContain('Server listening at');
  const [page] = /http:[^"]+/.exec(gateway.stderr) ?? [];
  expect((await fetch(`${page}/healthz`)).status).toBe(200);
  gateway.child.kill('SIGTERM');
  expect((await gateway.exit).code).toBe(0);
});
