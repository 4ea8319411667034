/** Where the timeline's texts go: beside their marks, and never over each other. */

import { fitMono, monoWidth } from '../geometry.ts';
import { inDigits } from '../words/words.ts';
import type { Span } from './items.ts';
import type { PlacedMark, PlacedSpan, PlotSize } from './placed.ts';
import type { Tick } from './ticks.ts';

export interface PlacedText {
  text: string;
  x: number;
  /** Its middle. */
  y: number;
  width: number;
  bad: boolean;
  /** Its event; 0: it belongs to the axis, or began before the window. */
  seq: number;
}

export interface PlacedTick extends PlacedText {
  tickX: number;
  /** It tells how long a folded stretch took; the axis is broken there. */
  isFold: boolean;
}

/** A refusal's word stays so near to its mark, in text sizes. */
const SLIDE_MOST = 8;
/** A text is cut rather than left out if so many characters remain. */
const CUT_LEAST = 6;

/** What is taken of one lane, from left to right. */
class Row {
  readonly #taken: [from: number, to: number][] = [];

  isFree(from: number, to: number): boolean {
    const index = this.#after(from);
    const before = this.#taken[index - 1];
    const next = this.#taken[index];
    return (!before || before[1] <= from) && (!next || next[0] >= to);
  }

  /** The first place from `from` on where so much is free. */
  firstFree(from: number, width: number): number {
    let at = from;
    for (const [start, end] of this.#taken) {
      if (end > at && start < at + width) at = end;
    }
    return at;
  }

  /** How far it is free to the right of `from`. */
  freeUpTo(from: number, most: number): number {
    return Math.min(most, this.#taken[this.#after(from)]?.[0] ?? most);
  }

  /** Marks may overlap, texts take only what is free. */
  take(from: number, to: number): void {
    const index = this.#after(from);
    const before = this.#taken[index - 1];
    if (before && before[1] > from) {
      before[1] = Math.max(before[1], to);
      return;
    }
    this.#taken.splice(index, 0, [from, to]);
  }

  #after(from: number): number {
    const index = this.#taken.findLastIndex(([start]) => start <= from);
    return index + 1;
  }
}

/** Texts beside marks and in spans, without any overlap; what has no room is left out. */
export function placeTexts(
  marks: readonly PlacedMark[],
  spans: readonly PlacedSpan[],
  textPx: number,
  { width }: PlotSize,
  middleOf: (lane: string, otherwise: number) => number,
): PlacedText[] {
  const rows = new Map<string, Row>();
  const rowOf = (lane: string): Row => {
    const row = rows.get(lane) ?? new Row();
    rows.set(lane, row);
    return row;
  };
  const blocks = spans.filter(({ span }) => span.kind === 'summed' || span.kind === 'calculation');
  const waits = spans.filter(({ span }) => isWait(span.kind));
  const solid = [
    ...marks.map(({ mark, x, halfWidth }) => ({
      lane: mark.lane,
      from: x - halfWidth,
      to: x + halfWidth,
    })),
    ...blocks.map(({ span, rect }) => ({ lane: span.lane, from: rect.x, to: rect.x + rect.width })),
  ];
  for (const { lane, from, to } of solid.sort((a, b) => a.from - b.from))
    rowOf(lane).take(from, to);

  const gap = textPx * 0.3;
  const texts: PlacedText[] = [];
  const widthOf = (text: string): number => monoWidth(Array.from(text).length, textPx);
  const put = (lane: string, text: PlacedText): boolean => {
    const row = rowOf(lane);
    const from = text.x - gap / 2;
    const to = text.x + text.width + gap / 2;
    if (text.x < 0 || to > width || !row.isFree(from, to)) return false;
    row.take(from, to);
    texts.push(text);
    return true;
  };

  // What went wrong comes before all, then who waits and what is newest: that is being talked about.
  const spoken = marks.filter(({ mark }) => mark.text !== '').toReversed();
  const putMark = ({ mark, x, y, halfWidth }: PlacedMark): void => {
    const row = rowOf(mark.lane);
    const textWidth = widthOf(mark.text);
    const base = { text: mark.text, y, width: textWidth, bad: mark.bad, seq: mark.seq };
    // A stream is counted inside of what stands for it.
    const inSum = blocks.some(
      ({ span, rect }) => span.lane === mark.lane && x > rect.x && x < rect.x + rect.width,
    );
    if (inSum && mark.kind !== 'selected' && halfWidth * 2 > textWidth) return;
    if (mark.count > 1 && mark.text.startsWith('×') && textWidth + gap < 2 * halfWidth) {
      const inside = x - textWidth / 2;
      if (inside >= 0 && inside + textWidth <= width) texts.push({ ...base, x: inside });
      return;
    }
    const left = x - halfWidth - gap - textWidth;
    const right = x + halfWidth + gap;
    // What comes in is written before its mark, what goes out after it: "22+44 ▼▲ 66".
    const places = mark.kind === 'received' ? [left, right] : [right];
    // A refusal's word may come after the marks of the FIN that follows it.
    if (mark.kind === 'refused' || mark.kind === 'reset' || mark.kind === 'failed')
      places.push(row.firstFree(right, textWidth + gap) + gap, left);
    const near = places.filter((place) => Math.abs(place - x) < SLIDE_MOST * textPx + textWidth);
    if (near.some((place) => put(mark.lane, { ...base, x: place }))) return;
    if (mark.kind === 'selected') return;
    const room = row.freeUpTo(right, width) - right - gap;
    const short = shortened(mark.text, room, textPx);
    if (short === '') return;
    put(mark.lane, { ...base, text: short, x: right, width: widthOf(short) });
  };
  for (const placed of spoken) if (placed.mark.bad) putMark(placed);
  // Where it began is where it is told, so that the words stand still while it goes on.
  for (const { span, rect } of waits.toReversed()) {
    const left = Math.max(0, rect.x) + gap;
    const right = Math.min(width, rect.x + rect.width) - gap;
    const base = { y: rect.y + rect.height / 2, bad: false, seq: span.seq };
    const middle = middleOf(span.lane, base.y);
    for (const text of [span.text, span.brief]) {
      const textWidth = widthOf(text);
      const x = rowOf(span.lane).firstFree(left, textWidth + gap) + gap;
      if (text === '' || x + textWidth > right) continue;
      if (put(span.lane, { ...base, y: middle, text, x, width: textWidth })) break;
    }
  }
  for (const placed of spoken) if (!placed.mark.bad) putMark(placed);

  for (const { span, rect } of spans) {
    if (span.text === '' || isWait(span.kind)) continue;
    const textWidth = widthOf(span.text);
    const left = Math.max(0, rect.x) + gap;
    const right = Math.min(width, rect.x + rect.width) - gap;
    const base = { text: span.text, y: rect.y + rect.height / 2, width: textWidth, bad: false };
    if (span.kind === 'summed' || span.kind === 'calculation') {
      const x = (left + right - textWidth) / 2;
      const isFree = marks.every(
        (placed) =>
          placed.mark.lane !== span.lane ||
          placed.x + placed.halfWidth <= x ||
          placed.x - placed.halfWidth >= x + textWidth,
      );
      if (x >= left && isFree) texts.push({ ...base, x, seq: span.seq });
      else if (span.kind === 'summed')
        put(span.lane, { ...base, x: right + 2 * gap, seq: span.seq });
      continue;
    }
    const x = rowOf(span.lane).firstFree(left, textWidth + 2 * gap) + 2 * gap;
    if (x + textWidth <= right) put(span.lane, { ...base, x, seq: span.seq });
  }
  return texts;
}

function isWait(kind: Span['kind']): boolean {
  return kind === 'unread' || kind === 'queued' || kind === 'starved';
}

/** The axis's words. */
export function placeTicks(
  ticks: readonly Tick[],
  scale: (at: number) => number,
  textPx: number,
  { width, unit }: PlotSize,
): PlacedTick[] {
  const row = new Row();
  const placed: PlacedTick[] = [];
  for (const { at, label, isFold } of [...ticks].sort(
    (a, b) => b.weight - a.weight || b.at - a.at,
  )) {
    const tickX = scale(at);
    const textWidth = monoWidth(Array.from(label).length, textPx);
    const x = tickX + (isFold ? 0.4 : 0.25) * unit;
    // The wave of a break needs some room on its left.
    const from = isFold ? tickX - 0.3 * unit : tickX;
    const to = x + textWidth + 0.5 * unit;
    if (tickX < 0 || to > width || !row.isFree(from, to)) {
      if (isFold) row.take(from, tickX + 0.3 * unit);
      continue;
    }
    row.take(from, to);
    const y = 0.6 * unit;
    placed.push({ text: label, x, tickX, y, width: textWidth, bad: false, seq: 0, isFold });
  }
  return placed;
}

/** Whether a text is one number and nothing else. */
export function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(text);
}

/** Cut to the room there is; of an exchange rather the message alone than a cut answer. */
function shortened(text: string, room: number, textPx: number): string {
  const short = fitMono(text, room, textPx);
  if (short === text) return text;
  // No number is ever cut: it would be another one.
  if (isNumber(text)) return monoWidth(inDigits(text).length, textPx) <= room ? inDigits(text) : '';
  const answer = text.indexOf(' → ') + 3;
  const isCutEarly =
    answer > 2 && (isNumber(text.slice(answer)) || Array.from(short).length < answer + CUT_LEAST);
  if (isCutEarly && monoWidth(answer - 3, textPx) <= room) return text.slice(0, answer - 3);
  return Array.from(short).length < CUT_LEAST ? '' : short;
}
