/**
 * Makes text from a client safe to show: control characters, line breaks and the invisible
 * characters that reorder or hide text become visible escapes (`\n`, `\x1b`, `\u202e`).
 *
 * Source: Unicode UAX #9 (bidirectional controls), ECMA-48 (C0 and C1 control functions).
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, escape);
}

const UNSAFE =
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/gu;

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };

function escape(character: string): string {
  const code = character.charCodeAt(0);
  return (
    SHORT[character] ??
    (code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`)
  );
}
