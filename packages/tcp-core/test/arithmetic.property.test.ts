import fc from 'fast-check';
import { expect, test } from 'vitest';
import { calculate } from '../src/arithmetic/calculate.ts';

// An exact evaluator that shares no code with what it checks: recursive descent over BigInt
// fractions. `undefined` stands for a division by zero. Throws TooLong where a value on the way has
// more digits than are carried exactly (2^2048 below the line, 2^4096 above it).

type Ratio = readonly [numerator: bigint, denominator: bigint];
type Outcome = Ratio | undefined;

class TooLong extends Error {}
const LONG = 1n << 2000n;

/** A fraction in lowest terms, if it is long enough for that to matter. */
function checked([a, b]: Ratio): Ratio {
  if (abs(a) < LONG && abs(b) < LONG) return [a, b];
  let [x, y] = [abs(a), abs(b)];
  while (y !== 0n) [x, y] = [y, x % y];
  if (abs(a / x) >= LONG || abs(b / x) >= LONG) throw new TooLong();
  return [a / x, b / x];
}

const checkedOutcome = (value: Outcome): Outcome => value && checked(value);

function evaluateExactly(text: string): Outcome {
  const tokens =
    text.match(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|\*\*|\/\/|[-+*/%^()]/gi) ?? [];
  let next = 0;

  function sum(): Outcome {
    let value = product();
    for (;;) {
      const sign = tokens[next];
      if (sign !== '+' && sign !== '-') return value;
      next++;
      const right = product();
      value = value && right && checkedOutcome(combine(sign, value, right));
    }
  }

  function product(): Outcome {
    let value = signed();
    for (;;) {
      const sign = tokens[next];
      if (sign !== '*' && sign !== '/' && sign !== '//' && sign !== '%') return value;
      next++;
      const right = signed();
      value = value && right && checkedOutcome(combine(sign, value, right));
    }
  }

  function signed(): Outcome {
    if (tokens[next] === '+') {
      next++;
      return signed();
    }
    if (tokens[next] === '-') {
      next++;
      const value = signed();
      return value && [-value[0], value[1]];
    }
    const base = atom();
    if (tokens[next] !== '^' && tokens[next] !== '**') return base;
    next++;
    const exponent = signed();
    return base && exponent && checkedOutcome(raise(base, exponent));
  }

  function atom(): Outcome {
    const token = tokens[next++] ?? '';
    if (token !== '(') return read(token);
    const value = sum();
    next++;
    return value;
  }

  return sum();
}

function read(literal: string): Ratio {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e');
  const [whole = '', decimals = ''] = mantissa.split('.');
  const shift = Number(exponent) - decimals.length;
  const digits = BigInt(whole + decimals);
  return shift < 0 ? [digits, 10n ** BigInt(-shift)] : [digits * 10n ** BigInt(shift), 1n];
}

function floor([a, b]: Ratio): bigint {
  const [n, d] = b < 0n ? [-a, -b] : [a, b];
  return n >= 0n ? n / d : -((-n + d - 1n) / d);
}

function combine(sign: string, [a, b]: Ratio, [c, d]: Ratio): Outcome {
  if (sign === '+') return [a * d + c * b, b * d];
  if (sign === '-') return [a * d - c * b, b * d];
  if (sign === '*') return [a * c, b * d];
  if (c === 0n) return undefined;
  if (sign === '/') return [a * d, b * c];
  const quotient = floor([a * d, b * c]);
  return sign === '//' ? [quotient, 1n] : [a * d - quotient * c * b, b * d];
}

function raise([a, b]: Ratio, [c, d]: Ratio): Outcome {
  if (c % d !== 0n) throw new Error('the generator makes integer exponents only');
  const exponent = c / d;
  if (exponent >= 0n) return [a ** exponent, b ** exponent];
  return a === 0n ? undefined : [b ** -exponent, a ** -exponent];
}

/** Checks that `text` is the value: exactly, or to 20 digits if the value has no end that fits. */
function expectValue(text: string, [n, d]: Ratio): void {
  const [p, b] = read(text.replace(/^-/, ''));
  const a = text.startsWith('-') ? -p : p;
  const [difference, scale] = [n * b - a * d, d * b];
  if (difference === 0n) return;
  const scaled = n * 10n ** 200n;
  const digits =
    scaled % d === 0n
      ? abs(scaled / d)
          .toString()
          .replace(/0+$/, '')
      : undefined;
  expect(digits === undefined || digits.length > 230, `${text} is rounded`).toBe(true);
  // Half a unit in the 20th digit: |difference / scale| <= |n / d| * 10^-19 / 2
  const isClose = abs(difference * d) * 2n * 10n ** 19n <= abs(n * scale);
  expect(isClose, `${text} is not ${n}/${d}`).toBe(true);
}

const abs = (x: bigint): bigint => (x < 0n ? -x : x);

const space = fc.constantFrom('', '', '', ' ', '\t', '  ');
const digits = fc.integer({ min: 0, max: 99_999_999 }).map(String);
const number = fc.oneof(
  fc.integer({ min: 0, max: 12 }).map(String),
  digits,
  fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
  fc.tuple(digits, digits).map(([whole, decimals]) => `${whole}.${decimals}`),
  digits.map((decimals) => `.${decimals}`),
  digits.map((whole) => `${whole}.`),
  fc
    .tuple(fc.integer({ min: 0, max: 999 }), fc.constantFrom('e', 'E', 'e+', 'e-'), fc.nat(20))
    .map(([whole, e, exponent]) => `${whole}${e}${exponent}`),
);

const { expression } = fc.letrec<{ expression: string; operand: string }>((tie) => ({
  expression: fc
    .tuple(
      tie('operand'),
      fc.array(
        fc.tuple(space, fc.constantFrom('+', '-', '*', '/', '//', '%'), space, tie('operand')),
        { maxLength: 4 },
      ),
    )
    .map(([first, rest]) => first + rest.map((part) => part.join('')).join('')),
  operand: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: number },
    {
      weight: 2,
      arbitrary: fc
        .tuple(space, tie('expression'), space)
        .map(([before, inner, after]) => `(${before}${inner}${after})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('-', '+', '--', '- '), tie('operand'))
        .map((parts) => parts.join('')),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.oneof(
            number,
            tie('expression').map((inner) => `(${inner})`),
          ),
          fc.constantFrom('^', '**', ' ^ '),
          fc.constantFrom('0', '1', '2', '3', '-1', '-2', '+2', '(5-3)', '2^2', '-1**2'),
        )
        .map((parts) => parts.join('')),
    },
  ),
}));

const LINE = /^[\x20-\x7e]{1,253}$/;

test('random expressions agree with an exact evaluator', () => {
  let compared = 0;
  fc.assert(
    fc.property(expression, (text) => {
      if (text.length > 400) return;
      const answer = calculate(text);
      expect(answer.text).toMatch(LINE);
      let exact: Outcome;
      try {
        exact = evaluateExactly(text);
      } catch (error) {
        if (error instanceof TooLong) return; // rounded or an error, within the documented bounds
        throw error;
      }
      if (exact === undefined) {
        expect(answer.text).toMatch(/^error: division by zero at character \d+$/);
      } else if (answer.error) {
        expect(answer.text).toMatch(/^error: (result too large|too much work) at character \d+$/);
        expect(abs(exact[0] / exact[1]) >= 10n ** 252n).toBe(true);
      } else {
        compared++;
        expectValue(answer.text, exact);
      }
    }),
    { numRuns: 5000 },
  );
  expect(compared).toBeGreaterThan(3000);
});

test('whatever the text is, the answer is one printable line', () => {
  const alphabet = fc.constantFrom(
    ...'0123456789.eE+-*/%^() \tx_#!=,:;[]{}"\'<>&|~?\\@$\n\r\0é💥'.split(''),
  );
  const anything = fc.oneof(
    fc.string({ unit: alphabet, maxLength: 60 }),
    fc.string({
      unit: fc.constantFrom('1', '9', '.', 'e', '+', '-', '*', '/', '%', '^', '(', ')'),
      maxLength: 30,
    }),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .tuple(expression, fc.nat(40), alphabet)
      .map(([valid, at, odd]) => valid.slice(0, at) + odd + valid.slice(at)),
  );
  fc.assert(
    fc.property(anything, (garbage) => {
      const { text, error } = calculate(garbage);
      const isRight =
        LINE.test(text) && error === text.startsWith('error: ') && !text.includes('internal');
      expect(isRight, text).toBe(true);
    }),
    { numRuns: 3000 },
  );
});
