/** What the servers print of bytes that nobody can see. */

import { design as echo } from '@sockscope/tcp-core/designs/echo';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { describe, expect, it } from 'vitest';
import { logLines } from '../src/log-lines.ts';

describe('a line of the programs', () => {
  const stamp = { epoch: 'e', seq: 1, t: 0, thread: 1, connection: 1, fd: 7 };
  const received = (bytes: string): LabEvent => ({
    ...stamp,
    server: 'server4',
    type: 'received',
    bytes: bytes.length,
    preview: bytes,
  });

  it.each(['\n', '\r\n', ' ', '\0', '\ufeff', '\xc2\xa0\n', '\xff\n'])(
    'is not blank for %j',
    (bytes) => {
      const [line] = logLines(received(Buffer.from(bytes, 'utf8').toString('latin1')), echo);
      expect(line).toMatch(/^Client socket 7 sent message: \S/);
    },
  );
});
