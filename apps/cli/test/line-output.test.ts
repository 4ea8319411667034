import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { LineOutput } from '../src/line-output.ts';

it('keeps a bounded number of bytes for a reader that does not read, and says what it left out', async () => {
  const reader = spawn('cat');
  reader.kill('SIGSTOP');
  const output = new LineOutput(reader.stdin);
  const batch = Array.from({ length: 100 }, (_, i) => `line ${i} of a server that has much to say`);
  for (let printed = 0; printed < 100_000; printed += batch.length) output.print(batch);
  output.skip(7); // not even made
  expect(reader.stdin.writableLength).toBeGreaterThan(200 * 1024);
  expect(reader.stdin.writableLength).toBeLessThan(300 * 1024);

  const read = text(reader.stdout);
  reader.kill('SIGCONT');
  await once(reader.stdin, 'drain');
  output.print(['there is room again']);
  reader.stdin.end();
  const lines = (await read).trimEnd().split('\n');
  expect(lines.at(-1)).toBe('there is room again');
  const [, left] = /^… (\d+) lines were not printed$/.exec(lines.at(-2) ?? '') ?? [];
  expect(lines.length - 2 + Number(left)).toBe(100_007);
});
