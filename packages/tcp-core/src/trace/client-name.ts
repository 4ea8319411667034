/** What a browser client may be called. Everybody who watches the lab reads it. */

/** Characters of a name at most, counted in code points. */
export const NAME_LENGTH = 24;

/**
 * Not in a name: what controls how other text is shown (control and format characters, line ends), what no
 * font can show (lone surrogates, private and unassigned characters), and what looks like nothing: fillers and
 * the empty braille pattern.
 */
const refused = String.raw`\p{C}\p{Zl}\p{Zp}\p{DI}\u2800`;

/** A name as it may be sent, blanks around it included; empty for none. For a RegExp with the flag `u`. */
export const namePattern = `^[^${refused}]{0,${NAME_LENGTH}}$`;

/** The name that is nearest to what somebody typed; null for none. */
export function nearestName(typed: string): string | null {
  const allowed = typed.replace(new RegExp(`[${refused}]`, 'gu'), '').trim();
  return Array.from(allowed).slice(0, NAME_LENGTH).join('').trim() || null;
}
