/**
 * The bounds that keep one message cheap, whatever it says. They count work and never look at a
 * clock, so the same text gets the same answer on every machine.
 */

import { ExpressionError } from './expression-error.ts';

/** Characters of one expression. */
export const maxLength = 4096;

/** Parentheses, unary signs and powers that are open at the same time. The parser recurses on each. */
export const maxDepth = 100;

/** Bytes of one answer: with CRLF that makes 255. */
export const maxAnswer = 253;

/** Integers and numerators stay below 2^4096 (1,233 digits): larger integers are an error. */
export const maxInteger = 1n << 4096n;

/** Beyond 2^2048 below the line an exact fraction becomes a rounded value. */
export const maxDenominator = 1n << 2048n;

/** What one expression may cost, in units of very roughly a microsecond. */
const maxWork = 4000;

/** Counts the expensive steps of one expression. Throws ExpressionError when they become too many. */
export class Work {
  #left = maxWork;

  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw new ExpressionError('too much work');
  }
}

/** How many binary digits `value` has; 0 for 0. The sign does not count. */
export function bitLength(value: bigint): number {
  const hex = (value < 0n ? -value : value).toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0] ?? '0', 16)) + 28;
}
