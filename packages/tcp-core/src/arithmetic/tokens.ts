/**
 * Text to tokens, against an allow-list of characters. Whether the tokens may follow one another is
 * checked here too: so every mistake is found where its position is known, and what goes on to the
 * parser is an expression for sure.
 */

import { ExpressionError } from './expression-error.ts';
import type { Exact } from './fraction.ts';
import { type Work, maxDepth } from './limits.ts';
import { literal, literalValue } from './literal.ts';
import { strange } from './strange.ts';

/** A number; `at` is the 1-based character where it begins. */
export interface Operand {
  readonly at: number;
  readonly value: Exact;
}

/** An operator, binary or unary. `**` is spelled `^`. */
export interface Operator {
  readonly at: number;
  readonly sign: Sign;
}

export type Sign = '+' | '-' | '*' | '/' | '//' | '%' | '^';

export interface Tokens {
  /** Numbers and operators in the order of the text. */
  readonly list: readonly (Operand | Operator)[];
  /**
   * The same and the parentheses as mathjs shall see it: every number is `1`, every operator that
   * ranks with `*` is `*`. Nothing that a client wrote goes further than this file.
   */
  readonly skeleton: string;
}

/** The operator that stands for `sign` in the skeleton. */
export function standIn(sign: Sign): string {
  return sign === '/' || sign === '//' || sign === '%' ? '*' : sign;
}

/** Throws ExpressionError at the first thing that does not belong into an expression. */
export function tokenize(text: string, work: Work): Tokens {
  const list: (Operand | Operator)[] = [];
  const open: { at: number; depth: number; floor: number }[] = [];
  let skeleton = '';
  let isOperandNext = true;
  // What is open at this place, in all and outside of the innermost parentheses: see maxDepth.
  let depth = 0;
  let floor = 0;
  let end: number;

  for (let start = 0; start < text.length; start = end) {
    const code = text.charCodeAt(start);
    const at = start + 1;
    end = at;
    if (code === SPACE || code === TAB) continue;

    if (isDigit(code) || (code === DOT && isDigit(text.charCodeAt(at)))) {
      if (!isOperandNext) throw new ExpressionError('operator expected', at);
      const plainEnd = endOfDigits(text, start);
      const isPlain =
        plainEnd - start <= SAFE_DIGITS && !continuesNumber(text.charCodeAt(plainEnd));
      end = isPlain ? plainEnd : endOfLiteral(text, start);
      const word = text.slice(start, end);
      list.push({ at, value: isPlain ? Number(word) : valueAt(at, word, work) });
      skeleton += '1';
      isOperandNext = false;
      continue;
    }

    const character = text.charAt(start);
    switch (character) {
      case '(':
        if (!isOperandNext) throw new ExpressionError('operator expected', at);
        open.push({ at, depth, floor });
        floor = ++depth;
        skeleton += '(';
        break;
      case ')': {
        const outer = open.pop();
        if (outer === undefined) throw new ExpressionError(') without (', at);
        if (isOperandNext) throw new ExpressionError('number expected', at);
        ({ depth, floor } = outer);
        skeleton += ')';
        break;
      }
      case '+':
      case '-':
        list.push({ at, sign: character });
        skeleton += character;
        depth = isOperandNext ? depth + 1 : floor;
        isOperandNext = true;
        break;
      case '*':
      case '/':
      case '%':
      case '^': {
        if (isOperandNext) throw new ExpressionError('number expected', at);
        const isDouble = character !== '%' && character !== '^' && text.charAt(at) === character;
        if (isDouble) end = at + 1;
        const sign = isDouble ? (character === '*' ? '^' : '//') : character;
        list.push({ at, sign });
        skeleton += standIn(sign);
        depth = sign === '^' ? depth + 1 : floor;
        isOperandNext = true;
        break;
      }
      default:
        throw strange(text, start, !isOperandNext);
    }
    if (depth > maxDepth) throw new ExpressionError('too deeply nested', at);
  }

  if (skeleton === '') throw new ExpressionError('nothing to calculate', 1);
  if (isOperandNext) throw new ExpressionError('number expected', text.length + 1);
  const unclosed = open.pop();
  if (unclosed !== undefined) throw new ExpressionError('( is never closed', unclosed.at);
  return { list, skeleton };
}

const TAB = 0x09;
const SPACE = 0x20;
const DOT = 0x2e;
/** Integers of so many digits are read by `Number` without loss. */
const SAFE_DIGITS = 15;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

/** Whether digits before this character may be but the beginning of a literal: `.`, `e`, `E`. */
function continuesNumber(code: number): boolean {
  return code === DOT || code === 0x65 || code === 0x45;
}

function endOfLiteral(text: string, start: number): number {
  literal.lastIndex = start;
  literal.test(text);
  return literal.lastIndex;
}

function valueAt(at: number, word: string, work: Work): Exact {
  try {
    return literalValue(word, work);
  } catch (error) {
    throw error instanceof ExpressionError ? new ExpressionError(error.message, at) : error;
  }
}
