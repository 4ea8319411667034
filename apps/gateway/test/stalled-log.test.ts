/** A log that nobody reads: `npm start -- --log-level info 2>&1 | less`, or a terminal after Ctrl-S. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ChildProgram } from '@sockscope/test-kit/child-program';
import { free, gatewayProcesses, pageOf } from './gateway-process.ts';

const processes = gatewayProcesses('stalled-log-test');
const folder = mkdtempSync(join(tmpdir(), 'log-'));
const fifo = join(folder, 'log');
beforeAll(() => processes.build(), 60_000);
beforeAll(() => void execFileSync('mkfifo', [fifo]));
afterEach(() => processes.endAll());
afterAll(() => {
  processes.remove();
  rmSync(folder, { recursive: true });
});

/** Two lines of the log each, one of them of 4 KB: more than a pipe and the gateway keep. */
const REQUESTS = 150;
const PATH = `healthz?${'x'.repeat(4000)}`;

async function answersAll(page: string): Promise<void> {
  for (let request = 0; request < REQUESTS; request++)
    expect((await fetch(`${page}${PATH}`)).status).toBe(200);
}

async function endsIn(
  ms: number,
  signal: NodeJS.Signals,
  { child, exit }: ChildProgram,
): Promise<void> {
  const began = performance.now();
  child.kill(signal);
  expect((await exit).code).toBe(0);
  expect(performance.now() - began).toBeLessThan(ms);
}

function command(redirect: string): string {
  const program = [...processes.command, ...free, '--log-level', 'info'];
  return `exec ${program.map((arg) => `'${arg}'`).join(' ')} ${redirect}`;
}

/** What waits in the pipe. */
function read(descriptor: number): string {
  const buffer = Buffer.alloc(1024 * 1024);
  try {
    return buffer.toString('utf8', 0, readSync(descriptor, buffer));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
    throw error;
  }
}

it.each(['SIGINT', 'SIGTERM'] as const)(
  'does not keep the page, nor %s, waiting',
  async (signal) => {
    const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    const gateway = processes.start([], {}, command(`2>'${fifo}'`));
    await gateway.says('Sockscope is ready');
    await answersAll(pageOf(gateway));
    await endsIn(2000, signal, gateway);
    closeSync(reader);
  },
);

it('says how many of its lines were lost when it is read again', async () => {
  const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const gateway = processes.start([], {}, command(`2>'${fifo}'`));
  await gateway.says('Sockscope is ready');
  await answersAll(pageOf(gateway));
  let text = '';
  await expect.poll(() => (text += read(reader)), { timeout: 10_000 }).toMatch(/"lost":\d+/);
  const lines = text.split('\n').slice(0, -1);
  // Whole lines only, those that were lost counted, and after that the log goes on.
  const parsed = lines.map((line) => JSON.parse(line) as { msg: string; lost?: number });
  const kept = parsed.filter(({ msg }) => /incoming request|request completed/.test(msg)).length;
  const lost = parsed.reduce((sum, line) => sum + (line.lost ?? 0), 0);
  expect(kept + lost).toBe(2 * REQUESTS);
  await fetch(`${pageOf(gateway)}healthz`);
  await expect.poll(() => read(reader)).toContain('request completed');
  await endsIn(2000, 'SIGINT', gateway);
  closeSync(reader);
});

it('stopped by Ctrl-S in a terminal does not keep anybody waiting either', async () => {
  const terminal = spawn('script', ['-qfc', command(''), '/dev/null']);
  let text = '';
  terminal.stdout.on('data', (data) => (text += String(data)));
  await expect.poll(() => text, { timeout: 15_000 }).toContain('Sockscope is ready');
  const page = /page on (\S+)/.exec(text)?.[1] ?? '';
  const [, pid = ''] = /"pid":(\d+)/.exec(text) ?? [];
  terminal.stdin.write('\x13');
  await answersAll(page);
  const ended = once(terminal, 'close');
  const began = performance.now();
  process.kill(Number(pid), 'SIGTERM');
  await ended;
  expect(performance.now() - began).toBeLessThan(2000);
});
