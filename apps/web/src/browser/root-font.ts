/** The root's font size, which follows the screen and projector mode: one rem. */

/** Pixels of one rem, now. */
export function rootFontPx(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}
