/**
 * Makes text from a client safe to show: whatever is invisible or reorders text becomes a visible
 * escape (`\n`, `\x1b`, `\xa0`, `\u202e`, `\u{e0041}`), and so do the spaces of a text of nothing
 * but spaces. Other spaces stay as they are.
 *
 * Source: Unicode, UAX #44 (General_Category, Default_Ignorable_Code_Point) and UAX #9 (bidirectional
 * controls); ECMA-48 (C0 and C1 control functions).
 */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  const shown = text.replace(UNSEEN, escapeEach);
  return BLANK.test(shown) ? shown.replaceAll(' ', '\\x20') : shown;
}

/** The same for a message: without the line end that every line has, unless that is all there is. */
export function printableLine(text: string): string {
  return printable(text.replace(/(?<=[^\r\n])\r?\n$/, ''));
}

/**
 * \p{C}: controls, formats such as direction marks and tags, surrogates, private and unassigned
 * characters. \p{Z} but for U+0020: spaces and separators. \p{DI}: what fonts draw as nothing, such
 * as variation selectors and Hangul fillers. Then what is drawn as an empty place: the Braille blank,
 * the null notehead, the Egyptian blanks, the Khitan filler. And combining marks that
 * have no visible character before them to combine with.
 */
const UNSEEN =
  /[\p{C}\p{DI}\u2800\u{1d159}\u{13441}\u{13442}]|\u{16fe4}|(?! )\p{Z}|(?<=^|[\p{C}\p{DI}\p{Z}\u2800\u{1d159}\u{13441}\u{13442}])\p{M}+/gu;

/** Nearly all text; much faster to see than what is unseen. */
const PLAIN = /^[!-~][ -~]*$/;

const BLANK = /^ +$/;

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };

function escapeEach(characters: string): string {
  return Array.from(characters, escape).join('');
}

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return SHORT[character] ?? `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}
