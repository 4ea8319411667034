/** Text with its place: layouts give out labels as data, so that tests can see if two overlap. */

import { fitSans, monoWidth, sansWidth, type Rect } from './geometry.ts';

export interface PlacedText {
  text: string;
  /** Where SVG anchors it; `y` is the baseline. */
  x: number;
  y: number;
  anchor: 'start' | 'middle' | 'end';
  /** In pixels. */
  size: number;
  mono: boolean;
  /** The box that it takes at most. */
  rect: Rect;
}

interface TextStyle {
  anchor?: PlacedText['anchor'];
  mono?: boolean;
}

/** How far the letters of both fonts reach over and under the baseline, in em. */
const ASCENT = 0.78;
const DESCENT = 0.22;

/** Puts a text with its baseline at `y`. */
export function placeText(
  text: string,
  x: number,
  y: number,
  size: number,
  { anchor = 'start', mono = false }: TextStyle = {},
): PlacedText {
  const width = textWidth(text, size, mono);
  const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
  const rect = { x: left, y: y - ASCENT * size, width, height: (ASCENT + DESCENT) * size };
  return { text, x, y, anchor, size, mono, rect };
}

/** How wide a text is at most. */
export function textWidth(text: string, size: number, mono = false): number {
  return mono ? monoWidth(Array.from(text).length, size) : sansWidth(text, size);
}

/** The first of these texts that fits, the shortest being the last; null if none does. */
export function firstThatFits(
  texts: readonly string[],
  width: number,
  size: number,
  mono = false,
): string | null {
  return texts.find((text) => textWidth(text, size, mono) <= width) ?? null;
}

/** The sizes of text in the select pictures: nothing below 13 px, on a projector 24 px. */
export function textSizes(
  unit: number,
  projector: boolean,
): { small: number; base: number; large: number } {
  if (projector) {
    const least = Math.max(24, 1.5 * unit);
    return { small: least, base: least, large: 1.25 * least };
  }
  return {
    small: Math.max(13, 0.8125 * unit),
    base: Math.max(14, 0.9375 * unit),
    large: Math.max(18, 1.1875 * unit),
  };
}

/** The text (sans) in at most `most` lines of words, the last one cut if there is more. */
export function wrapText(text: string, width: number, size: number, most: number): string[] {
  if (text === '' || most < 1) return [];
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    const goesOn =
      last !== undefined && (lines.length === most || textWidth(longer, size) <= width);
    if (goesOn) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => fitSans(line, width, size));
}
