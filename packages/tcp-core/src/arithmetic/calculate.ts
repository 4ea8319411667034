/**
 * The arithmetic that servers 1 to 3 offer: one expression in, one line out.
 *
 *     tokens.ts      text → numbers, operators and their order; finds every mistake in the text
 *     strange.ts     names what has no meaning here, and says what to write instead
 *     expression.ts  order → tree (mathjs) → value
 *     operators.ts   what + - * / // % mean; power.ts: ^ and **
 *     fraction.ts    exact values; rounded.ts: the others
 *     format.ts      value → text
 *     limits.ts      what keeps all that cheap
 */

import { ExpressionError } from './expression-error.ts';
import { evaluate } from './expression.ts';
import { format } from './format.ts';
import { Work, maxLength } from './limits.ts';
import { tokenize } from './tokens.ts';

export interface Answer {
  /** One line of at most 253 printable ASCII characters, without its end. */
  text: string;
  /** Whether the line says what is wrong; it then begins with `error: `. */
  error: boolean;
}

/** Calculates an expression. Never throws and never takes long, whatever the text is. */
export function calculate(text: string): Answer {
  try {
    if (text.length > maxLength) {
      throw new ExpressionError(`longer than ${maxLength} characters`, maxLength + 1);
    }
    const work = new Work();
    const tokens = tokenize(text, work);
    const { value, at } = evaluate(tokens, work);
    const answer = format(value);
    if (answer === undefined) throw new ExpressionError('result too large', at);
    return { text: answer, error: false };
  } catch (error) {
    return { text: `error: ${explain(error)}`, error: true };
  }
}

function explain(error: unknown): string {
  if (error instanceof ExpressionError) {
    const what =
      error.at === undefined ? error.message : `${error.message} at character ${error.at}`;
    return error.advice === undefined ? what : `${what}: ${error.advice}`;
  }
  // The parser recurses; maxDepth leaves it room, but not if the caller is deep in the stack itself.
  if (error instanceof RangeError) return 'too deeply nested';
  // A mistake in this directory. The client shall not lose its session for it.
  return 'internal: this expression cannot be calculated';
}
