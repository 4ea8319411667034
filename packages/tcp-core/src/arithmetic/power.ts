/** The power operator: exact where the result is rational, otherwise rounded. */

import { ExpressionError } from './expression-error.ts';
import { type Exact, type Fraction, asFraction, exact, invertFraction } from './fraction.ts';
import { type Work, bitLength, maxInteger } from './limits.ts';
import { type Value, bounded, isZero } from './operators.ts';
import { asRounded, isRounded, powerRounded } from './rounded.ts';

const maxBits = bitLength(maxInteger);

/**
 * base^exponent; 0^0 is 1. Throws ExpressionError for 0 to a negative power, a fractional power of
 * a negative number, and results beyond limits.ts: always before the work is done, not after.
 */
export function power(base: Value, exponent: Value, work: Work): Value {
  if (isZero(exponent) || base === 1) return 1;
  if (isZero(base)) {
    if (isNegative(exponent)) throw new ExpressionError('division by zero');
    return 0;
  }
  if (isRounded(base) || isRounded(exponent)) return roundedPower(base, exponent, work);
  if (typeof exponent === 'number') {
    if (typeof base === 'number' && exponent > 0 && exponent < 54) {
      const product = smallPower(base, exponent);
      if (Number.isSafeInteger(product)) return product;
    }
    return integerPower(base, exponent, work);
  }
  if (exponent.denominator === 1n) {
    if (base === -1) return exponent.numerator % 2n === 0n ? 1 : -1;
    return roundedPower(base, exponent, work);
  }
  return rootPower(base, exponent, work);
}

/** By multiplication: `**` on doubles need not be exact. */
function smallPower(base: number, exponent: number): number {
  let product = base;
  for (let i = 1; i < exponent && Number.isSafeInteger(product); i++) product *= base;
  return product;
}

function integerPower(base: Exact, exponent: number, work: Work): Value {
  if (base === -1) return exponent % 2 === 0 ? 1 : -1;
  const times = Math.abs(exponent);
  const positive = asFraction(base);
  // With b bits a number is at least 2^(b - 1), so its power has at least (b - 1) * times bits.
  const bits = Math.max(bitLength(positive.numerator), bitLength(positive.denominator)) - 1;
  if (bits * times > maxBits) {
    if (positive.denominator === 1n && exponent > 0) throw new ExpressionError('result too large');
    return roundedPower(base, exponent, work);
  }
  work.spend(2 + (bits * times) / 200);
  const { numerator, denominator } = exponent < 0 ? invertFraction(positive) : positive;
  return bounded(exact(numerator ** BigInt(times), denominator ** BigInt(times)), work);
}

/** (n/d)^(p/q): rational exactly if n and d are q-th powers of integers. */
function rootPower(base: Exact, exponent: Fraction, work: Work): Value {
  const { numerator, denominator } = asFraction(base);
  if (numerator < 0n) throw new ExpressionError('root of a negative number');
  const top = exactRoot(numerator, exponent.denominator, work);
  const bottom = top === undefined ? top : exactRoot(denominator, exponent.denominator, work);
  if (top === undefined || bottom === undefined) return roundedPower(base, exponent, work);
  return power(exact(top, bottom), exact(exponent.numerator, 1n), work);
}

/** The integer r with r^degree = value (which is positive), or undefined if there is none. */
function exactRoot(value: bigint, degree: bigint, work: Work): bigint | undefined {
  if (value === 1n) return 1n;
  const bits = bitLength(value);
  if (degree >= bits) return undefined;
  work.spend(20 + bits / 20);
  // A first guess, good to about 40 bits, from the logarithm; then Newton's iteration.
  const shift = Math.max(0, bits - 1000);
  const logarithm = (Math.log2(Number(value >> BigInt(shift))) + shift) / Number(degree);
  const scale = Math.max(0, Math.floor(logarithm) - 50);
  let root = BigInt(Math.round(2 ** (logarithm - scale))) << BigInt(scale);
  for (let correct = 35; correct < logarithm + 10; correct *= 2) {
    root = ((degree - 1n) * root + value / root ** (degree - 1n)) / degree;
  }
  for (const candidate of [root, root + 1n]) if (candidate ** degree === value) return candidate;
  return undefined;
}

function roundedPower(base: Value, exponent: Value, work: Work): Value {
  const [x, y] = [asRounded(base, work), asRounded(exponent, work)];
  if (x.isNegative() && !y.isInteger()) throw new ExpressionError('root of a negative number');
  return powerRounded(x, y, work);
}

function isNegative(value: Value): boolean {
  if (typeof value === 'number') return value < 0;
  return isRounded(value) ? value.isNegative() : value.numerator < 0n;
}
