/** A short run of `npm run fuzz`; CONTRIBUTING says when to make a long one. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Random } from '../scripts/random.mjs';
import { makeAttack } from '../scripts/fuzz/attacks.mjs';

const root = new URL('..', import.meta.url);
const ports = { page: 1, servers: [2, 3, 4, 5] };

it('breaks nothing in three seconds', async () => {
  const args = ['scripts/command.mjs', 'fuzz', '--seconds', '3', '--seed', '1'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expect(stdout).toContain('nothing broke');
});

it('makes the same inputs of the same seed', () => {
  const input = (seed: number, number: number) =>
    JSON.stringify(makeAttack(new Random(seed, number), ports));
  const inputs = Array.from({ length: 50 }, (_, number) => input(1, number));
  expect(Array.from({ length: 50 }, (_, number) => input(1, number))).toEqual(inputs);
  expect(new Set(inputs).size).toBe(50);
  expect(input(2, 0)).not.toBe(inputs[0]);
});
