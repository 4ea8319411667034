/** How much an event is as JSON, counted without writing it: every event passes here. */

import type { LabEvent } from './events.ts';

/**
 * The bytes of the event as JSON in UTF-8. Exact for whole numbers and for text up to U+07FF, which is
 * all that a preview holds; at most a third too many for other text.
 */
export function eventBytes(event: LabEvent): number {
  return valueBytes(event);
}

function valueBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return textBytes(value);
    case 'number':
      return numberBytes(value);
    case 'boolean':
      return value ? 4 : 5;
    case 'object':
      if (value === null) return 4;
      return Array.isArray(value)
        ? listBytes(value)
        : objectBytes(value as Record<string, unknown>);
    default:
      return 0;
  }
}

/** Brackets, and a comma between two. */
function listBytes(list: readonly unknown[]): number {
  let bytes = Math.max(2, list.length + 1);
  for (const value of list) bytes += valueBytes(value);
  return bytes;
}

/** Braces, and of each member the quotes, the colon and a comma. */
function objectBytes(object: Record<string, unknown>): number {
  let bytes = 1;
  for (const key in object) bytes += key.length + 4 + valueBytes(object[key]);
  return Math.max(bytes, 2);
}

function numberBytes(number: number): number {
  if (!Number.isInteger(number)) return String(number).length;
  let bytes = number < 0 ? 2 : 1;
  for (let rest = Math.abs(number); rest >= 10; rest /= 10) bytes += 1;
  return bytes;
}

/** RFC 8259 section 7: quotes and backslashes are escaped, and what is below U+0020. */
function textBytes(text: string): number {
  let bytes = 2;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) bytes += code < 0x800 ? 2 : 3;
    else if (code >= 0x20) bytes += code === 0x22 || code === 0x5c ? 2 : 1;
    else bytes += isShort(code) ? 2 : 6;
  }
  return bytes;
}

/** `\b`, `\t`, `\n`, `\f`, `\r`: the others are written `\u0000`. */
function isShort(code: number): boolean {
  return code >= 0x08 && code <= 0x0d && code !== 0x0b;
}
