/** However TCP cuts the bytes, the same messages come out. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Inbox } from '../src/conversation/inbox.ts';
import { MAX_MESSAGE_BYTES, type Message } from '../src/conversation/message.ts';

const IDLE_MS = 60_000;

/** Text of all kinds: short, at the limit, above it, with backspaces, with telnet commands inside. */
const text = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .string({ unit: 'grapheme', maxLength: 30 })
      .map((s) => Buffer.from(s.replace(/[\r\n]/g, ''))),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: -3, max: 3 }).map((n) => Buffer.alloc(MAX_MESSAGE_BYTES + n, '7')),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom('1', '+', ' ', '×', '\b', '\x7f', '\ufeff'), { maxLength: 8 })
      .map((parts) => Buffer.from(parts.join(''))),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      Buffer.from([0xff, 0xf4, 0xff, 0xfd, 0x06]),
      Buffer.from([0xff, 0xfd, 0x01, 0xff, 0xfb, 0x1f, 0xff, 0xfa, 0x1f, 0, 10, 0, 10, 0xff, 0xf0]),
    ),
  },
);

/** And lines that are not UTF-8. */
const content = fc.oneof(
  { weight: 6, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 20 })
      .map((a) => Buffer.from(a.filter((b) => b !== 10 && b !== 13 && b !== 255))),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      Buffer.from([0xff, 0xf4, 0xff, 0xfd, 0x06]),
      Buffer.from([0xff, 0xfa, 1, 2, 10, 0xff, 0xf0]),
      Buffer.from([0xff, 0xff]),
    ),
  },
);

/** Lines with these ends, and an unterminated rest. */
function streamOf(line: fc.Arbitrary<Buffer>, ends: readonly string[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.array(fc.tuple(line, fc.constantFrom(...ends)), { maxLength: 12 }), line)
    .map(([lines, rest]) =>
      Buffer.concat([...lines.flatMap(([bytes, end]) => [bytes, Buffer.from(end)]), rest]),
    );
}
const stream = streamOf(content, [
  '\n',
  '\r\n',
  '\r\r\n',
  '\r',
  '\r\r',
  '\r\0',
  '\r\r\0',
  '\0',
  '\n\0',
  '\0\0\0',
]);

function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...places.map((p) => p % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

function read(pieces: Buffer[]): Message[] {
  const inbox = new Inbox(IDLE_MS);
  const messages = pieces.flatMap((piece) => inbox.push(piece));
  return [...messages, ...inbox.flush()];
}

it('finds the same messages in every way of cutting the bytes', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(20_000), { maxLength: 40 }), (bytes, places) => {
      expect(read(cut(bytes, places))).toEqual(read([bytes]));
    }),
    { numRuns: 500 },
  );
});

it('finds the same messages byte by byte', () => {
  fc.assert(
    fc.property(stream, (bytes) => {
      expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(read([bytes]));
    }),
    { numRuns: 50 },
  );
});

const ends = {
  '\n': '\n',
  '\r\n': '\r\n',
  '\r\r\n': '\r\n',
  '\r\0': '\r\n',
  '\r': '\r\n',
  '\0': '\0',
};

it('gives back what was sent, and how its reply ends', () => {
  const line = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .map((s) => s.replace(/[\r\n]/g, '.'));
  const end = fc.constantFrom(...(Object.keys(ends) as (keyof typeof ends)[]));
  const lines = fc.array(fc.tuple(line, end), { maxLength: 20 });
  fc.assert(
    fc.property(lines, fc.array(fc.nat(5000), { maxLength: 20 }), (sent, places) => {
      const bytes = Buffer.from(sent.map(([said, end]) => said + end).join(''));
      expect(read(cut(bytes, places))).toMatchObject(
        sent.map(([said, end]) => ({ type: 'said', text: said, terminator: ends[end] })),
      );
    }),
  );
});
