/** Texts of the stage as data: where each stands and the box that it fills, so that a test can check them. */

import { fitMono, fitSans, monoWidth, sansWidth, type Rect, type StageSize } from '../geometry.ts';

export type Font = 'mono' | 'sans';
export type Anchor = 'start' | 'middle' | 'end';
export type Tone = 'ink' | 'soft' | 'bad' | 'accent' | 'inverse';

/** One line of text and its box. */
export interface Label extends Rect {
  /** Unique among the labels of its row. */
  key: string;
  text: string;
  font: Font;
  /** Font size in pixels. */
  size: number;
  bold: boolean;
  /** The end of the box that the letters keep to: the widths of the sans font are estimates. */
  anchor: Anchor;
  tone: Tone;
  /** The term that the glossary explains, or null. */
  term: string | null;
}

/** The sizes of the stage's text in pixels, and of the space around it. */
export interface StageType {
  /** The least there is: 12 px at a unit of 16, 24 px in projector mode. */
  tiny: number;
  small: number;
  text: number;
  large: number;
  huge: number;
  giant: number;
  /** What distances are multiples of: with letters as large as a projector's they stay small. */
  space: number;
}

export function stageType({ unit, projector }: StageSize): StageType {
  if (projector) {
    const least = Math.max(24, 0.92 * unit);
    return {
      tiny: least,
      small: least,
      text: least,
      large: least * 1.15,
      huge: least * 1.4,
      giant: least * 1.6,
      space: least / 1.5,
    };
  }
  return {
    tiny: 0.75 * unit,
    small: 0.8125 * unit,
    text: 0.9375 * unit,
    large: 1.1875 * unit,
    huge: 1.625 * unit,
    giant: 2 * unit,
    space: unit,
  };
}

const LINE_HEIGHT = 1.2;
const BASELINE = 0.93;

/** The height of a line of text. */
export function lineHeight(size: number): number {
  return LINE_HEIGHT * size;
}

/** How far below the top of its box a text's baseline is. */
export function baseline({ y, size }: Pick<Label, 'y' | 'size'>): number {
  return y + BASELINE * size;
}

/** How wide a text is at most; bold letters of the sans font are a little wider. */
export function textWidth(text: string, size: number, font: Font = 'sans', bold = false): number {
  return font === 'mono'
    ? monoWidth(Array.from(text).length, size)
    : wider(font, bold) * sansWidth(text, size);
}

function wider(font: Font, bold: boolean): number {
  return font === 'sans' && bold ? 1.08 : 1;
}

/** The first of these texts that fits, the shortest being the last; null if none does. */
export function firstThatFits(
  texts: readonly string[],
  width: number,
  size: number,
  font: Font = 'sans',
  bold = false,
): string | null {
  return texts.find((text) => textWidth(text, size, font, bold) <= width) ?? null;
}

/** A text on its own, in the sans font unless told, with its baseline at `y`; it is not cut. */
export function labelAt(
  text: string,
  at: { x: number; y: number },
  size: number,
  { anchor = 'start', font = 'sans' }: { anchor?: Anchor; font?: Font } = {},
): Label {
  const width = textWidth(text, size, font);
  const x = anchor === 'start' ? at.x : anchor === 'end' ? at.x - width : at.x - width / 2;
  const box = { x, y: at.y - BASELINE * size, width, height: lineHeight(size) };
  return { ...box, key: text, text, font, size, bold: false, anchor, tone: 'ink', term: null };
}

/** Where SVG anchors a label. */
export function anchorX({ anchor, x, width }: Label): number {
  return anchor === 'start' ? x : anchor === 'end' ? x + width : x + width / 2;
}

export interface LabelOptions {
  key?: string;
  font?: Font;
  bold?: boolean;
  tone?: Tone;
  term?: string;
  /** With less room than for so many characters it is left out; 1 unless told. */
  least?: number;
  /** At most so many pixels of the room. */
  most?: number;
  /** Smaller than the line, on the same baseline. */
  size?: number;
}

/** A line that is filled from both ends; what does not fit is cut or left out, so nothing overlaps. */
export class TextLine {
  readonly labels: Label[] = [];
  readonly y: number;
  readonly size: number;
  #left: number;
  #right: number;
  readonly #gap: number;

  constructor(place: { x: number; y: number; width: number }, size: number, gap = 0.5 * size) {
    this.#left = place.x;
    this.#right = place.x + place.width;
    this.y = place.y;
    this.size = size;
    this.#gap = gap;
  }

  /** The pixels that are left. */
  get room(): number {
    return Math.max(0, this.#right - this.#left);
  }

  /** Where the next text from the left begins. */
  get at(): number {
    return this.#left;
  }

  /** Adds a text from the left end. */
  left(text: string, options: LabelOptions = {}): this {
    const label = this.#make(text, options);
    if (label) {
      this.labels.push({ ...label, x: this.#left });
      this.#left += label.width + this.#gap;
    }
    return this;
  }

  /** Adds a text from the right end. */
  right(text: string, options: LabelOptions = {}): this {
    const label = this.#make(text, options);
    if (label) {
      this.labels.push({ ...label, x: this.#right - label.width });
      this.#right -= label.width + this.#gap;
    }
    return this;
  }

  /** Leaves so many pixels empty at the left; returns where they begin. */
  skip(pixels: number): number {
    const from = this.#left;
    this.#left += pixels + this.#gap;
    return from;
  }

  #make(text: string, options: LabelOptions): Label | null {
    const { font = 'mono', bold = false, tone = 'ink', term = null, least = 1 } = options;
    const room = Math.min(this.room, options.most ?? Infinity);
    const size = Math.min(options.size ?? this.size, this.size);
    const fitted =
      font === 'mono' ? fitMono(text, room, size) : fitSans(text, room / wider(font, bold), size);
    if (fitted === '' || (fitted !== text && Array.from(fitted).length < least)) return null;
    const width = textWidth(fitted, size, font, bold);
    const key = options.key ?? text;
    const y = this.y + BASELINE * (this.size - size);
    const box = { x: 0, y, width, height: lineHeight(size) };
    return { ...box, key, text: fitted, font, size, bold, anchor: 'start', tone, term };
  }
}

/** The text in at most `most` lines of words; the last is cut if there is more. */
export function wrapped(
  text: string,
  place: { x: number; y: number; width: number },
  size: number,
  most: number,
  options: LabelOptions = {},
): Label[] {
  if (most < 1) return [];
  const measure = (line: string): number =>
    textWidth(line, size, options.font ?? 'sans', options.bold);
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && (lines.length === most || measure(longer) <= place.width)) {
      lines[lines.length - 1] = longer;
    } else {
      lines.push(word);
    }
  }
  return lines.flatMap((line, index) => {
    const at = { ...place, y: place.y + index * lineHeight(size) };
    const key = `${options.key ?? 'line'}-${index}`;
    return new TextLine(at, size).left(line, { font: 'sans', ...options, key }).labels;
  });
}

/** Lines of words under each other, as many as the height holds. */
export function stack(
  place: { x: number; width: number },
  rect: Rect,
  lines: readonly { text: string; size: number; bold: boolean; term?: string }[],
): Label[] {
  let y = rect.y + 0.3 * (lines[0]?.size ?? 0);
  const labels: Label[] = [];
  for (const { text, size, bold, term } of lines) {
    if (y + lineHeight(size) > rect.y + rect.height) break;
    const options = { font: 'sans', bold, ...(term === undefined ? {} : { term }) } as const;
    labels.push(...new TextLine({ ...place, y }, size).left(text, options).labels);
    y += lineHeight(size);
  }
  return labels;
}
