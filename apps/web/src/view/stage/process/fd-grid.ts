/**
 * Where the descriptors of select() are drawn: columns by fd; rows watched, readable, writable and
 * served. What is true of each comes from fd-bits.ts.
 */

import { fitSans, type Rect, type ShapePlace } from '../../geometry.ts';
import { count } from '../../words/words.ts';
import { firstThatFits, labelAt, textWidth, type Label, type StageType } from '../label.ts';
import { fdWords, UNREAD, type FdBits, type FdSets } from './fd-bits.ts';

export interface FdColumn extends FdBits {
  /** Its middle. */
  x: number;
  /** Its client's name or, for the listener, "listen"; and where its shape stands. Null where there is no room. */
  name: Label | null;
  shape: ShapePlace | null;
  /** The fd's number, small. */
  label: Label | null;
  /** Everything in words. */
  words: string;
}

interface FdRow {
  key: 'watched' | 'readable' | 'writable' | 'served';
  y: number;
  height: number;
  /** One or two lines. */
  labels: Label[];
}

/**
 * `full`: every column has its number. `narrow`: only those that matter have one. `front`: too many
 * to draw; those that matter have columns, the others are counted.
 */
export interface FdGrid {
  mode: 'full' | 'narrow' | 'front';
  columns: FdColumn[];
  /** Watched descriptors without a column. */
  hidden: number;
  rows: FdRow[];
  /** Side of a cell's square, and the distance of two columns. */
  cell: number;
  pitch: number;
  top: number;
  /** Where the rows' names begin, and their letters' size. */
  x: number;
  size: number;
  summary: Label | null;
  /** Where it is told what the hatched bars mean: the place of one, and of the words beside it. */
  legend: { mark: Rect; text: Rect } | null;
  /** Since when the longest of the unread ones waits, microseconds; null if there are none. */
  unreadSince: number | null;
  stale: boolean;
}

/** With more columns than this they are not drawn one by one. */
const COLUMNS_DRAWN = 41;

/** The height at which a grid has all it needs, in pixels. */
export function fdGridHeight(type: StageType, projector: boolean): number {
  const { small, space } = type;
  return 7.6 * small + 3 * rowHeights(type, projector).most + (projector ? 2 : 3.75) * space;
}

function rowHeights(
  { small, space }: StageType,
  projector: boolean,
): { least: number; most: number } {
  return projector
    ? { least: 1.05 * small, most: 1.8 * small }
    : { least: Math.max(1.2 * small, 1.125 * space), most: 2.375 * space };
}

/** Puts the grid into `rect`. Numbers and names never overlap; what has no room is left out. */
export function layoutFdGrid(
  sets: FdSets,
  rect: Rect,
  type: StageType,
  projector: boolean,
): FdGrid {
  const { tiny, small, text: base, space } = type;
  const nameWidth = textWidth('readable', small) + 0.375 * space;
  const left = rect.x + nameWidth;
  const available = rect.width - nameWidth;

  const { fds } = sets;
  /** How wide the columns of these must be for their numbers. */
  const widthOf = (some: readonly FdBits[]): number => {
    const digits = String(some.reduce((most, { fd }) => Math.max(most, fd), 10)).length;
    return Math.max(textWidth('0'.repeat(digits), tiny, 'mono'), 1.1 * small);
  };
  const listenWidth = textWidth('listen', small) + 4;
  const fits = (some: readonly FdBits[]): boolean =>
    some.length * (widthOf(some) + (projector ? 8 : 3)) <= available;

  const mode = fits(fds) ? 'full' : !projector && fds.length <= COLUMNS_DRAWN ? 'narrow' : 'front';
  const drawn = mode === 'front' ? inFront(fds, fits) : fds;
  const widest = mode === 'narrow' ? available : (projector ? 4 : 3) * space;
  const pitch = Math.min(widest, available / Math.max(1, drawn.length));

  let y = rect.y;
  let summary: Label | null = null;
  if (mode !== 'full') {
    const text = firstThatFits(summaries(sets), rect.width, base);
    if (text !== null) summary = labelAt(text, { x: rect.x, y: y + base }, base);
    y += 1.5 * base;
  }
  const top = y;
  const shape = Math.min(projector ? small : 1.125 * space, Math.max(pitch - 2, small));
  const nameY = y + shape + 1.05 * small;
  const numberY = nameY + 1.1 * tiny;
  const leader = mode === 'narrow' ? 0.75 * space : 0;
  const heights = rowHeights(type, projector);
  const bottom = rect.y + rect.height;
  const rest = (from: number, rows: number): boolean => bottom - from >= rows * heights.least;
  // The name is worth more than the number, the legend more than higher rows.
  const numbered = !projector && rest(numberY + 0.4 * small + leader, 4.25);
  y = (numbered ? numberY : nameY) + 0.4 * small + leader;
  const legend = rest(y + 1.3 * small, 4.25) ? legendPlace(rect, bottom, small) : null;
  const foot = legend === null ? bottom : bottom - 1.4 * small;

  const columns = drawn.map((bits, index): FdColumn => {
    const x = left + (index + 0.5) * pitch;
    const label = mode === 'narrow' ? null : place(bits, x, pitch);
    return { ...bits, x, ...(label ?? nothing), words: fdWords(bits, sets.stale) };
  });
  if (mode === 'narrow') {
    const wide = Math.max(widthOf(fds), shape) + 4;
    for (const [column, x] of dodge(columns, left, available, wide, listenWidth)) {
      Object.assign(column, place(column, x, wide));
    }
  }

  function place(
    bits: FdBits,
    x: number,
    width: number,
  ): Pick<FdColumn, 'label' | 'shape' | 'name'> {
    const number = { anchor: 'middle', font: 'mono' } as const;
    const label = numbered ? labelAt(String(bits.fd), { x, y: numberY }, tiny, number) : null;
    if (bits.listener) {
      // It may stand over the rows' names, where nothing else is.
      const name =
        mode === 'narrow' || pitch >= listenWidth
          ? labelAt('listen', { x, y: nameY }, small, { anchor: 'middle' })
          : labelAt('listen', { x: x + pitch / 2 - 3, y: nameY }, small, { anchor: 'end' });
      return { label, shape: null, name };
    }
    const text = fitSans(bits.client, (width - 3) / 1.08, small);
    const name = text === '' ? null : labelAt(text, { x, y: nameY }, small, { anchor: 'middle' });
    return { label, shape: { x, y: top + shape / 2, size: shape }, name };
  }

  const height = Math.max(heights.least, Math.min(heights.most, (foot - y) / 4.25));
  const fit = Math.floor((foot - y + 1) / heights.least);
  const rows = rowsThatFit(sets, fit).map((key, index): FdRow => {
    const rowY = y + index * height;
    const rowHeight =
      key === 'served' ? Math.max(0, Math.min(foot - rowY, 4 * space + small)) : height;
    const two = key !== 'watched' && key !== 'served' && height >= 2.2 * small;
    const middle = rowY + height / 2 + 0.28 * small;
    const labels = two
      ? [
          labelAt('returned', { x: rect.x, y: middle - 0.55 * small }, small),
          labelAt(key, { x: rect.x, y: middle + 0.55 * small }, small),
        ]
      : key === 'served'
        ? []
        : [labelAt(key, { x: rect.x, y: middle }, small)];
    return { key, y: rowY, height: rowHeight, labels };
  });
  const cell = Math.max(3, Math.min(pitch - (pitch < 12 ? 1.5 : 4), height - 4, 1.75 * small));
  const hidden = sets.watched - drawn.filter(({ fresh }) => !fresh).length;
  return {
    mode,
    columns,
    hidden,
    rows,
    cell,
    pitch,
    top,
    x: rect.x,
    size: small,
    summary,
    legend,
    unreadSince: fds.reduce<number | null>(
      (first, { unreadSince: since }) => (since === null ? first : Math.min(first ?? since, since)),
      null,
    ),
    stale: sets.stale,
  };
}

/** At the foot of the grid, over its whole width. */
function legendPlace(rect: Rect, bottom: number, small: number): FdGrid['legend'] {
  const y = bottom - 1.2 * small;
  const side = 0.9 * small;
  const x = rect.x + 1.4 * side;
  return {
    mark: { x: rect.x, y: y + 0.15 * small, width: side, height: side },
    text: { x, y, width: rect.x + rect.width - x, height: 1.2 * small },
  };
}

/** What the hatched bars mean, and how long the longest of them has waited, in microseconds. */
export function legendLabel({ legend, columns, size }: FdGrid, waited: number): Label | null {
  if (!legend) return null;
  const unread = columns.filter(({ unreadSince }) => unreadSince !== null).length;
  const texts = [
    `${unread > 1 ? `${count(unread)} ` : ''}${UNREAD}: ${unread > 1 ? 'longest ' : ''}${waitWords(waited)}`,
    `${unread > 1 ? `${count(unread)} ` : ''}${UNREAD}: ${waitWords(waited)}`,
    `not asked yet: ${waitWords(waited)}`,
  ];
  const text = firstThatFits(texts, legend.text.width, size, 'sans', true);
  if (text === null) return null;
  return labelAt(text, { x: legend.text.x, y: legend.text.y + 0.93 * size }, size);
}

/** All rows, or the most telling ones where the grid is low. */
function rowsThatFit({ fds }: FdSets, most: number): FdRow['key'][] {
  const rows = ['watched', 'readable', 'writable', 'served'] as const;
  const writes = fds.some(({ watchedWrite, writable }) => watchedWrite || writable !== 'none');
  const order = writes
    ? (['readable', 'watched', 'writable', 'served'] as const)
    : (['readable', 'watched', 'served', 'writable'] as const);
  const kept = new Set<FdRow['key']>(order.slice(0, Math.max(1, most)));
  return rows.filter((key) => kept.has(key));
}

const nothing = { label: null, shape: null, name: null };

/** What of the grid is said in a line when not every column can say it. */
function summaries({ watched, readable, writable, stale }: FdSets): string[] {
  const ready = `${count(readable)} returned readable`;
  const both = writable > 0 ? `${ready}, ${count(writable)} writable` : ready;
  return stale
    ? [
        `${count(watched)} watched (last: ${both})`,
        `${count(watched)} watched, last ${count(readable)} ready`,
        `${count(watched)} watched`,
      ]
    : [
        `${count(watched)} watched, ${both}`,
        `${count(watched)} watched, ${count(readable + writable)} ready`,
        `${count(readable + writable)} of ${count(watched)} ready`,
        `${count(readable + writable)} ready`,
      ];
}

/** How much a column matters: what the thread is at, who waits, who was ready, the others. */
function rank({
  current,
  waiting,
  unreadSince,
  served,
  fresh,
  listener,
  readable,
  writable,
}: FdBits): number {
  if (current) return 0;
  if (waiting || unreadSince !== null) return 1;
  if (served || readable === 'set' || writable === 'set') return 2;
  if (fresh) return 3;
  return listener ? 4 : 5;
}

/** The listener and those that matter most, as many as fit, in the order of their numbers. */
function inFront(fds: readonly FdBits[], fits: (some: readonly FdBits[]) => boolean): FdBits[] {
  const listener = fds.filter((bits) => bits.listener);
  const others = fds
    .filter((bits) => !bits.listener && rank(bits) < 5)
    .sort((a, b) => rank(a) - rank(b));
  const chosen: FdBits[] = [];
  for (const bits of others) {
    if (!fits([...listener, ...chosen, bits])) break;
    chosen.push(bits);
  }
  return [...listener, ...chosen.sort((a, b) => a.fd - b.fd)];
}

/** Gives those that matter a place for their label near their column, without overlap. */
function dodge(
  columns: readonly FdColumn[],
  left: number,
  width: number,
  labelWidth: number,
  listenWidth: number,
): [FdColumn, number][] {
  const wide = (column: FdColumn): number => (column.listener ? listenWidth : labelWidth);
  let free = width;
  const chosen = new Set<FdColumn>();
  for (const column of columns.toSorted((a, b) => rank(a) - rank(b))) {
    if (rank(column) > 4 || wide(column) > free) continue;
    free -= wide(column);
    chosen.add(column);
  }
  const placed = columns.filter((column) => chosen.has(column));
  const from: number[] = [];
  let edge = left;
  for (const [index, column] of placed.entries()) {
    from[index] = Math.max(edge, column.x - wide(column) / 2);
    edge = from[index] + wide(column);
  }
  edge = left + width;
  for (let index = placed.length - 1; index >= 0; index -= 1) {
    from[index] = Math.min(from[index]!, edge - wide(placed[index]!));
    edge = from[index]!;
  }
  return placed.map((column, index) => [column, from[index]! + wide(column) / 2]);
}

/** How long the ready ones wait, 0 to 1 on a logarithmic scale: a millisecond a little, 10 s all of it. */
export function waitLength(micros: number): number {
  return Math.max(0.06, Math.min(1, Math.log10(1 + Math.max(0, micros) / 1000) / 4));
}

/** A wait in few characters: "840 µs", "12 ms", "1.2 s". */
export function waitWords(micros: number): string {
  if (micros < 1000) return `${Math.max(0, Math.round(micros))} µs`;
  if (micros < 999_500) return `${Math.round(micros / 1000)} ms`;
  return `${(micros / 1_000_000).toFixed(micros < 9_950_000 ? 1 : 0)} s`;
}

/** The name of the last row; while somebody waits it says how long (`waited`, microseconds). */
export function servedLabels({ rows, x, size }: FdGrid, waited: number | null): Label[] {
  const row = rows.find(({ key }) => key === 'served');
  if (!row) return [];
  const lines = Math.floor((row.height + 0.1 * size) / (1.15 * size));
  const texts = waited === null ? ['served'] : ['served', 'waiting', waitWords(waited)];
  return texts
    .slice(Math.max(0, texts.length - lines))
    .slice(0, Math.max(0, lines))
    .map((text, index) => labelAt(text, { x, y: row.y + (1 + 1.15 * index) * size }, size));
}
