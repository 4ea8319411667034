/**
 * The listening socket and its accept queue: slots with those who wait in them. A slot has a number only
 * where somebody saw the order; those who came between two readings of the kernel's table stand together.
 */

import type { WaitingSocket } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { Point, Rect, ShapePlace } from '../../geometry.ts';
import type { Identity } from '../../identity.ts';
import type { ClientRows, ClientRowView } from '../../panel/client-rows.ts';
import { queueWords } from '../../words/waiting.ts';
import { count, said } from '../../words/words.ts';
import {
  firstThatFits,
  lineHeight,
  textWidth,
  TextLine,
  wrapped,
  type Label,
  type LabelOptions,
  type StageType,
} from '../label.ts';
import { receiveBar } from './kernel-socket.ts';

interface SlotView {
  rect: Rect;
  /** From 1 at the left; it says nothing of the order in the queue. */
  key: number;
  /** Its place in the queue, 1 for the longest waiting; null where it is not known. */
  number: number | null;
  occupied: boolean;
  /** Whom accept will take at this place, and where its shape stands; null where that is not known. */
  identity: Identity | null;
  shape: ShapePlace | null;
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
  /** It is longer than its backlog: the kernel drops the SYN of whoever comes. */
  full: boolean;
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

/** What says that nobody else gets in, the longest that fits. */
const FULL = ['full: newcomers get no answer', 'full: no answer', 'full'] as const;

/** Slots hold ":53140"; at least so wide in characters. */
const SLOT_CHARACTERS = 6.6;

export function queueView(
  server: ServerState,
  rect: Rect,
  type: StageType,
  projector: boolean,
  rows: ClientRows,
): QueueView {
  const pad = 0.5 * type.tiny;
  const place = { x: rect.x + pad, width: rect.width - 2 * pad };
  const listening = server.fd !== null;
  const mark = markOf(server);
  const depth = listening ? (server.kernel?.acceptQueue ?? null) : null;
  // Linux lets in one more than the backlog says.
  const full = server.backlog !== null && (depth ?? 0) > server.backlog;

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
  const figure = depth === null ? '…' : count(depth);
  const backlog = server.backlog === null ? '' : ` / ${count(server.backlog)}`;
  const unknown = mark === 'not observable here' ? '' : `${figure}${backlog}`;
  const waits = queueSentence(server, rows.now);
  // How long they wait is worth more than how many there may be.
  const shortest = waits.at(-2);
  const beside = monoWidthOf(unknown, type.text) + 0.5 * type.text;
  if (shortest === undefined || textWidth(shortest, type.text) <= second.room - beside) {
    second.right(unknown, { key: 'depth', bold: (depth ?? 0) > 0, term: 'backlog' });
  }
  const sentence = firstThatFits(waits, second.room, type.text);
  const bold = sentence !== null && textWidth(sentence, type.text, 'sans', true) <= second.room;
  const name = { key: 'name', font: 'sans', term: 'accept queue', least: 12 } as const;
  second.left(sentence ?? 'accept queue', { ...name, bold });
  if (full) {
    const options = { key: 'full', tone: 'bad', term: 'full queue' } as const;
    sayFirst([markLine, second], FULL, type.tiny, options);
  }

  const top = second.y + lineHeight(second.size) + 0.2 * pad;
  const row = { ...place, y: top, height: Math.max(0, rect.y + rect.height - 0.5 * pad - top) };
  const slots =
    mark === 'not observable here' ? [] : slotViews(server, depth ?? 0, row, type, rows.present);
  const unordered = framesOf(slots);
  if (unordered.length > 0) {
    const options = { key: 'order', term: 'order unknown' };
    sayFirst([second, markLine], ORDER_UNKNOWN, type.tiny, options);
  }
  const words =
    mark === 'not observable here'
      ? `LISTEN on port ${server.port ?? '?'}; accept queue ${mark}: ${server.unobservable ?? ''}`
      : `LISTEN on port ${server.port ?? '?'}; accept queue: ${figure} of ${server.backlog ?? '?'}${full ? ', full: newcomers get no answer' : ''}${unordered.length > 0 ? ', in an order that is partly unknown' : ''}`;
  const [markLabel] = markLine.labels;
  return {
    rect,
    listening,
    mark,
    markRect: markLabel ? around(markLabel, 0.3 * type.tiny) : null,
    depth,
    full,
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
  const told = (text: string): Label[] =>
    wrapped(text, { ...place, y: top }, type.text, Math.max(1, lines), {
      key: 'why',
      tone: 'bad',
      term: 'RST',
    });
  const isWhole = (text: string): boolean =>
    told(text)
      .map((line) => line.text)
      .join(' ') === text;
  const reason = told(isWhole(why) ? why : 'newcomers get RST');
  const words = `no listener on port ${server.port ?? '?'}: ${why}`;
  const labels = [...title.labels, ...reason];
  return {
    rect,
    listening: false,
    mark,
    markRect: null,
    depth: null,
    full: false,
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

/** How many wait and how long the longest of them, from the longest words to the shortest; none if nobody does. */
function queueSentence(server: ServerState, now: number): string[] {
  const sentence = queueWords(server, now);
  if (sentence === null) return [];
  const brief = queueWords(server, now, '') ?? '';
  return [sentence, `accept queue: ${brief}`, brief, brief.replace(' longest', '')];
}

function slotViews(
  server: ServerState,
  depth: number,
  row: Rect,
  type: StageType,
  present: readonly ClientRowView[],
): Slot[] {
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
    const client = isRest || !who ? undefined : present.find(({ queued }) => queued === who);
    const identity = client?.identity ?? null;
    const texts = isRest
      ? [`+${count(rest)}`]
      : occupied
        ? occupantTexts(who, identity === null ? '' : (client?.name ?? ''), twoLines)
        : [String(place)];
    const lines = texts.filter((text) => text !== '').slice(0, twoLines ? 2 : 1);
    const top = row.y + (row.height - lines.length * lineHeight(type.tiny)) / 2;
    // Beside a name stands its shape.
    const shapeSize = identity === null ? 0 : 1.1 * type.tiny;
    const textRoom = width - shapeSize - 0.3 * type.tiny;
    const first = Math.min(textRoom, monoWidthOf(lines[0] ?? '', type.tiny));
    const shape =
      identity === null
        ? null
        : {
            x: rect.x + (width - first) / 2,
            y: top + 0.5 * lineHeight(type.tiny),
            size: shapeSize,
          };
    const labels = lines.flatMap((text, line) => {
      const named = line === 0 && shape !== null;
      const free = named ? textRoom : width;
      const middle = Math.max(0, (free - monoWidthOf(text, type.tiny)) / 2);
      const space = middle + (named ? width - textRoom : 0);
      const at = { x: rect.x + space, y: top + line * lineHeight(type.tiny), width: width - space };
      const tone = occupied ? 'ink' : 'soft';
      const key = `slot-${place}-${line}`;
      return new TextLine(at, type.tiny).left(text, { key, tone, bold: occupied && line === 0 })
        .labels;
    });
    const slot = number === null ? 'at a place that nobody saw' : `slot ${number}`;
    const words = isRest
      ? `${count(rest)} more wait`
      : `${slot}: ${occupied ? occupantWords(who, client) : 'free'}`;
    const view = {
      rect,
      key: place,
      number,
      occupied,
      identity,
      shape,
      labels,
      words: said(words),
    };
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
function sayFirst(
  lines: readonly TextLine[],
  texts: readonly string[],
  size: number,
  options: LabelOptions,
): void {
  for (const text of texts) {
    const line = lines.find(({ room }) => textWidth(text, size, 'sans', true) <= room);
    line?.left(text, { font: 'sans', bold: true, size, ...options });
    if (line) return;
  }
}

/** One or two lines: who it is, and what arrived of it. */
function occupantTexts(who: WaitingSocket | undefined, name: string, two: boolean): string[] {
  if (!who) return ['?', 'RST'];
  const arrived = arrivedWords(who);
  if (name === '') return [`:${who.port}`, arrived];
  // Where there is one line: that it is gone is more than who it was.
  if (!two && arrived === 'RST') return [`${name} RST`];
  return [name, arrived === '' ? `:${who.port}` : arrived];
}

function occupantWords(who: WaitingSocket | undefined, client: ClientRowView | undefined): string {
  if (!who) return 'one waits that was reset before it could be named';
  const name = client?.name ?? '';
  const known = `${name === '' ? '' : `${name}, `}port ${who.port}`;
  if (who.tcp === 'CLOSE') return `${known} has reset, and keeps its place until accept()`;
  const arrived = who.receive > 0 ? `, ${receiveBar(who, false).text} arrived` : '';
  return `${known} waits${arrived}`;
}

function arrivedWords(socket: WaitingSocket): string {
  if (socket.tcp === 'CLOSE') return 'RST';
  return socket.receive > 0 ? receiveBar(socket, false).text : '';
}

function monoWidthOf(text: string, size: number): number {
  return textWidth(text, size, 'mono');
}

/** The way of the RST with which the kernel refuses a client: out of the closed door, back to its card at `to`. */
export function refusalPath({ rect }: QueueView, to: Point): Point[] {
  const gutter = (to.x + rect.x) / 2;
  const y = rect.y + 0.5 * rect.height;
  return [
    { x: rect.x + 3, y },
    { x: gutter, y },
    { x: gutter, y: to.y },
    { x: to.x + 2, y: to.y },
  ];
}

function around({ x, y, width, height }: Rect, pad: number): Rect {
  return { x: x - pad, y, width: width + 2 * pad, height };
}
