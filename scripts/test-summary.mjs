/** How many tests passed and failed, out of the runners' own reports. */

import { readFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @typedef {{
 *   numPassedTests: number,
 *   numFailedTests: number,
 *   numPendingTests: number,
 *   numTodoTests: number,
 *   testResults: { status: string, assertionResults: { status: string }[] }[],
 * }} VitestReport
 *
 * @typedef {{
 *   stats: { expected: number, unexpected: number, flaky: number, skipped: number },
 * }} PlaywrightReport
 */

/**
 * Reads Vitest's JSON report. A file that could not even be loaded has no tests and counts as one
 * failure; so does a runner that failed without a failed test (an error outside any test, a crash).
 *
 * @param {string} file
 * @param {number} code the runner's exit code
 * @returns {Counts}
 */
export function vitestCounts(file, code) {
  const report = /** @type {VitestReport | undefined} */ (readReport(file));
  if (!report) return crashed;
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return atLeastOneFailure(code, {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + report.numTodoTests,
  });
}

/**
 * Reads Playwright's JSON report. A flaky test counts as failed: there are no retries here.
 *
 * @param {string} file
 * @param {number} code the runner's exit code
 * @returns {Counts}
 */
export function playwrightCounts(file, code) {
  const report = /** @type {PlaywrightReport | undefined} */ (readReport(file));
  if (!report) return crashed;
  const { expected, unexpected, flaky, skipped } = report.stats;
  return atLeastOneFailure(code, { passed: expected, failed: unexpected + flaky, skipped });
}

/** The line that `npm test` ends with. @param {readonly Counts[]} all */
export function closingLine(all) {
  const sum = (/** @type {keyof Counts} */ key) =>
    all.reduce((total, counts) => total + counts[key], 0);
  const skipped = sum('skipped') > 0 ? `, ${String(sum('skipped'))} skipped` : '';
  return `${String(sum('passed'))} passed, ${String(sum('failed'))} failed${skipped}`;
}

/** @type {Counts} */
const crashed = { passed: 0, failed: 1, skipped: 0 };

/** @param {number} code @param {Counts} counts @returns {Counts} */
function atLeastOneFailure(code, counts) {
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/**
 * @param {string} file
 * @returns {unknown}
 */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
