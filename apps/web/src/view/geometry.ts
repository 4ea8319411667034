/** Places and sizes in the pictures of the page, in CSS pixels, and how wide text will be. */

export interface Point {
  x: number;
  y: number;
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A shape's place: the middle and the side of its box. */
export interface ShapePlace {
  x: number;
  y: number;
  size: number;
}

export interface StageSize {
  width: number;
  height: number;
  /** The page's rem in pixels: every text and distance is a multiple of it. */
  unit: number;
  /** Projector mode: fewer things, no text below 24 px. */
  projector: boolean;
}

/** JetBrains Mono advances 0.6 em for every character. */
const MONO_ADVANCE = 0.6;
/** Inter's widest usual words stay below this, on average a character. */
const SANS_ADVANCE = 0.58;

/** Letters that are about 1 em wide in the sans font; of the scripts and signs that neither font has, all are. */
const WIDE =
  /[WM@%\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uff60]|\p{Emoji_Presentation}/u;
const WIDE_ADVANCE = 1.05;

/** How wide so many characters of the mono font are. */
export function monoWidth(characters: number, fontPx: number): number {
  return characters * MONO_ADVANCE * fontPx;
}

/** How wide a text in the sans font is at most, estimated. */
export function sansWidth(text: string, fontPx: number): number {
  return Array.from(text).reduce((sum, each) => sum + sansAdvance(each), 0) * fontPx;
}

function sansAdvance(character: string): number {
  return WIDE.test(character) ? WIDE_ADVANCE : SANS_ADVANCE;
}

/** The text, cut with an ellipsis where it would be wider than `width` in the mono font. */
export function fitMono(text: string, width: number, fontPx: number): string {
  return cutText(text, width / (MONO_ADVANCE * fontPx));
}

/** The same for the sans font. */
export function fitSans(text: string, width: number, fontPx: number): string {
  const characters = Array.from(text);
  const most = width / fontPx + 1e-6;
  if (sansWidth(text, 1) <= most) return text;
  let fitting = 0;
  for (let used = SANS_ADVANCE; fitting < characters.length; fitting += 1) {
    used += sansAdvance(characters[fitting] ?? '');
    if (used > most) break;
  }
  return SANS_ADVANCE > most ? '' : cutText(text, Math.min(fitting + 1, characters.length - 1));
}

/**
 * The text, with "…" at its end if it has more than `most` characters. A number is cut nowhere, and none stands before
 * the dots: it would be taken for another one.
 */
export function cutText(text: string, most: number): string {
  const characters = Array.from(text);
  const room = Math.floor(most + 1e-6);
  if (characters.length <= room) return text;
  if (room <= 0) return '';
  const kept = characters.slice(0, room - 1).join('');
  const whole = /\d[.,]?$/.test(kept) ? kept.replace(/[\d.,]+$/, '') : kept;
  return /^[-+:]?[\d.,]*\s*$/.test(whole) ? '…' : `${whole}…`;
}
