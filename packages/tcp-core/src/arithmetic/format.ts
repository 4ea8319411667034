/**
 * A value as text: integers in full, decimals in full while they fit into an answer, anything else
 * to 20 significant digits. Below 1e-6, and where digits before the point are missing, in exponent
 * notation.
 */

import type { Fraction } from './fraction.ts';
import { bitLength, maxAnswer } from './limits.ts';
import type { Value } from './operators.ts';
import { isRounded } from './rounded.ts';

const shownDigits = 20;
/** Up to so many digits before the point, and so many zeros behind it, stay without an exponent. */
const mostWholeDigits = 20;
const mostLeadingZeros = 5;

/** Undefined if it is an integer that does not fit into an answer. */
export function format(value: Value): string | undefined {
  if (typeof value === 'number') return String(value === 0 ? 0 : value);
  if (isRounded(value)) return layOut(scientific(value.toExponential(shownDigits - 1)));
  if (value.denominator === 1n) return integer(value.numerator);
  const decimal = exactDecimal(value);
  if (decimal !== undefined) {
    const text = layOut(decimal);
    if (text.length <= maxAnswer) return text;
  }
  return layOut(roundedDecimal(value));
}

function integer(value: bigint): string | undefined {
  const text = value.toString();
  return text.length <= maxAnswer ? text : undefined;
}

/** The number 0.`digits` * 10^`point`. */
interface DecimalDigits {
  isNegative: boolean;
  digits: string;
  point: number;
}

function layOut({ isNegative, digits, point }: DecimalDigits): string {
  const sign = isNegative ? '-' : '';
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end--;
  const significant = digits.slice(0, end);
  if (significant === '') return '0';
  if (point < -mostLeadingZeros || point > Math.max(mostWholeDigits, significant.length)) {
    const rest = significant.length > 1 ? `.${significant.slice(1)}` : '';
    return `${sign}${significant.charAt(0)}${rest}e${point > 0 ? '+' : ''}${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${significant}`;
  const whole = significant.slice(0, point).padEnd(point, '0');
  const decimals = significant.slice(point);
  return decimals === '' ? `${sign}${whole}` : `${sign}${whole}.${decimals}`;
}

/** All powers of ten that are tried; with the last, every decimal that can fit into an answer ends. */
const endings = [20, 900].map((places) => ({ places, scale: 10n ** BigInt(places) }));

/** The digits of a fraction that has an end as a decimal, otherwise undefined. */
function exactDecimal({ numerator, denominator }: Fraction): DecimalDigits | undefined {
  for (const { places, scale } of endings) {
    if (scale % denominator !== 0n) continue;
    const isNegative = numerator < 0n;
    const scaled = numerator * (scale / denominator);
    const digits = (isNegative ? -scaled : scaled).toString();
    return { isNegative, digits, point: digits.length - places };
  }
  return undefined;
}

/** The first digits of a fraction, the last of them rounded half up. */
function roundedDecimal({ numerator, denominator }: Fraction): DecimalDigits {
  const isNegative = numerator < 0n;
  const magnitude = isNegative ? -numerator : numerator;
  // A first guess; where it is one off, the number of digits tells.
  const ratio = Number(magnitude) / Number(denominator);
  const isInDoubleRange = ratio > 0 && ratio < Infinity;
  const bits = isInDoubleRange ? 0 : bitLength(magnitude) - bitLength(denominator);
  let point = 1 + Math.floor(isInDoubleRange ? Math.log10(ratio) : bits * Math.log10(2));
  for (;;) {
    const shift = shownDigits - point;
    const top = shift > 0 ? magnitude * 10n ** BigInt(shift) : magnitude;
    const bottom = shift < 0 ? denominator * 10n ** BigInt(-shift) : denominator;
    const digits = ((top * 2n + bottom) / (bottom * 2n)).toString();
    if (digits.length === shownDigits) return { isNegative, digits, point };
    point += digits.length - shownDigits;
  }
}

function scientific(text: string): DecimalDigits {
  const [mantissa = '', exponent = ''] = text.split('e');
  const isNegative = mantissa.startsWith('-');
  return { isNegative, digits: mantissa.replace(/[-.]/g, ''), point: Number(exponent) + 1 };
}
