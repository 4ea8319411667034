/** What `npm run audit` is made of, and a short run of it; CONTRIBUTING says when to make a long one. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeScript } from '../scripts/audit/script.mjs';
import { type Call, TraceReader, watchOf } from '../scripts/audit/strace-reader.mjs';
import { has } from '../scripts/test-programs.mjs';

const root = new URL('..', import.meta.url);

describe('the script of an audit', () => {
  it('is the same for the same seed', () => {
    expect(makeScript(1, 100)).toEqual(makeScript(1, 100));
    expect(makeScript(2, 100)).not.toEqual(makeScript(1, 100));
  });

  it.each([10, 100, 1000])('has as many clients as wanted: %i', (connections) => {
    const numbers = makeScript(1, connections).flatMap(({ clients }) =>
      clients.map(({ number }) => number),
    );
    expect(numbers).toEqual(Array.from({ length: connections }, (_, i) => i + 1));
  });
});

describe('what strace wrote', () => {
  const read = (...lines: string[]): Call[] => {
    const reader = new TraceReader();
    for (const line of lines) reader.add(line);
    return reader.end().calls;
  };

  it('is read as calls, with their times, also when others come in between', () => {
    const [select, recv] = read(
      '7  1700000000.000000000 select(24, [20 22], [23], NULL, {tv_sec=0, tv_usec=5000} <unfinished ...>',
      '81 1700000000.001000000 recvfrom(9, "\\x31\\x0a", 4096, 0, NULL, NULL) = 2 <0.000020000>',
      '7  1700000000.004000000 <... select resumed>) = 2 (in [22], out [23], left {tv_sec=0, tv_usec=1000}) <0.003900000>',
    );
    expect(select).toMatchObject({ tid: 7, name: 'select', result: 2, entry: 0, exit: 4000 });
    expect(select && watchOf(select)).toEqual({
      read: [20, 22],
      write: [23],
      readable: [22],
      writable: [23],
      limitMs: 5,
    });
    expect(recv).toMatchObject({ tid: 81, result: 2, errno: null, entry: 1000, exit: 1020 });
  });

  it('tells failures, and calls that never came back', () => {
    const [failed, lost] = read(
      '7 1700000000.000000000 accept4(5, 0x7f, [28], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000010000>',
      '7 1700000000.000100000 futex(0x55, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>',
      '7 1700000000.000200000 +++ exited with 0 +++',
    );
    expect(failed).toMatchObject({ result: -1, errno: 'EAGAIN' });
    expect(lost).toMatchObject({ name: 'futex', result: null, exit: Infinity });
  });

  it('is refused if a line is not understood: what is not read cannot be compared', () => {
    expect(() => read('7 1700000000.000000000 what is this')).toThrow('not understood');
  });
});

describe.runIf(has('strace'))('a short audit', () => {
  it('finds nothing in the event log that did not happen', { timeout: 120_000 }, async () => {
    const args = ['scripts/command.mjs', 'audit', '--connections', '100', '--seed', '1'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      cwd: root,
      maxBuffer: 64 * 1024 * 1024,
    }).catch((error: unknown) => error as { stdout: string; stderr: string });
    expect(stderr, stdout).toBe('');
    expect(stdout).toMatch(/\d+ facts compared, 0 wrong$/m);
  });
});
