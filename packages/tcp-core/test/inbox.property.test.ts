/** However TCP cuts the bytes, the same messages come out. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Inbox } from '../src/conversation/inbox.ts';
import { MAX_MESSAGE_BYTES, type Message } from '../src/conversation/message.ts';

const IDLE_MS = 60_000;

/** Lines of all kinds: short, at the limit, above it, not UTF-8, with telnet commands inside. */
const content = fc.oneof(
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
const stream = fc
  .array(fc.tuple(content, fc.constantFrom('\n', '\r\n')), { maxLength: 12 })
  .chain((lines) => fc.tuple(fc.constant(lines), content))
  .map(([lines, rest]) =>
    Buffer.concat([...lines.flatMap(([line, end]) => [line, Buffer.from(end)]), rest]),
  );

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

it('gives back the lines that were sent, with their terminators', () => {
  const line = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .map((s) => s.replace(/[\r\n]/g, '.'));
  const lines = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 20 });
  fc.assert(
    fc.property(lines, fc.array(fc.nat(5000), { maxLength: 20 }), (sent, places) => {
      const bytes = Buffer.from(sent.map(([text, end]) => text + end).join(''));
      const got = read(cut(bytes, places));
      expect(got.map(({ text, terminator }) => [text, terminator])).toEqual(sent);
    }),
  );
});
