/**
 * Values that cannot be kept exactly: irrational powers such as 2^0.5, and fractions too long to
 * carry on with. They have 60 significant digits, of which 20 are shown.
 *
 * Two results that agree in 45 digits are taken to be equal, so that 2^0.5 * 2^0.5 is 2 and
 * 8^0.5 - 2 * 2^0.5 is 0, as on paper.
 */

import { Decimal as DecimalLibrary } from 'decimal.js';
import { ExpressionError } from './expression-error.ts';
import { type Exact, asFraction } from './fraction.ts';
import type { Work } from './limits.ts';

/** Digits carried. Bounds on the exponent turn overflow into Infinity and underflow into 0. */
export const Rounded = DecimalLibrary.clone({ precision: 60, maxE: 9999, minE: -9999 });
export type Rounded = DecimalLibrary;

const trusted = 45;
const largestExponent = new Rounded(10).pow(30);

export function isRounded(value: Exact | Rounded): value is Rounded {
  return value instanceof Rounded;
}

export function asRounded(value: Exact | Rounded, work: Work): Rounded {
  if (typeof value === 'number') return new Rounded(value);
  if (isRounded(value)) return value;
  work.spend(30);
  const { numerator, denominator } = asFraction(value);
  const quotient = new Rounded(numerator.toString()).div(denominator.toString());
  return inRange(quotient, numerator === 0n);
}

export function addRounded(a: Rounded, b: Rounded, work: Work): Rounded {
  work.spend(3);
  const sum = a.plus(b);
  const isNoise = !sum.isZero() && Rounded.max(a.abs(), b.abs()).e - sum.e >= trusted;
  return isNoise ? new Rounded(0) : settled(sum);
}

export function multiplyRounded(a: Rounded, b: Rounded, work: Work): Rounded {
  work.spend(5);
  return settled(inRange(a.times(b), a.isZero() || b.isZero()));
}

/** a / b; b must not be 0. */
export function divideRounded(a: Rounded, b: Rounded, work: Work): Rounded {
  work.spend(10);
  return settled(inRange(a.div(b), a.isZero()));
}

/** The largest integer that is not above a. Throws ExpressionError if the digits do not tell. */
export function floorOfRounded(a: Rounded): Rounded {
  if (a.e >= trusted) throw new ExpressionError('not enough digits for a whole quotient');
  return a.floor();
}

/** a^b for a >= 0, or any a and an integer b. Throws ExpressionError if the result is out of range. */
export function powerRounded(a: Rounded, b: Rounded, work: Work): Rounded {
  work.spend(500);
  if (b.abs().gt(largestExponent)) throw new ExpressionError('exponent too large');
  return settled(inRange(a.pow(b), a.isZero()));
}

function inRange(result: Rounded, mayBeZero: boolean): Rounded {
  if (!result.isFinite()) throw new ExpressionError('result too large');
  if (result.isZero() && !mayBeZero) throw new ExpressionError('result too small');
  return result;
}

/** Takes the short number next to it if that agrees in all digits that can be trusted. */
function settled(value: Rounded): Rounded {
  const short = value.toSignificantDigits(30);
  return value.minus(short).isZero() || value.e - value.minus(short).e >= trusted ? short : value;
}
