/**
 * The listening socket and its accept queue: slots with those who wait in them. A slot has a number only
 * where somebody saw the order; those who came between two readings of the kernel's table stand together.
 */

import type { WaitingSocket } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { Rect } from '../../geometry.ts';
import { count, said } from '../../words/words.ts';
import { lineHeight, textWidth, TextLine, wrapped, type Label, type StageType } from '../label.ts';
import { receiveBar } from './kernel-socket.ts';

interface SlotView {
  rect: Rect;
  /** From 1 at the left; it says nothing of the order in the queue. */
  key: number;
  /** Its place in the queue, 1 for the longest waiting; null where it is not known. */
  number: number | null;
  occupied: boolean;
  labels: Label[];
  words: string;
}

/** Where what is drawn comes from: the kernel's table, nowhere here, or no sample yet. */
type TruthMark = 'kernel' | 'not observable here' | 'not sampled yet';

export interface QueueView {
  rect: Rect;
  /** Something listens. */
  listening: boolean;
  mark: TruthMark;
  markRect: Rect | null;
  /** Connections in it; null: not known, or nothing listens. */
  depth: number | null;
  slots: SlotView[];
  /** Around slots of which nobody saw the order. */
  unordered: Rect[];
  labels: Label[];
  words: string;
}

/** What says that slots stand together because nobody saw their order, the longest that fits. */
const ORDER_UNKNOWN = [
  'framed: order unknown',
  'order unknown',
  'unordered',
  'no order',
  'order?',
] as const;

/** Slots hold ":53140"; at least so wide in characters. */
const SLOT_CHARACTERS = 6.6;

export function queueView(
  server: ServerState,
  rect: Rect,
  type: StageType,
  projector: boolean,
): QueueView {
  const pad = 0.5 * type.tiny;
  const place = { x: rect.x + pad, width: rect.width - 2 * pad };
  const listening = server.fd !== null;
  const mark = markOf(server);
  const depth = listening ? (server.kernel?.acceptQueue ?? null) : null;

  const title = new TextLine({ ...place, y: rect.y + 0.3 * pad }, type.large * 0.95);
  if (!listening) return closedDoor(server, { rect, mark, title, place }, type);
  title.left(`LISTEN :${server.port ?? '?'}`, { key: 'listen', bold: true, term: 'LISTEN' });
  const markLine = new TextLine(
    { x: title.at, y: title.y + 0.15 * type.large, width: title.room },
    type.tiny,
  );
  // "kernel" is small print; what cannot be known must be said in any mode.
  if (!projector || mark !== 'kernel') {
    markLine.right(mark, { key: 'mark', font: 'sans', tone: 'soft', term: mark, least: 6 });
  }
  const second = new TextLine({ ...place, y: title.y + lineHeight(title.size) }, type.text);
  second.left('accept queue', { key: 'name', font: 'sans', term: 'accept queue', least: 12 });
  const figure = depth === null ? '…' : count(depth);
  const backlog = server.backlog === null ? '' : ` / ${count(server.backlog)}`;
  const unknown = mark === 'not observable here' ? '' : `${figure}${backlog}`;
  second.right(unknown, { key: 'depth', bold: (depth ?? 0) > 0, term: 'backlog' });

  const top = second.y + lineHeight(second.size) + 0.2 * pad;
  const row = { ...place, y: top, height: Math.max(0, rect.y + rect.height - 0.5 * pad - top) };
  const slots = mark === 'not observable here' ? [] : slotViews(server, depth ?? 0, row, type);
  const unordered = framesOf(slots);
  if (unordered.length > 0) sayUnordered([second, markLine], type.tiny);
  const words =
    mark === 'not observable here'
      ? `LISTEN on port ${server.port ?? '?'}; accept queue ${mark}: ${server.unobservable ?? ''}`
      : `LISTEN on port ${server.port ?? '?'}; accept queue: ${figure} of ${server.backlog ?? '?'}${unordered.length > 0 ? ', in an order that is partly unknown' : ''}`;
  const [markLabel] = markLine.labels;
  return {
    rect,
    listening,
    mark,
    markRect: markLabel ? around(markLabel, 0.3 * type.tiny) : null,
    depth,
    slots: slots.map(({ slot }) => slot),
    unordered,
    labels: [...title.labels, ...markLine.labels, ...second.labels],
    words,
  };
}

function markOf(server: ServerState): TruthMark {
  if (server.unobservable !== null) return 'not observable here';
  return server.kernel === null ? 'not sampled yet' : 'kernel';
}

function closedDoor(
  server: ServerState,
  {
    rect,
    mark,
    title,
    place,
  }: {
    rect: Rect;
    mark: TruthMark;
    title: TextLine;
    place: { x: number; width: number };
  },
  type: StageType,
): QueueView {
  title.left('no listener', { key: 'listen', bold: true, tone: 'bad', term: 'LISTEN' });
  const why = 'the kernel refuses newcomers (RST)';
  const top = title.y + lineHeight(title.size);
  const lines = Math.floor((rect.y + rect.height - top) / lineHeight(type.text));
  const reason = wrapped(why, { ...place, y: top }, type.text, Math.max(1, lines), {
    key: 'why',
    tone: 'bad',
    term: 'RST',
  });
  const words = `no listener on port ${server.port ?? '?'}: ${why}`;
  const labels = [...title.labels, ...reason];
  return {
    rect,
    listening: false,
    mark,
    markRect: null,
    depth: null,
    slots: [],
    unordered: [],
    labels,
    words,
  };
}

interface Slot {
  slot: SlotView;
  /** Those with the same one stand together; null alone. */
  batch: number | null;
}

function slotViews(server: ServerState, depth: number, row: Rect, type: StageType): Slot[] {
  const gap = 0.3 * type.tiny;
  const width = SLOT_CHARACTERS * 0.6 * type.tiny + gap;
  const dots = 1.2 * type.tiny;
  const most = Math.max(1, Math.floor((row.width - dots + gap) / (width + gap)));
  const backlog = server.backlog ?? most;
  const drawn = Math.min(most, Math.max(1, backlog));
  const { waiting = [], unnamed = 0 } = server.kernel ?? {};
  const twoLines = row.height >= 2 * lineHeight(type.tiny);

  return Array.from({ length: drawn }, (_, index): Slot => {
    const rect = {
      x: row.x + index * (width + gap),
      y: row.y,
      width,
      height: row.height,
    };
    const place = index + 1;
    const occupied = place <= depth;
    const who = waiting[index];
    // In the last slot drawn the rest is counted.
    const rest = depth - drawn + 1;
    const isRest = place === drawn && rest > 1;
    const batch = occupied && who ? batchOf(waiting, index) : null;
    // With one in the queue of whom nothing is known, nobody's place is known.
    const isKnown =
      !isRest && batch === null && (!occupied || (who !== undefined && unnamed === 0));
    const number = isKnown ? place : null;
    const texts = isRest ? [`+${count(rest)}`] : occupied ? occupantTexts(who) : [String(place)];
    const lines = texts.filter((text) => text !== '').slice(0, twoLines ? 2 : 1);
    const top = row.y + (row.height - lines.length * lineHeight(type.tiny)) / 2;
    const labels = lines.flatMap((text, line) => {
      const space = Math.max(0, (width - Array.from(text).length * 0.6 * type.tiny) / 2);
      const at = { x: rect.x + space, y: top + line * lineHeight(type.tiny), width: width - space };
      const tone = occupied ? 'ink' : 'soft';
      const key = `slot-${place}-${line}`;
      return new TextLine(at, type.tiny).left(text, { key, tone, bold: occupied && line === 0 })
        .labels;
    });
    const slot = number === null ? 'at a place that nobody saw' : `slot ${number}`;
    const words = isRest
      ? `${count(rest)} more wait`
      : `${slot}: ${occupied ? occupantWords(who) : 'free'}`;
    const view = { rect, key: place, number, occupied, labels, words: said(words) };
    return { slot: view, batch };
  });
}

/** The batch of the one at this place if others are in it, else null. */
function batchOf(waiting: readonly WaitingSocket[], index: number): number | null {
  const batch = waiting[index]?.batch;
  return batch !== undefined && waiting.filter((each) => each.batch === batch).length > 1
    ? batch
    : null;
}

/** A frame around each run of slots that stand together. */
function framesOf(slots: readonly Slot[]): Rect[] {
  const frames: Rect[] = [];
  let last: number | null = null;
  for (const { slot, batch } of slots) {
    const frame = frames.at(-1);
    if (batch !== null && batch === last && frame)
      frame.width = slot.rect.x + slot.rect.width - frame.x;
    else if (batch !== null) frames.push({ ...slot.rect });
    last = batch;
  }
  return frames;
}

/** In the first of these lines in which there is room for the longest text that any has room for. */
function sayUnordered(lines: readonly TextLine[], size: number): void {
  for (const text of ORDER_UNKNOWN) {
    const line = lines.find(({ room }) => textWidth(text, size, 'sans', true) <= room);
    line?.left(text, { key: 'order', font: 'sans', bold: true, size, term: 'order unknown' });
    if (line) return;
  }
}

function occupantTexts(who: WaitingSocket | undefined): string[] {
  return who ? [`:${who.port}`, queueWords(who)] : ['?', 'RST'];
}

function occupantWords(who: WaitingSocket | undefined): string {
  if (!who) return 'one waits that was reset before it could be named';
  if (who.tcp === 'CLOSE') return `port ${who.port} has reset, and keeps its place until accept()`;
  const arrived = who.receive > 0 ? `, ${receiveBar(who, false).text} arrived` : '';
  return `port ${who.port} waits${arrived}`;
}

function queueWords(socket: WaitingSocket): string {
  if (socket.tcp === 'CLOSE') return 'RST';
  return socket.receive > 0 ? receiveBar(socket, false).text : '';
}

function around({ x, y, width, height }: Rect, pad: number): Rect {
  return { x: x - pad, y, width: width + 2 * pad, height };
}
