/** The bytes of an echo's stream as they went by: which are known, as what characters they read. */

import type { ConnectionState, Segment, ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { printable } from '@sockscope/tcp-core/trace/printable';

export interface ByteCell {
  offset: number;
  /** Null where no preview has it. */
  byte: number | null;
  /** The character that begins here; '' in the later bytes of one. */
  text: string;
  /** It belongs to the character that began in the cell before. */
  joined: boolean;
  /** It has gone back to the client. */
  sent: boolean;
}

/** Cells in a row, or bytes that are not drawn. */
export type StripPart =
  | { kind: 'cells'; offset: number; cells: ByteCell[] }
  | { kind: 'gap'; offset: number; bytes: number };

/** The connection whose bytes moved last, open or ended; null before the first byte. */
export function ribbonConnection(server: ServerState): ConnectionState | null {
  let found: ConnectionState | null = null;
  let newest = -1;
  for (const connection of [...server.ended, ...Object.values(server.connections)]) {
    const { received, sent } = connection.segments;
    const t = Math.max(received.at(-1)?.t ?? -1, sent.at(-1)?.t ?? -1);
    if (t < newest || received.length === 0) continue;
    newest = t;
    found = connection;
  }
  return found;
}

/**
 * The end of the stream in at most `width` cells, of which a gap takes `gap`: the last recvs, whole
 * where they fit, else their beginning and how many bytes more there are.
 */
export function stripOf(connection: ConnectionState, width: number, gap: number): StripPart[] {
  const { received } = connection.segments;
  const newest = received.at(-1);
  if (!newest) return [];
  const parts: StripPart[] = [];
  let left = width;

  // Bytes that were only counted since (a rush is summed up).
  const end = newest.offset + newest.bytes;
  const counted = connection.received.bytes - end;
  if (counted > 0) {
    parts.unshift({ kind: 'gap', offset: end, bytes: counted });
    left -= gap;
  }
  let next = end;
  for (let index = received.length - 1; index >= 0; index -= 1) {
    const segment = received[index]!;
    if (segment.offset + segment.bytes !== next) break;
    const before = received[index - 1];
    const isLast = index === received.length - 1;
    // The newest leaves room for the one before it, so that two recvs can be seen side by side.
    const kept = isLast && before ? Math.min(before.bytes, gap + 2) : 0;
    const most = left - kept >= gap + 2 ? left - kept : left;
    // Of an earlier recv its end is enough: there the next one begins.
    if (!isLast && segment.bytes > left && segment.bytes <= segment.preview.length) {
      const offset = next - left;
      if (left > 0)
        parts.unshift({ kind: 'cells', offset, cells: cellsOf(connection, offset, left) });
      break;
    }
    const cut = partsOf(connection, segment, most, gap);
    if (!cut) break;
    parts.unshift(...cut.parts);
    left -= cut.cells;
    next = segment.offset;
  }
  return parts;
}

function partsOf(
  connection: ConnectionState,
  segment: Segment,
  most: number,
  gap: number,
): { parts: StripPart[]; cells: number } | null {
  const { offset, bytes, preview } = segment;
  const known = preview.length;
  if (bytes <= most && bytes <= known) {
    return {
      parts: [{ kind: 'cells', offset, cells: cellsOf(connection, offset, bytes) }],
      cells: bytes,
    };
  }
  const head = Math.min(most - gap, known, bytes - 1);
  if (head < 1) return null;
  return {
    parts: [
      { kind: 'cells', offset, cells: cellsOf(connection, offset, head) },
      { kind: 'gap', offset: offset + head, bytes: bytes - head },
    ],
    cells: head + gap,
  };
}

/** The bytes from `offset` on. A character that two recvs split is still one character. */
function cellsOf(connection: ConnectionState, offset: number, length: number): ByteCell[] {
  const from = Math.max(0, offset - 3);
  const bytes: (number | null)[] = [];
  for (let at = from; at < offset + length + 3; at += 1) bytes.push(byteAt(connection, at));
  const sent = connection.sent.bytes;
  return charactersOf(bytes)
    .slice(offset - from, offset - from + length)
    .map((character, index) => ({
      offset: offset + index,
      byte: bytes[offset - from + index] ?? null,
      ...character,
      sent: offset + index < sent,
    }));
}

function byteAt({ segments }: ConnectionState, at: number): number | null {
  for (const { offset, preview } of [...segments.received, ...segments.sent]) {
    if (at >= offset && at < offset + preview.length) return preview.charCodeAt(at - offset) & 0xff;
  }
  return null;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8, byte by byte: a character's text stands at its first byte, the others are joined to it. */
export function charactersOf(
  bytes: readonly (number | null)[],
): { text: string; joined: boolean }[] {
  const cells: { text: string; joined: boolean }[] = [];
  while (cells.length < bytes.length) {
    const first = bytes[cells.length] ?? null;
    const length = first === null ? 1 : utf8Length(first);
    const whole = bytes.slice(cells.length, cells.length + length);
    const text = first === null ? '' : decoded(whole);
    cells.push({ text: text ?? UNREADABLE, joined: false });
    if (text === null) continue;
    for (let more = 1; more < whole.length; more += 1) cells.push({ text: '', joined: true });
  }
  return cells;
}

/** A byte that is no character, and a character that cannot be seen. */
const UNREADABLE = '·';
const ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function utf8Length(first: number): number {
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

/** The one character that these bytes are; null if they are none. */
function decoded(bytes: readonly (number | null)[]): string | null {
  if (bytes.includes(null)) return null;
  try {
    const text = strict.decode(Uint8Array.from(bytes as number[]));
    const escape = ESCAPES[text];
    if (escape !== undefined) return escape;
    return text === ' ' || printable(text) === text ? text : UNREADABLE;
  } catch {
    return null;
  }
}
