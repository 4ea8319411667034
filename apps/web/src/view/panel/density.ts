/** How a server's clients share the height that their panel has: whole cards, lines, or counts. */

/** Heights in rem, as ClientRow.svelte sets them. */
export const TALL = 5.25;
export const CARD = 3.5;
export const LINE = 1.75;
export const GAP = 0.25;
/** A token: a client that is only a shape. */
export const TOKEN = 1.5;

export interface Arrangement {
  present: 'tall' | 'card' | 'line' | 'token';
  gone: 'tall' | 'card' | 'line';
  /** With tokens: how many clients still have a line, in front. */
  inFront: number;
  /** How many tokens are drawn; the rest is a count. */
  tokens: number;
  /** How many of those that are gone are listed. */
  goneListed: number;
}

/** `height` and `width` of the place in rem. */
export function arrange(present: number, gone: number, height: number, width: number): Arrangement {
  const whole = { inFront: present, tokens: 0, goneListed: gone };
  const fits = (...rows: [number, number][]): boolean =>
    rows.reduce((sum, [many, tall]) => sum + many * (tall + GAP), -GAP) <= height;

  if (fits([present, TALL], [gone, TALL])) return { present: 'tall', gone: 'tall', ...whole };
  if (fits([present, CARD], [gone, CARD])) return { present: 'card', gone: 'card', ...whole };
  if (fits([present, CARD], [gone, LINE])) return { present: 'card', gone: 'line', ...whole };
  if (fits([present, LINE], [gone, LINE])) return { present: 'line', gone: 'line', ...whole };

  const goneListed = Math.min(gone, 1);
  if (fits([present, LINE], [goneListed, LINE])) {
    return { present: 'line', gone: 'line', inFront: present, tokens: 0, goneListed };
  }
  const perRow = Math.max(1, Math.floor((width + GAP) / (TOKEN + GAP)));
  const free = height - goneListed * (LINE + GAP);
  const most = Math.floor((free + GAP) / (TOKEN + GAP));
  // Tokens get half of the rows, or as many as they need if that is less.
  const rows = Math.max(1, Math.min(Math.ceil(present / perRow), Math.ceil(most / 2)));
  const forLines = free - rows * (TOKEN + GAP);
  const inFront = Math.max(0, Math.min(present, Math.floor((forLines + GAP) / (LINE + GAP))));
  const rest = present - inFront;
  // The count "+12 more" takes the place of three tokens.
  const tokens = rest <= rows * perRow ? rest : rows * perRow - 3;
  return { present: 'token', gone: 'line', inFront, tokens: Math.max(0, tokens), goneListed };
}
