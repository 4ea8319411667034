/** What the bytes of a message are as text: UTF-8 (RFC 3629), as a person at a keyboard made it. */

import { isUtf8 } from 'node:buffer';
import { PREVIEW_BYTES } from '../trace/events.ts';

const BACKSPACE = 0x08;
const TAB = 0x09;
const SPACE = 0x20;
const DELETE = 0x7f;

/** Without U+FEFF at the head, which some programs put before all they write (RFC 3629, section 6). */
export function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** As it looks after the backspaces: each takes the character before it along. */
export function erased(bytes: Buffer): Buffer {
  if (!bytes.includes(BACKSPACE) && !bytes.includes(DELETE)) return bytes;
  const kept = Buffer.alloc(bytes.length);
  let length = 0;
  for (const byte of bytes) {
    if (byte !== BACKSPACE && byte !== DELETE) kept[length++] = byte;
    else if (length > 0) length -= lastCharacterLength(kept.subarray(0, length));
  }
  return kept.subarray(0, length);
}

/** Of a character that is whole; a stray byte counts for itself. */
function lastCharacterLength(bytes: Buffer): number {
  for (let length = 2; length <= Math.min(4, bytes.length); length++) {
    if (utf8Length(bytes[bytes.length - length]!) !== length) continue;
    return isUtf8(bytes.subarray(bytes.length - length)) ? length : 1;
  }
  return 1;
}

/** False if these bytes are no beginning of a text: not UTF-8, or with controls that nobody types. */
export function isTextSoFar(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte < SPACE && byte !== TAB && byte !== BACKSPACE) return false;
  }
  return isUtf8(bytes.subarray(0, bytes.length - unfinishedLength(bytes)));
}

/** The text behind the last byte that is none. */
export function textTail(bytes: Buffer): string {
  let start = bytes.length;
  while (start > 0 && bytes[start - 1]! >= SPACE && bytes[start - 1]! < DELETE) start -= 1;
  return bytes.toString('latin1', start);
}

/** How many bytes at the end are the beginning of a character whose other bytes are missing. */
function unfinishedLength(bytes: Buffer): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const expected = utf8Length(bytes[bytes.length - length]!);
    if (expected > length) return length;
    if (expected > 0) return 0;
  }
  return 0;
}

/** How long the character is that begins with this byte, by the byte alone; 0 if none does. */
function utf8Length(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

/**
 * Bytes to be shown, whatever they are: what is no UTF-8 as `\xff`. As much of them as the log shows,
 * and the first byte that is wrong, counted from 1.
 */
export function shownBytes(bytes: Buffer): { text: string; wrong: { at: number; byte: string } } {
  let text = '';
  let wrong: { at: number; byte: string } | undefined;
  for (let start = 0, end: number; start < bytes.length; start = end) {
    const first = bytes[start]!;
    end = start + utf8Length(first);
    const character = bytes.subarray(start, end);
    if (end > start && end <= bytes.length && isUtf8(character)) {
      text += character.toString('utf8');
    } else {
      end = start + 1;
      const hex = first.toString(16).padStart(2, '0');
      wrong ??= { at: end, byte: `0x${hex.toUpperCase()}` };
      text += `\\x${hex}`;
    }
    if (text.length >= PREVIEW_BYTES && wrong) break;
  }
  return { text: text.slice(0, PREVIEW_BYTES), wrong: wrong ?? { at: 0, byte: '' } };
}
