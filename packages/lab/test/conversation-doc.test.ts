/** The table in docs/conversation.md, row by row, against a real server. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MAX_MESSAGE_BYTES, MAX_REPLY_BYTES } from '@sockscope/tcp-core/conversation/message';
import { defaultOptions } from '../src/ours/server-options.ts';
import { TestLab } from './test-lab.ts';

const text = readFileSync(new URL('../../../docs/conversation.md', import.meta.url), 'utf8');

const NAMED: Record<string, string> = { n: '\n', r: '\r', 0: '\0', b: '\b' };

/** The code spans of a cell, as bytes. */
function spans(cell: string): Buffer[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, code = '']) => {
    const parts = code.split(/(\\x[0-9a-f]{2}|\\[nr0b])/);
    return Buffer.concat(
      parts.map((part) => {
        if (part.startsWith('\\x')) return Buffer.of(Number.parseInt(part.slice(2), 16));
        return Buffer.from(part.startsWith('\\') ? (NAMED[part.slice(1)] ?? '') : part);
      }),
    );
  });
}

const rows = text
  .slice(text.indexOf('| Sent '), text.indexOf('An answer ends as its message did'))
  .split('\n')
  .slice(2)
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, sent = '', back = '']) => ({ sent, back }));

describe('docs/conversation.md', () => {
  const test = new TestLab();
  const port = test.start('server3');

  it('has a table', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it.each(rows)('$sent is answered by $back', async ({ sent, back }) => {
    const { client, connection } = await test.accepted(await port);
    for (const piece of spans(sent)) {
      const before = test.events.length;
      client.send(piece);
      await test.event('received', (event) => event.connection === connection, before);
    }
    const [before = '', after] = spans(back).join('').split('…');
    expect(await client.take(Buffer.byteLength(before))).toBe(before);
    if (after === undefined) expect(await client.finish().rest()).toBe('');
    else expect(await client.finish().rest()).toMatch(/^[ -~]+\n$/);
  });

  it('names the limits', () => {
    expect(text).toContain(`${MAX_MESSAGE_BYTES} bytes; a longer one`);
    expect(text).toContain(`| ${MAX_REPLY_BYTES} bytes `);
    expect(text).toContain(`stays unterminated for ${defaultOptions.idleMs} ms`);
    expect(text).toContain(`| ${defaultOptions.maxThreads} (\`--max-threads\`)`);
  });
});
