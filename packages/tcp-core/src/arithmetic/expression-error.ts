/** What is wrong with an expression; `at` is the 1-based character where, once that is known. */
export class ExpressionError extends Error {
  readonly at: number | undefined;

  constructor(what: string, at?: number) {
    super(what);
    this.name = 'ExpressionError';
    this.at = at;
  }
}
