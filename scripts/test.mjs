/** `npm test`: type checks, lint, Vitest and Playwright, everything or a part. */

import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { run } from './child.mjs';
import { inRoot, root } from './paths.mjs';
import { plainly, Problem } from './problem.mjs';
import { makeReady } from './ready.mjs';
import { browserTests, lintChecks, reports, typeChecks, unitTests } from './test-parts.mjs';
import { missingLine, missingPrograms } from './test-programs.mjs';
import { closingLine, notTriedLines, playwrightCounts, vitestCounts } from './test-summary.mjs';

const usage = `Usage: npm test [-- <part> [<the runner's own arguments>]]

Without a part: everything.
  types     type-checks every package
  lint      ESLint, Prettier and knip
  unit      Vitest: unit and integration tests, over real sockets
  browser   Playwright: the browser tests in a real Chromium`;

/** @typedef {import('./test-parts.mjs').Check} Check */
/** @typedef {import('./test-summary.mjs').Counts} Counts */

/** @typedef {Record<string, (more: readonly string[]) => Promise<void>>} Parts */

/** @type {Parts} */
const tests = {
  unit: async (more) => {
    heading('Unit and integration tests');
    const { code, output } = await runTests(await unitTests(more));
    note(vitestCounts(reports.unit, code), closingLines(output, /^ *Test Files /m));
  },
  browser: async (more) => {
    heading('Browser tests');
    const { code, output } = await runTests(await browserTests(more));
    const closing = /^ {2}\d+ (failed|interrupted|flaky|skipped|did not run|passed)\b/m;
    note(playwrightCounts(reports.browser, code), closingLines(output, closing));
  },
};

/** @type {Parts} */
const parts = {
  types: () => checkAll('Type checks', typeChecks()),
  lint: () => checkAll('Lint', lintChecks()),
  ...tests,
};

/** ESLint takes as long as the others that only read the sources: side by side. @type {Parts} */
const everything = {
  checks: () => checkAll('Lint and type checks', [...lintChecks(), ...typeChecks()]),
  ...tests,
};

/** The names of what did not pass. @type {string[]} */
const failures = [];
/** @type {Counts[]} */
const counts = [];
/** What the runners said last. @type {string[]} */
const summaries = [];

await plainly(async () => {
  const [part, ...more] = process.argv.slice(2);
  if (part === '--help' || part === '-h') {
    console.log(usage);
    return;
  }
  if (part !== undefined && !Object.hasOwn(parts, part)) {
    throw new Problem(`There is no part "${part}".\n\n${usage}`);
  }
  await makeReady();
  rmSync(inRoot('test-results'), { recursive: true, force: true });
  mkdirSync(inRoot('test-results'));

  for (const [name, runPart] of Object.entries(part === undefined ? everything : parts)) {
    if (part === undefined || part === name) await orNote(name, () => runPart(more));
  }

  heading('Summary');
  if (summaries.length > 0) console.log(`${summaries.join('\n\n')}\n`);
  if (failures.length > 0) {
    console.log(`Not passed: ${failures.join(', ')}`);
    process.exitCode = 1;
  }
  if (counts.length === 0) return;
  const gaps = [missingLine(await missingPrograms()), notTriedLines(counts)];
  for (const gap of gaps) if (gap !== '') console.log(gap);
  console.log(closingLine(counts));
});

/**
 * A part that cannot run (no browser …) is a failure; the others still run.
 *
 * @param {string} name
 * @param {() => Promise<void>} runPart
 */
async function orNote(name, runPart) {
  try {
    await runPart();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.log(error.message);
    failures.push(name);
    counts.push({ passed: 0, failed: 1, notTried: [] });
  }
}

/**
 * Runs checks that do not disturb each other, as many at once as there are processors.
 *
 * @param {string} title
 * @param {readonly Check[]} checks
 */
async function checkAll(title, checks) {
  heading(title);
  const waiting = [...checks];
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const { code, output } = await runCheck(check, 'keep');
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${check.name}`);
      if (code === 0) continue;
      console.log(output.trimEnd());
      failures.push(check.name);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

/** @param {Check} check */
async function runTests(check) {
  const result = await runCheck(check, 'stdout');
  if (result.code !== 0) failures.push(check.name);
  return result;
}

/**
 * @param {Check} check
 * @param {'stdout' | 'keep'} to
 */
function runCheck({ args, cwd = root, env }, to) {
  const color = process.stdout.isTTY && !process.env['NO_COLOR'] ? { FORCE_COLOR: '1' } : {};
  return run(process.execPath, args, { to, cwd, env: { ...process.env, ...color, ...env } });
}

/**
 * @param {Counts} count
 * @param {string} summary
 */
function note(count, summary) {
  counts.push(count);
  if (summary) summaries.push(summary);
}

/**
 * What a runner printed from its closing lines on.
 *
 * @param {string} output
 * @param {RegExp} start
 */
function closingLines(output, start) {
  const plain = stripVTControlCharacters(output);
  const index = plain.search(start);
  return index < 0 ? '' : plain.slice(index).trimEnd();
}

/** @param {string} title */
function heading(title) {
  console.log(`\n== ${title}\n`);
}
