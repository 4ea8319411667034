/**
 * Exact values: integers and fractions of any size within limits.ts.
 *
 * Sums and products cancel common factors before they multiply, which keeps the numbers, and so
 * the greatest common divisors, small (Knuth, The Art of Computer Programming, vol. 2, 4.5.1).
 */

import { type Work, bitLength } from './limits.ts';

/** In lowest terms, the denominator positive. An integer has the denominator 1. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** A plain number is an integer that a double holds exactly; anything else is a fraction. */
export type Exact = number | Fraction;

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

/** `numerator / denominator`, which must be in lowest terms already. */
export function exact(numerator: bigint, denominator: bigint): Exact {
  if (denominator === 1n && numerator <= maxSafe && numerator >= -maxSafe) return Number(numerator);
  return { numerator, denominator };
}

export function asFraction(value: Exact): Fraction {
  return typeof value === 'number' ? { numerator: BigInt(value), denominator: 1n } : value;
}

export function addFractions(a: Fraction, b: Fraction, work: Work): Exact {
  const common = greatestCommonDivisor(a.denominator, b.denominator, work);
  if (common === 1n) {
    return exact(
      a.numerator * b.denominator + b.numerator * a.denominator,
      a.denominator * b.denominator,
    );
  }
  const restOfA = a.denominator / common;
  const sum = a.numerator * (b.denominator / common) + b.numerator * restOfA;
  const shared = greatestCommonDivisor(sum, common, work);
  return exact(sum / shared, restOfA * (b.denominator / shared));
}

export function multiplyFractions(a: Fraction, b: Fraction, work: Work): Exact {
  const left = greatestCommonDivisor(a.numerator, b.denominator, work);
  const right = greatestCommonDivisor(b.numerator, a.denominator, work);
  return exact(
    (a.numerator / left) * (b.numerator / right),
    (a.denominator / right) * (b.denominator / left),
  );
}

export function negateFraction(a: Fraction): Fraction {
  return { numerator: -a.numerator, denominator: a.denominator };
}

/** 1 / a, which must not be 0. */
export function invertFraction(a: Fraction): Fraction {
  return a.numerator < 0n
    ? { numerator: -a.denominator, denominator: -a.numerator }
    : { numerator: a.denominator, denominator: a.numerator };
}

/** The largest integer that is not above a / b; b must not be 0. */
export function floorQuotient(a: Fraction, b: Fraction): Exact {
  const dividend = a.numerator * b.denominator;
  const divisor = a.denominator * b.numerator;
  const quotient = dividend / divisor;
  const isAbove = dividend < 0n !== divisor < 0n && quotient * divisor !== dividend;
  return exact(isAbove ? quotient - 1n : quotient, 1n);
}

/** `numerator / denominator` in lowest terms; the denominator must be positive. */
export function reduce(numerator: bigint, denominator: bigint, work: Work): Exact {
  const common = greatestCommonDivisor(numerator, denominator, work);
  return exact(numerator / common, denominator / common);
}

/** Euclid's algorithm. `b` must be positive. */
function greatestCommonDivisor(a: bigint, b: bigint, work: Work): bigint {
  if (b === 1n) return 1n;
  let [x, y] = [a < 0n ? -a : a, b];
  if (x > maxSafe && y > maxSafe) {
    const bits = bitLength(x < y ? x : y);
    work.spend((bits * (bits + 800)) / 30_000);
  }
  while (y > maxSafe) [x, y] = [y, x % y];
  if (y === 0n) return x;
  let [m, n] = [Number(y), Number(x % y)];
  while (n !== 0) [m, n] = [n, m % n];
  return BigInt(m);
}
