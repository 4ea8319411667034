/**
 * Server 4's bytes: one strip of the stream, a cell a byte, with what each recv took above it and
 * what each send gave back below it. An echo: both directions have the same bytes and offsets.
 */

import type { ConnectionState, Segment, ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { Rect, ShapePlace } from '../../geometry.ts';
import { connectionIdentity, identityWords, type Identity } from '../../identity.ts';
import { count, counted } from '../../words/words.ts';
import {
  firstThatFits,
  labelAt,
  textWidth,
  type Font,
  type Label,
  type StageType,
} from '../label.ts';
import { ribbonConnection, stripOf, type ByteCell, type StripPart } from './byte-strip.ts';

export interface Bracket {
  x: number;
  width: number;
  /** "9 B" or less of it; null where not even the number fits. */
  label: Label | null;
  /** `waits`: received and not sent back yet. */
  kind: 'recv' | 'send' | 'waits';
}

export interface ByteRibbon {
  connection: ConnectionState;
  identity: Identity;
  title: Label;
  /** The place of its identity's shape. */
  shape: ShapePlace;
  cells: (ByteCell & { x: number; hex: Label | null; character: Label | null })[];
  gaps: { x: number; width: number; labels: Label[] }[];
  cellWidth: number;
  /** Of the strip. */
  y: number;
  height: number;
  above: Bracket[];
  below: Bracket[];
  aboveY: number;
  belowY: number;
  /** Row names and offsets. */
  labels: Label[];
  /** Everything in words. */
  words: string;
}

/** The height that a ribbon needs, in pixels; `low`: without the hexadecimal row. */
export function ribbonHeight({ small }: StageType, projector: boolean, low = false): number {
  return low ? 6.3 * small : projector ? 8.1 * small : 9.1 * small;
}

/** Puts the ribbon into `rect`; null before the first byte or if nothing fits. */
export function layoutByteRibbon(
  server: ServerState,
  rect: Rect,
  type: StageType,
  projector: boolean,
): ByteRibbon | null {
  const connection = ribbonConnection(server);
  if (!connection) return null;
  const { small, space } = type;
  const nameWidth = textWidth('waits', small) + 0.25 * space;
  const cellWidth = textWidth('00', small, 'mono') + 3;
  const left = rect.x + nameWidth;
  const fitting = Math.floor((rect.width - nameWidth) / cellWidth);
  const longest = count(Math.max(...connection.segments.received.map(({ bytes }) => bytes)));
  const gapWidth = Math.max(textWidth(`… ${longest}`, small), textWidth('more …', small));
  const gapCells = Math.ceil((gapWidth + 6) / cellWidth);
  const strip = stripOf(connection, fitting, gapCells);
  if (strip.length === 0) return null;

  const shapeSize = 1.1 * small;
  const titleY = rect.y + small;
  const title = titleOf(connection, rect, shapeSize, titleY, small);
  const low = rect.height < ribbonHeight(type, projector);
  const aboveY = titleY + (low ? 0.35 : 0.6) * small;
  const y = aboveY + 1.05 * small + 0.55 * small + 2;
  const height = (low ? 1.3 : 2.5) * small;
  const characterY = y + (low ? 1 : 2.15) * small;
  const belowY = y + height + (projector ? 0.1 : 1.15) * small;

  const cells: ByteRibbon['cells'] = [];
  const gaps: ByteRibbon['gaps'] = [];
  /** Where each part of the stream is drawn. */
  const places: { offset: number; bytes: number; x: number; width: number }[] = [];
  let x = left;
  for (const part of strip) {
    const bytes = part.kind === 'gap' ? part.bytes : part.cells.length;
    const width = (part.kind === 'gap' ? gapCells : bytes) * cellWidth;
    places.push({ offset: part.offset, bytes, x, width });
    if (part.kind === 'gap') {
      const center = x + width / 2;
      const text = firstThatFits([`… ${count(bytes)}`, count(bytes)], width, small) ?? '…';
      const labels = [middle(text, center, y + small, small)];
      if (!low) labels.push(middle('more …', center, characterY, small));
      gaps.push({ x, width, labels });
    } else {
      for (const [index, cell] of part.cells.entries()) {
        const at = x + (index + 0.5) * cellWidth;
        const hex = cell.byte?.toString(16).padStart(2, '0') ?? null;
        cells.push({
          ...cell,
          x: x + index * cellWidth,
          hex: hex === null || low ? null : middle(hex, at, y + small, small, 'mono'),
          character: cell.text === '' ? null : middle(cell.text, at, characterY, small, 'mono'),
        });
      }
    }
    x += width;
  }

  const first = strip[0]!.offset;
  const last = Math.max(...places.map(({ offset, bytes }) => offset + bytes));
  const xOf = (offset: number): number => {
    const place = places.findLast((candidate) => candidate.offset <= offset) ?? places[0]!;
    return place.x + (place.width * Math.min(offset - place.offset, place.bytes)) / place.bytes;
  };
  const bracket = (kind: Bracket['kind'], offset: number, bytes: number): Bracket | null => {
    const from = Math.max(offset, first);
    const to = Math.min(offset + bytes, last);
    if (from >= to) return null;
    const start = xOf(from) + 1.5;
    const width = xOf(to) - start - 1.5;
    const labelY = kind === 'recv' ? aboveY + 0.85 * small : belowY + 0.55 * small + 1 * small;
    const text = firstThatFits(
      [counted(bytes, 'byte'), `${count(bytes)} B`, count(bytes)],
      width + 3,
      small,
    );
    const label = text === null ? null : middle(text, start + width / 2, labelY, small);
    return { x: start, width, label, kind };
  };
  const isBracket = (candidate: Bracket | null): candidate is Bracket => candidate !== null;
  const { received, sent } = connection.segments;
  const above = received
    .map(({ offset, bytes }) => bracket('recv', offset, bytes))
    .filter(isBracket);
  const below = sent.map(({ offset, bytes }) => bracket('send', offset, bytes)).filter(isBracket);
  const waits = connection.received.bytes - connection.sent.bytes;
  const waiting = waits > 0 ? bracket('waits', connection.sent.bytes, waits) : null;
  if (waiting) below.push(waiting);

  const nameAt = (text: string, baseline: number): Label =>
    labelAt(text, { x: rect.x, y: baseline }, small);
  const labels = [
    nameAt('recv', aboveY + 0.85 * small),
    nameAt(
      below.length > 0 && below.every(({ kind }) => kind === 'waits') ? 'waits' : 'send',
      belowY + 0.55 * small + 1 * small,
    ),
  ];
  if (!projector) {
    labels.push(...offsets(strip, xOf, y + height + 1.05 * small, small, rect));
    labels.push(nameAt('byte', y + height + 1.05 * small));
  }
  const identity = connectionIdentity(server.id, connection.id);
  return {
    connection,
    identity,
    title,
    shape: { x: rect.x + shapeSize / 2, y: titleY - 0.35 * small, size: shapeSize },
    cells,
    gaps,
    cellWidth,
    y,
    height,
    above,
    below,
    aboveY,
    belowY,
    labels,
    words: ribbonWords(connection, identity),
  };
}

function middle(text: string, x: number, y: number, size: number, font: Font = 'sans'): Label {
  return labelAt(text, { x, y }, size, { anchor: 'middle', font });
}

function titleOf(
  connection: ConnectionState,
  rect: Rect,
  shapeSize: number,
  y: number,
  size: number,
): Label {
  const { fd, received, sent, end } = connection;
  const who = `fd ${fd}${end ? ', closed' : ''}`;
  const x = rect.x + 1.3 * shapeSize;
  const waits = received.bytes - sent.bytes;
  const text = firstThatFits(
    [
      `${who}: ${counted(received.bytes, 'byte')} in, ${count(sent.bytes)} out${waits > 0 ? `, ${count(waits)} wait` : ''}`,
      `${who}: ${count(received.bytes)} in, ${count(sent.bytes)} out`,
      who,
    ],
    rect.x + rect.width - x,
    size,
  );
  return labelAt(text ?? who, { x, y }, size);
}

/** The offset of each recv's first byte, where it has room. */
function offsets(
  strip: readonly StripPart[],
  xOf: (offset: number) => number,
  y: number,
  size: number,
  rect: Rect,
): Label[] {
  const labels: Label[] = [];
  let edge = -Infinity;
  for (const { offset, kind } of strip) {
    const label = labelAt(count(offset), { x: xOf(offset) + 2, y }, size);
    const end = label.x + label.width;
    if (kind === 'gap' || label.x < edge || end > rect.x + rect.width) continue;
    labels.push(label);
    edge = end + 0.5 * size;
  }
  return labels;
}

function ribbonWords(connection: ConnectionState, identity: Identity): string {
  const { fd, segments, received, sent } = connection;
  const flow = (call: string, list: readonly Segment[]): string =>
    list.length === 0
      ? `no ${call} yet`
      : `the last ${list.length === 1 ? call : `${list.length} ${call}s`}: ${list.map(({ bytes }) => count(bytes)).join(', ')} bytes`;
  const waits = received.bytes - sent.bytes;
  return [
    `Bytes of fd ${fd}, ${identityWords(identity)}`,
    flow('recv', segments.received),
    flow('send', segments.sent),
    waits > 0 ? `${counted(waits, 'byte')} not sent back yet` : 'everything sent back',
  ].join('; ');
}
