/** The operators on values: small integers take the short way, all others stay exact while they can. */

import { ExpressionError } from './expression-error.ts';
import {
  type Exact,
  type Fraction,
  addFractions,
  asFraction,
  floorQuotient,
  invertFraction,
  multiplyFractions,
  negateFraction,
} from './fraction.ts';
import { type Work, maxDenominator, maxInteger } from './limits.ts';
import {
  type Rounded,
  addRounded,
  asRounded,
  divideRounded,
  floorOfRounded,
  isRounded,
  multiplyRounded,
} from './rounded.ts';

/** Exact where possible; Rounded once an irrational or an overlong fraction came into it. */
export type Value = Exact | Rounded;

export function add(a: Value, b: Value, work: Work): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  if (isRounded(a) || isRounded(b)) {
    return addRounded(asRounded(a, work), asRounded(b, work), work);
  }
  return bounded(addFractions(charged(a, work), charged(b, work), work), work);
}

export function negate(a: Value): Value {
  if (typeof a === 'number') return -a;
  return isRounded(a) ? a.neg() : negateFraction(a);
}

export function subtract(a: Value, b: Value, work: Work): Value {
  return add(a, negate(b), work);
}

export function multiply(a: Value, b: Value, work: Work): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product;
  }
  if (isRounded(a) || isRounded(b)) {
    return multiplyRounded(asRounded(a, work), asRounded(b, work), work);
  }
  return bounded(multiplyFractions(charged(a, work), charged(b, work), work), work);
}

/** Throws ExpressionError if b is 0, as do floorDivide and modulo. */
export function divide(a: Value, b: Value, work: Work): Value {
  if (isZero(b)) throw new ExpressionError('division by zero');
  if (typeof a === 'number' && typeof b === 'number' && a % b === 0) return a / b;
  if (isRounded(a) || isRounded(b)) {
    return divideRounded(asRounded(a, work), asRounded(b, work), work);
  }
  return bounded(multiplyFractions(charged(a, work), invertFraction(charged(b, work)), work), work);
}

/** The quotient rounded towards minus infinity, as Python's `//`. */
export function floorDivide(a: Value, b: Value, work: Work): Value {
  if (isZero(b)) throw new ExpressionError('division by zero');
  if (isRounded(a) || isRounded(b)) {
    return floorOfRounded(divideRounded(asRounded(a, work), asRounded(b, work), work));
  }
  return bounded(floorQuotient(charged(a, work), charged(b, work)), work);
}

/** a - b * (a // b): has the sign of b, as Python's `%`. */
export function modulo(a: Value, b: Value, work: Work): Value {
  if (typeof a === 'number' && typeof b === 'number' && b !== 0) {
    const remainder = a % b;
    return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
  }
  return subtract(a, multiply(b, floorDivide(a, b, work), work), work);
}

export function isZero(a: Value): boolean {
  // A fraction is never 0: fraction.ts makes that a number.
  return a === 0 || (typeof a === 'object' && isRounded(a) && a.isZero());
}

/** Lets an exact value pass, rounds a fraction that became too long. Throws on too large an integer. */
export function bounded(value: Exact, work: Work): Value {
  if (typeof value === 'number') return value;
  const { numerator, denominator } = value;
  const isLong = numerator >= maxInteger || numerator <= -maxInteger;
  if (denominator === 1n && isLong) throw new ExpressionError('result too large');
  return isLong || denominator > maxDenominator ? asRounded(value, work) : value;
}

const costly = 1n << 512n;

function charged(value: Exact, work: Work): Fraction {
  const fraction = asFraction(value);
  const { numerator, denominator } = fraction;
  const isCostly = numerator > costly || numerator < -costly || denominator > costly;
  work.spend(isCostly ? 6 : 0.5);
  return fraction;
}
