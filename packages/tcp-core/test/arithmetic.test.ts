import { describe, expect, test } from 'vitest';
import { calculate } from '../src/arithmetic/calculate.ts';

const results: [expression: string, result: string][] = [
  // whole numbers
  ['22 + 44', '66'],
  ['12 + 3', '15'],
  ['1+2+3+4', '10'],
  ['  \t7 *\t6  ', '42'],
  ['2--3', '5'],
  ['-(-5)', '5'],
  ['-0', '0'],
  ['0*-5', '0'],
  ['2^64', '18446744073709551616'],
  ['9007199254740993 - 1', '9007199254740992'],
  ['9007199254740991 + 2', '9007199254740993'],
  ['94906267 * 94906267', '9007199515875289'],
  ['3^34', '16677181699666569'],
  ['10/2', '5'],
  ['1e252', `1${'0'.repeat(252)}`],
  ['-1e251', `-1${'0'.repeat(251)}`],
  // precedence and associativity
  ['2+3*4', '14'],
  ['(2+3)*4', '20'],
  ['10-4-3', '3'],
  ['100/10/5', '2'],
  ['1-2//2', '0'],
  ['2*7%4', '2'],
  ['-2^2', '-4'],
  ['(-2)^2', '4'],
  ['2^3^2', '512'],
  ['2**3**2', '512'],
  ['2^-1', '0.5'],
  ['2**-1**2', '0.5'],
  ['2*-3', '-6'],
  // floor and remainder, as in Python
  ['7//2', '3'],
  ['-7//2', '-4'],
  ['7//-2', '-4'],
  ['7%3', '1'],
  ['-7%3', '2'],
  ['7 % -3', '-2'],
  ['5.5%2', '1.5'],
  ['-0.5 // 0.3', '-2'],
  ['2^100 % 7', '2'],
  // decimals
  ['.5', '0.5'],
  ['5.', '5'],
  ['1e3', '1000'],
  ['1.5E-3', '0.0015'],
  ['1e+2', '100'],
  ['0e999999999', '0'],
  ['0.1+0.2', '0.3'],
  ['7/2', '3.5'],
  ['1/8', '0.125'],
  ['1/3', '0.33333333333333333333'],
  ['-2/3', '-0.66666666666666666667'],
  ['200/3', '66.666666666666666667'],
  ['1/3*3', '1'],
  ['1/2^70', '8.470329472543003390683225006796419620513916015625e-22'],
  ['10^40+.5', `1${'0'.repeat(40)}.5`],
  ['0.000001', '0.000001'],
  ['1e-7', '1e-7'],
  ['15e-31', '1.5e-30'],
  ['10^40/3', '3.3333333333333333333e+39'],
  ['2^-5000', '7.0798112610481728924e-1506'],
  ['(1+0.05/365)^3650', '1.6486648137654718302'],
  // fractional powers
  ['4^0.5', '2'],
  ['(1/4)^0.5', '0.5'],
  ['8^(1/3)', '2'],
  ['(8/27)^(2/3)', '0.44444444444444444444'],
  ['32^-0.2', '0.5'],
  ['(10^200)^(1/200)', '10'],
  ['2^0.5', '1.4142135623730950488'],
  ['2^0.5*2^0.5', '2'],
  ['8^0.5 - 2*2^0.5', '0'],
  ['(2^0.5*2^0.5) // 1', '2'],
  ['(1+1e-29)^(1e29)', '2.7182818284590452354'],
  ['0^0', '1'],
  ['0^0.5', '0'],
];

test.each(results)('%s is %s', (expression, result) => {
  expect(calculate(expression)).toEqual({ text: result, error: false });
});

const mistakes: [expression: string, what: string][] = [
  ['', 'nothing to calculate at character 1'],
  [' \t ', 'nothing to calculate at character 1'],
  // zero
  ['1/0', 'division by zero at character 2'],
  ['1 + 2/(3-3)', 'division by zero at character 6'],
  ['1//0', 'division by zero at character 2'],
  ['1 % 0', 'division by zero at character 3'],
  ['0^-1', 'division by zero at character 2'],
  ['0^-0.5', 'division by zero at character 2'],
  ['1/(8^0.5-2*2^0.5)', 'division by zero at character 2'],
  ['1.5 % (2^0.5-2^0.5)', 'division by zero at character 5'],
  // names and functions
  ['foo', 'unknown name foo at character 1'],
  ['2 + foo', 'unknown name foo at character 5'],
  ['2x', 'unknown name x at character 2'],
  ['a = 1', 'unknown name a at character 1'],
  ['sqrt(2)', 'unknown name sqrt at character 1'],
  ['ones(1e9)', 'unknown name ones at character 1'],
  ['import({a:1})', 'unknown name import at character 1'],
  ['1 + constructor', 'unknown name constructor at character 5'],
  ['__proto__', 'unknown name __proto__ at character 1'],
  ['5 mod 3', 'unknown name mod at character 3'],
  ['5 cm to inch', 'unknown name cm at character 3'],
  ['0x10', 'unknown name x10 at character 2'],
  ['1e', 'unknown name e at character 2'],
  ['1_000', 'unknown name _000 at character 2'],
  ['NaN', 'unknown name NaN at character 1'],
  ['x'.repeat(4096), `unknown name ${'x'.repeat(37)}... at character 1`],
  // operators in the wrong place, or of another language
  ['2 3', 'operator expected at character 3'],
  ['2(3)', 'operator expected at character 2'],
  ['(2)(3)', 'operator expected at character 4'],
  ['(2)3', 'operator expected at character 4'],
  ['1/2(3)', 'operator expected at character 4'],
  ['1.2.3', 'operator expected at character 4'],
  ['1e5.5', 'operator expected at character 4'],
  ['2 +', 'number expected at character 4'],
  ['*2', 'number expected at character 1'],
  ['2 * / 3', 'number expected at character 5'],
  ['2***3', 'number expected at character 4'],
  ['2///3', 'number expected at character 4'],
  ['5%', 'number expected at character 3'],
  ['5% + 1 *', 'number expected at character 9'],
  ['()', 'number expected at character 2'],
  ['(2', '( is never closed at character 1'],
  ['(1) + ((2)', '( is never closed at character 7'],
  ['2)', ') without ( at character 2'],
  ['2 .* 3', 'unexpected character . at character 3'],
  ['.', 'unexpected character . at character 1'],
  ['5!', 'unexpected character ! at character 2'],
  ['1 < 2', 'unexpected character < at character 3'],
  ['1:1e9', 'unexpected character : at character 2: to divide, write /'],
  ['[1,2]', 'unexpected character [ at character 1'],
  ['1; 2', 'unexpected character ; at character 2'],
  [
    '1,5',
    'unexpected character , at character 2: write . before decimals, and nothing between thousands',
  ],
  ["3'", "unexpected character ' at character 2"],
  ['"a"', 'unexpected character " at character 1'],
  ['1 # one', 'unexpected character # at character 3'],
  ['1\n+ 2', 'unexpected line feed (U+000A) at character 2'],
  ['1\0', 'unexpected NUL (U+0000) at character 2: send only the message, strlen(message) bytes'],
  ['1 + 💥', 'unexpected emoji (U+1F4A5) at character 5'],
  ['1\ud800', 'unexpected half of a character (U+D800) at character 2'],
  // what a person sees, or does not see, and what to write instead
  ['2 × 3', 'unexpected multiplication sign (U+00D7) at character 3: write *'],
  ['2 · 3', 'unexpected middle dot (U+00B7) at character 3: write *'],
  ['6 x 7', 'unknown name x at character 3: write *'],
  ['10X(7)', 'unknown name X at character 3: write *'],
  ['6x7', 'unknown name x7 at character 2: write *'],
  ['5 − 3', 'unexpected minus sign (U+2212) at character 3: write -'],
  ['5 – 3', 'unexpected en dash (U+2013) at character 3: write -'],
  ['5 ⸺ 3', 'unexpected dash (U+2E3A) at character 3: write -'],
  ['8 ÷ 2', 'unexpected division sign (U+00F7) at character 3: write /'],
  ['8 ∕ 2', 'unexpected division slash (U+2215) at character 3: write /'],
  ['22 + 44 =', 'unexpected character = at character 9: leave out the ='],
  ['22 + 44 ＝', 'unexpected fullwidth = (U+FF1D) at character 9: leave out the ='],
  ['2²', 'unexpected superscript 2 (U+00B2) at character 2: write ^2'],
  ['½ + 1', 'unexpected fraction (U+00BD) at character 1: write (1/2)'],
  ['３ + 4', 'unexpected fullwidth 3 (U+FF13) at character 1: write 3'],
  ['（3)', 'unexpected fullwidth ( (U+FF08) at character 1: write ('],
  ['٣ + 4', 'unexpected digit 3 of another script (U+0663) at character 1: write 3'],
  ['22\xa0+ 44', 'unexpected no-break space (U+00A0) at character 3: write a plain space'],
  ['22\u2003+ 44', 'unexpected special space (U+2003) at character 3: write a plain space'],
  [
    '22\u200b+ 44',
    'unexpected zero-width space (U+200B) at character 3: it is invisible: delete it',
  ],
  ['1\u202e2', 'unexpected direction mark (U+202E) at character 2: it is invisible: delete it'],
  ['1\ufe0f', 'unexpected variation selector (U+FE0F) at character 2: it is invisible: delete it'],
  ['1\u{e0041}', 'unexpected tag character (U+E0041) at character 2: it is invisible: delete it'],
  ['1\u3164', 'unexpected Hangul filler (U+3164) at character 2: it is invisible: delete it'],
  ['1\u0301', 'unexpected combining mark (U+0301) at character 2: delete it'],
  ['1\b', 'unexpected backspace (U+0008) at character 2'],
  [
    '\x1b[A',
    'unexpected escape character (U+001B) at character 1: ' +
      'arrow and function keys send it; type the line again',
  ],
  ['1\x01', 'unexpected control character Ctrl-A (U+0001) at character 2'],
  ['5 €', 'unexpected euro sign (U+20AC) at character 3: write numbers only'],
  ['π', 'unexpected letter (U+03C0) at character 1'],
  // out of bounds
  ['(-4)^0.5', 'root of a negative number at character 5'],
  ['(0-2^0.5)^0.5', 'root of a negative number at character 10'],
  ['1e253', 'result too large at character 1'],
  ['1 + 1e252*10', 'result too large at character 3'],
  ['9^9^9^9', 'result too large at character 4'],
  ['9^4000*9^4000', 'result too large at character 2'],
  ['2^(10^1000)', 'exponent too large at character 2'],
  ['2^0.5*0.5^99999', 'result too small at character 10'],
  ['(2^0.5*10^60)//1', 'not enough digits for a whole quotient at character 14'],
  ['1e999999999', 'number too large at character 1'],
  ['1 + 1e-999999999', 'number too small at character 5'],
  ['1'.repeat(4096), 'number too large at character 1'],
  [`.${'1'.repeat(4095)}`, 'number too long at character 1'],
  ['('.repeat(2000) + '1' + ')'.repeat(2000), 'too deeply nested at character 101'],
  ['('.repeat(4000), 'too deeply nested at character 101'],
  [`${'-'.repeat(4000)}1`, 'too deeply nested at character 101'],
  [`${'2^'.repeat(2000)}2`, 'too deeply nested at character 202'],
  [`${'(-2^'.repeat(50)}2${')'.repeat(50)}`, 'too deeply nested at character 134'],
  ['1'.repeat(5000), 'longer than 4096 characters at character 4097'],
];

/** For the title of a test: some of these are 4,096 characters long. */
const named = mistakes.map(([expression, what]) => {
  const name = JSON.stringify(expression);
  return { name: name.length > 40 ? `${name.slice(0, 30)}…` : name, expression, what };
});

test.each(named)('$name: $what', ({ expression, what }) => {
  expect(calculate(expression)).toEqual({ text: `error: ${what}`, error: true });
});

test.each(['quit', 'exit', 'bye', 'Exit', ' QUIT ', 'exit()', 'quit;', ':q'])(
  '%s is told how to leave',
  (text) => {
    expect(calculate(text)).toEqual({
      text: 'error: to leave, close the connection: Ctrl-C in nc, Ctrl-] and then quit in telnet',
      error: true,
    });
  },
);

describe('costs', () => {
  const filled = (unit: string, last = '1') =>
    unit.repeat((4096 - last.length) / unit.length) + last;

  test.each([
    ['irrational powers', filled('2.7^.3+')],
    ['coprime powers', filled('9^999/7^999+')],
    ['long fractions', filled('1/9^600-1/7^640+')],
    ['large remainders', filled('(9^1200/7^600)%(5^800/3^900)+')],
    ['large roots', filled('9^1200^(1/31)+')],
    ['products that come to nothing', filled('0*9^1290+')],
  ])('many %s are too much work', (_, expression) => {
    expect(calculate(expression).text).toMatch(/^error: too much work at character \d+$/);
  });

  test.each([
    ['terms', filled('1+'), '2048'],
    ['nested terms', `${'('.repeat(100)}1${'+1)'.repeat(100)}`, '101'],
    ['signs', `${'-'.repeat(100)}1`, '1'],
    ['small fractions', `1/${Array.from({ length: 600 }, (_, i) => i + 1).join('+1/')}`, /^6\.974/],
  ])('many %s are not', (_, expression, result) => {
    const { text, error } = calculate(expression);
    expect(error).toBe(false);
    expect(text).toMatch(result);
  });

  test('a caller deep in the stack gets an answer as well', () => {
    const answers: string[] = [];
    const descend = (): void => {
      try {
        descend();
      } catch {
        // The stack is full here; on the way back up there is a little more room at each step.
      }
      if (answers.length < 2000)
        answers.push(calculate(`${'('.repeat(90)}1${')'.repeat(90)}`).text);
    };
    try {
      descend();
    } catch {
      // The frames that had no room for even the call of calculate.
    }
    expect(new Set(answers)).toEqual(new Set(['1', 'error: too deeply nested']));
  });
});
