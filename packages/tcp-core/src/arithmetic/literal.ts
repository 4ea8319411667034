/** Number literals: `42`, `.5`, `5.`, `1.5e-3`, read exactly. */

import { ExpressionError } from './expression-error.ts';
import { type Exact, exact, reduce } from './fraction.ts';
import type { Work } from './limits.ts';

/** One literal, from `lastIndex` on. Groups: whole part, decimals, decimals alone, exponent. */
export const literal = /(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?/y;

/** Decimal digits in all, and behind the point: within the limits on integers and denominators. */
const maxDigits = 1200;
const maxPlaces = 600;

/** The exact value of a text that is one literal. Throws ExpressionError if out of range. */
export function literalValue(text: string, work: Work): Exact {
  literal.lastIndex = 0;
  const [, whole = '', decimals = '', bareDecimals = '', exponentText = '0'] =
    literal.exec(text) ?? [];
  const digits = withoutTrailingZeros(whole + decimals + bareDecimals);
  const significant = digits.replace(/^0+/, '');
  if (significant === '') return 0;
  // The value is `digits` * 10^exponent. An absurd exponent becomes infinite, which is fine.
  const exponent = Number(exponentText) + whole.length - digits.length;
  const size = significant.length + exponent;
  if (size > maxDigits) throw new ExpressionError('number too large');
  if (size < -maxPlaces / 2) throw new ExpressionError('number too small');
  if (significant.length > maxDigits || -exponent > maxPlaces) {
    throw new ExpressionError('number too long');
  }
  work.spend(1 + significant.length / 100);
  const integer = BigInt(significant);
  return exponent >= 0
    ? exact(integer * 10n ** BigInt(exponent), 1n)
    : reduce(integer, 10n ** BigInt(-exponent), work);
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
