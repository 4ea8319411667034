/**
 * What is wrong with an expression; `at` is the 1-based character where, once that is known, and
 * `advice` what to write instead, where that is plain.
 */
export class ExpressionError extends Error {
  readonly at: number | undefined;
  readonly advice: string | undefined;

  constructor(what: string, at?: number, advice?: string) {
    super(what);
    this.name = 'ExpressionError';
    this.at = at;
    this.advice = advice;
  }
}
