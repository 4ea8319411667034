/**
 * The error for what has no meaning in an expression. It names what a person sees or does not see,
 * and says what to write instead where that is plain. All of it is printable ASCII.
 */

import { ExpressionError } from './expression-error.ts';

const HOW_TO_LEAVE = 'to leave, close the connection: Ctrl-C in nc, Ctrl-] and then quit in telnet';

const LEAVING = /^\s*:?(?:q|quit|exit|bye|logout|logoff|close)\b[\s();.!]*$/i;

/**
 * @param start where it stands in the text, from 0.
 * @param isBehindNumber whether an operator might stand there.
 */
export function strange(text: string, start: number, isBehindNumber: boolean): ExpressionError {
  if (LEAVING.test(text)) return new ExpressionError(HOW_TO_LEAVE);
  const at = start + 1;
  const name = /^[A-Za-z_][A-Za-z_0-9]{0,40}/.exec(text.slice(start, start + 41))?.[0];
  if (name !== undefined) {
    const shown = name.length > 40 ? `${name.slice(0, 37)}...` : name;
    const isTimes = isBehindNumber && isTimesSign(text, start);
    return new ExpressionError(`unknown name ${shown}`, at, isTimes ? 'write *' : undefined);
  }
  const character = String.fromCodePoint(text.codePointAt(start) ?? 0);
  const { what, advice } = described(character);
  return new ExpressionError(`unexpected ${what}`, at, advice);
}

/** `6 x 7`, `6x7`, `2 x (3)`; but `2x` may be anything, and `0x10` is another thing. */
function isTimesSign(text: string, start: number): boolean {
  return /^x\s*[\d.(]/i.test(text.slice(start)) && !/(?<![\d.])0$/.test(text.slice(0, start));
}

interface Description {
  what: string;
  advice?: string | undefined;
}

function described(character: string): Description {
  const code = character.codePointAt(0) ?? 0;
  if (code > 0x20 && code < 0x7f) {
    return { what: `character ${character}`, advice: asciiAdvice[character] };
  }
  const hex = code.toString(16).toUpperCase().padStart(4, '0');
  const [name, advice] = knownName(character, code) ?? kindOf(character);
  return { what: `${name} (U+${hex})`, advice };
}

/** A name, and what to write instead if that is plain. */
type Named = readonly [name: string, advice?: string | undefined];

const asciiAdvice: Record<string, string> = {
  ',': 'write . before decimals, and nothing between thousands',
  '=': 'leave out the =',
  ':': 'to divide, write /',
};

const PLAIN_SPACE = 'write a plain space';
const DELETE_IT = 'it is invisible: delete it';
const MINUS = 'write -';
const TIMES = 'write *';
const DIVIDE = 'write /';
const DECIMAL = 'write .';
const ROOT = 'write ^0.5 behind the number';

const names = new Map<number, Named>([
  [0x00, ['NUL', 'send only the message, strlen(message) bytes']],
  [0x03, ['Ctrl-C', HOW_TO_LEAVE]],
  [0x04, ['Ctrl-D', HOW_TO_LEAVE]],
  [0x08, ['backspace']],
  [0x0a, ['line feed']],
  [0x0d, ['carriage return']],
  [0x1a, ['Ctrl-Z', HOW_TO_LEAVE]],
  [0x1b, ['escape character', 'arrow and function keys send it; type the line again']],
  [0x1d, ['Ctrl-]', HOW_TO_LEAVE]],
  [0x7f, ['delete character']],
  [0x00a0, ['no-break space', PLAIN_SPACE]],
  [0x2007, ['figure space', PLAIN_SPACE]],
  [0x2009, ['thin space', PLAIN_SPACE]],
  [0x202f, ['narrow no-break space', PLAIN_SPACE]],
  [0x3000, ['ideographic space', PLAIN_SPACE]],
  [0x2800, ['Braille blank', PLAIN_SPACE]],
  [0x00ad, ['soft hyphen', DELETE_IT]],
  [0x200b, ['zero-width space', DELETE_IT]],
  [0x200c, ['zero-width non-joiner', DELETE_IT]],
  [0x200d, ['zero-width joiner', DELETE_IT]],
  [0x200e, ['left-to-right mark', DELETE_IT]],
  [0x200f, ['right-to-left mark', DELETE_IT]],
  [0x2060, ['word joiner', DELETE_IT]],
  [0xfeff, ['byte-order mark', DELETE_IT]],
  [0x00d7, ['multiplication sign', TIMES]],
  [0x2715, ['multiplication sign', TIMES]],
  [0x2716, ['multiplication sign', TIMES]],
  [0x2a2f, ['cross product sign', TIMES]],
  [0x00b7, ['middle dot', TIMES]],
  [0x2022, ['bullet', TIMES]],
  [0x2217, ['asterisk sign', TIMES]],
  [0x2219, ['bullet sign', TIMES]],
  [0x22c5, ['dot sign', TIMES]],
  [0x2212, ['minus sign', MINUS]],
  [0x2796, ['minus sign', MINUS]],
  [0x2010, ['hyphen', MINUS]],
  [0x2011, ['no-break hyphen', MINUS]],
  [0x2012, ['figure dash', MINUS]],
  [0x2013, ['en dash', MINUS]],
  [0x2014, ['em dash', MINUS]],
  [0x2015, ['horizontal bar', MINUS]],
  [0x2795, ['plus sign', 'write +']],
  [0x00f7, ['division sign', DIVIDE]],
  [0x2797, ['division sign', DIVIDE]],
  [0x2044, ['fraction slash', DIVIDE]],
  [0x2215, ['division slash', DIVIDE]],
  [0x2236, ['ratio sign', DIVIDE]],
  [0x066a, ['Arabic percent sign', 'write %']],
  [0x066b, ['Arabic decimal separator', DECIMAL]],
  [0x066c, ['Arabic thousands separator', 'leave it out']],
  [0x3001, ['ideographic comma', DECIMAL]],
  [0x3002, ['ideographic full stop', DECIMAL]],
  [0x02c6, ['circumflex accent', 'write ^']],
  [0x221a, ['square root sign', ROOT]],
  [0x20ac, ['euro sign', 'write numbers only']],
]);

function knownName(character: string, code: number): Named | undefined {
  const known = names.get(code);
  if (known) return known;
  if (code < 0x20) return [`control character Ctrl-${String.fromCharCode(code + 0x40)}`];
  return superscript(character) ?? compatible(character) ?? digit(character, code);
}

function superscript(character: string): Named | undefined {
  const index = '\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'.indexOf(character);
  return index < 0 ? undefined : [`superscript ${index}`, `write ^${index}`];
}

/** Forms of the characters that belong here: fullwidth, mathematical, small, in a circle; and fractions. */
function compatible(character: string): Named | undefined {
  const plain = character.normalize('NFKC').replaceAll('\u2212', '-').replaceAll('\u2044', '/');
  if (/^\d+\/\d+$/.test(plain)) return ['fraction', `write (${plain})`];
  if (!/^[\d.+\-*/%^()=,:]+$/.test(plain)) return undefined;
  const form = /[\uff00-\uffef]/.test(character) ? 'fullwidth' : 'special form of';
  const advice = asciiAdvice[plain];
  return [`${form} ${plain}`, advice ?? `write ${plain}`];
}

/** A decimal digit of another script: ten in a row each, from 0 to 9. */
function digit(character: string, code: number): Named | undefined {
  if (!/^\p{Nd}$/u.test(character)) return undefined;
  let value = 0;
  while (value < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return [`digit ${value} of another script`, `write ${value}`];
}

/** What kind of character it is, by its general category (Unicode, UAX #44). */
function kindOf(character: string): Named {
  return kinds.find(([pattern]) => pattern.test(character))?.[1] ?? ['character'];
}

const kinds: readonly (readonly [RegExp, Named])[] = [
  [/\p{Zs}/u, ['special space', PLAIN_SPACE]],
  [/[\u2028\u2029]/u, ['line separator', PLAIN_SPACE]],
  [/[\u061c\u202a-\u202e\u2066-\u2069]/u, ['direction mark', DELETE_IT]],
  [/[\u{e0000}-\u{e007f}]/u, ['tag character', DELETE_IT]],
  [/\p{Variation_Selector}/u, ['variation selector', DELETE_IT]],
  [/[\u115f\u1160\u3164\uffa0]/u, ['Hangul filler', DELETE_IT]],
  [/\p{DI}|\p{Cf}/u, ['invisible character', DELETE_IT]],
  [/\p{M}/u, ['combining mark', 'delete it']],
  [/\p{Pd}/u, ['dash', MINUS]],
  [/\p{Pi}|\p{Pf}|[\u201a\u201e]/u, ['quotation mark']],
  [/\p{Emoji_Presentation}/u, ['emoji']],
  [/\p{Sc}/u, ['currency sign', 'write numbers only']],
  [/\p{Sm}/u, ['mathematical sign']],
  [/\p{L}/u, ['letter']],
  [/\p{N}/u, ['number sign']],
  [/\p{Cs}/u, ['half of a character']],
  [/\p{Cc}/u, ['control character']],
  [/\p{P}|\p{S}/u, ['sign']],
];
