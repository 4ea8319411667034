/** How a server's clients share the height that their panel has: whole cards, lines, or counts. */

/** Heights in rem, as ClientRow.svelte sets them. */
export const TALL = 5.25;
export const CARD = 3.5;
export const LINE = 1.625;
export const GAP = 0.1875;
/** A token: a client that is only a shape. */
export const TOKEN = 1.5;

export interface Arrangement {
  as: 'tall' | 'card' | 'line' | 'token';
  /** With tokens: how many clients still have a line, in front. */
  inFront: number;
  /** How many tokens are drawn; the rest is a count. */
  tokens: number;
}

/**
 * All rows have one form, by how many there are: one that leaves is listed for a while and changes nobody's
 * form. `height` and `width` of the place in rem.
 */
export function arrange(rows: number, height: number, width: number): Arrangement {
  const fits = (tall: number): boolean => rows * (tall + GAP) - GAP <= height;
  for (const [as, tall] of [
    ['tall', TALL],
    ['card', CARD],
    ['line', LINE],
  ] as const) {
    if (fits(tall)) return { as, inFront: rows, tokens: 0 };
  }
  const perRow = Math.max(1, Math.floor((width + GAP) / (TOKEN + GAP)));
  const most = Math.floor((height + GAP) / (TOKEN + GAP));
  // Tokens get half of the rows, or as many as they need if that is less.
  const tokenRows = Math.max(1, Math.min(Math.ceil(rows / perRow), Math.ceil(most / 2)));
  const forLines = height - tokenRows * (TOKEN + GAP);
  const inFront = Math.max(0, Math.min(rows, Math.floor((forLines + GAP) / (LINE + GAP))));
  const rest = rows - inFront;
  // The count "+12 more" takes the place of three tokens.
  const tokens = rest <= tokenRows * perRow ? rest : tokenRows * perRow - 3;
  return { as: 'token', inFront, tokens: Math.max(0, tokens) };
}
