/** What was compared and what was wrong, kind by kind: the audit's result. */

/** Of each kind so many wrong ones are kept to be shown. */
const SHOWN = 5;

/** @typedef {{ kind: string, compared: number, wrong: number, shown: string[] }} Row */

export class Ledger {
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /** Makes the rows stand in this order, also those in which nothing will be compared. @param {readonly string[]} kinds */
  constructor(kinds) {
    for (const kind of kinds) this.#row(kind);
  }

  /**
   * Notes one comparison. `describe` tells a wrong one in full: what the log says, what is true.
   *
   * @param {string} kind
   * @param {boolean} isRight
   * @param {() => string} describe
   */
  compare(kind, isRight, describe) {
    const row = this.#row(kind);
    row.compared += 1;
    if (isRight) return;
    row.wrong += 1;
    if (row.shown.length < SHOWN) row.shown.push(describe());
  }

  get rows() {
    return [...this.#rows.values()];
  }

  get compared() {
    return this.rows.reduce((sum, { compared }) => sum + compared, 0);
  }

  get wrong() {
    return this.rows.reduce((sum, { wrong }) => sum + wrong, 0);
  }

  /** @param {string} kind */
  #row(kind) {
    let row = this.#rows.get(kind);
    if (!row) this.#rows.set(kind, (row = { kind, compared: 0, wrong: 0, shown: [] }));
    return row;
  }
}

/** The table. @param {readonly Row[]} rows */
export function tableOf(rows) {
  const width = Math.max(...rows.map(({ kind }) => kind.length));
  const line = (/** @type {string} */ kind, /** @type {string} */ all, /** @type {string} */ bad) =>
    `${kind.padEnd(width)}  ${all.padStart(9)}  ${bad.padStart(7)}`;
  return [
    line('', 'compared', 'wrong'),
    ...rows.map(({ kind, compared, wrong }) => line(kind, String(compared), String(wrong))),
  ].join('\n');
}
