/** Nothing that a client sends may be invisible where it is shown. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableLine } from '../src/trace/printable.ts';

const characters = (...ranges: [from: number, to: number][]): string[] =>
  ranges.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)),
  );

/** Made once: it takes long to compile. */
const UNSEEN = /\p{C}|\p{DI}|(?! )\p{Z}|(^| )\p{M}/u;

describe('what cannot be seen is escaped', () => {
  it.each([
    ['controls', characters([0x00, 0x1f], [0x7f, 0x9f])],
    [
      'every space but the plain one',
      characters(
        [0xa0, 0xa0],
        [0x1680, 0x1680],
        [0x2000, 0x200a],
        [0x202f, 0x202f],
        [0x205f, 0x205f],
        [0x3000, 0x3000],
      ),
    ],
    ['line and paragraph separators', characters([0x2028, 0x2029])],
    ['zero width', ['\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\xad', '\u034f', '\u180e']],
    [
      'direction marks',
      ['\u061c', ...characters([0x200e, 0x200f], [0x202a, 0x202e], [0x2066, 0x206f])],
    ],
    ['tags', characters([0xe0000, 0xe007f])],
    ['variation selectors', characters([0xfe00, 0xfe0f], [0x180b, 0x180d], [0xe0100, 0xe01ef])],
    ['fillers', ['\u115f', '\u1160', '\u3164', '\uffa0', '\u17b4', '\u17b5']],
    ['blanks that are no spaces', ['\u2800', '\u{1d159}', '\u{13441}', '\u{16fe4}']],
    [
      'annotations, private and no characters',
      ['\ufff9', '\ufffb', '\ue000', '\uffff', '\u{10fffd}', '\ud800'],
    ],
  ])('%s', (_, all) => {
    for (const one of all) {
      const shown = printable(`1${one}2`);
      expect(shown).toMatch(/^1\\(0|n|r|t|x[0-9a-f]{2}|u[0-9a-f]{4}|u\{[0-9a-f]{5,6}\})2$/);
    }
    expect(new Set(all.map((one) => printable(one))).size).toBe(all.length);
  });

  it('names what it escapes', () => {
    expect(printable('a\n\r\t\0\x1b\xa0\u202e\u{e0041}')).toBe(
      'a\\n\\r\\t\\0\\x1b\\xa0\\u202e\\u{e0041}',
    );
  });

  it('combining marks with nothing to combine with', () => {
    expect(printable('\u0301')).toBe('\\u0301');
    expect(printable('1 \u0301\u0302+ 2')).toBe('1 \\u0301\\u0302+ 2');
    expect(printable('\u200b\u20e3')).toBe('\\u200b\\u20e3');
    expect(printable('1\ufe0f\u20e3')).toBe('1\\ufe0f\\u20e3');
    expect(printable('e\u0301 \u0e17\u0e35\u0e48')).toBe('e\u0301 \u0e17\u0e35\u0e48');
  });

  it('but nothing else', () => {
    const seen = '22 + 44 é × − ÷ ½ ٣ 漢字 ไทย 💥 \\ “q” �';
    expect(printable(seen)).toBe(seen);
  });

  it('and nothing is blank that is not empty', () => {
    expect(printable('')).toBe('');
    expect(printable('   ')).toBe('\\x20\\x20\\x20');
    expect(printableLine('1+1\r\n')).toBe('1+1');
    expect(printableLine('1+1\n\n')).toBe('1+1\\n\\n');
    expect(printableLine('\n')).toBe('\\n');
    expect(printableLine('\r\n')).toBe('\\r\\n');
    expect(printableLine('  \n')).toBe('\\x20\\x20');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const shown = printable(text);
        return shown.trim() !== '' && !UNSEEN.test(shown);
      }),
    );
  });
});
