/** How many tests passed and failed, out of the runners' own reports. */

import { readFileSync } from 'node:fs';

/** `notTried`: the names of what was skipped. @typedef {{ passed: number, failed: number, notTried: string[] }} Counts */

/**
 * @typedef {{
 *   numPassedTests: number,
 *   numFailedTests: number,
 *   testResults: { status: string, assertionResults: { status: string, fullName: string }[] }[],
 * }} VitestReport
 *
 * @typedef {{ specs: { title: string, tests: { status: string }[] }[], suites?: PlaywrightSuite[] }} PlaywrightSuite
 * @typedef {{
 *   stats: { expected: number, unexpected: number, flaky: number },
 *   suites: PlaywrightSuite[],
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
    notTried: report.testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => fullName),
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
  const { expected, unexpected, flaky } = report.stats;
  const failed = unexpected + flaky;
  const notTried = report.suites.flatMap(skippedIn);
  return atLeastOneFailure(code, { passed: expected, failed, notTried });
}

/** @param {PlaywrightSuite} suite @returns {string[]} */
function skippedIn({ specs, suites = [] }) {
  return [
    ...specs
      .filter(({ tests }) => tests.some(({ status }) => status === 'skipped'))
      .map(({ title }) => title),
    ...suites.flatMap(skippedIn),
  ];
}

/** With the runners' own arguments (`-t`) almost all may be left out: the first are named. */
const NAMED = 40;

/** What was not tried, one test a line; empty if everything was. @param {readonly Counts[]} all */
export function notTriedLines(all) {
  const names = all.flatMap(({ notTried }) => notTried);
  if (names.length === 0) return '';
  const others = names.length > NAMED ? [`and ${String(names.length - NAMED)} others`] : [];
  return ['Not tried:', ...names.slice(0, NAMED), ...others].join('\n  ');
}

/** The line that `npm test` ends with. @param {readonly Counts[]} all */
export function closingLine(all) {
  const passed = all.reduce((total, counts) => total + counts.passed, 0);
  const failed = all.reduce((total, counts) => total + counts.failed, 0);
  const skipped = all.reduce((total, counts) => total + counts.notTried.length, 0);
  const rest = skipped > 0 ? `, ${String(skipped)} skipped` : '';
  return `${String(passed)} passed, ${String(failed)} failed${rest}`;
}

/** @type {Counts} */
const crashed = { passed: 0, failed: 1, notTried: [] };

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
