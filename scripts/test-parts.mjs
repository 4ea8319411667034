/** What `npm test` runs, and in which order. */

import { findChromium } from './find-chromium.mjs';
import { inRoot, toolPath } from './paths.mjs';
import { programsEnvironment } from './test-programs.mjs';

/** One program to run. @typedef {{ name: string, args: string[], cwd?: string, env?: NodeJS.ProcessEnv }} Check */

/** Where the runners leave their results as JSON. */
export const reports = {
  unit: inRoot('test-results', 'vitest.json'),
  browser: inRoot('test-results', 'playwright.json'),
};

/** @returns {Check[]} */
export function typeChecks() {
  const tsc = toolPath('.', 'typescript', 'tsc');
  const configs = [
    // All that runs on Node in one program: each by itself would take half as long again.
    'tsconfig.node.json',
    'packages/tcp-core/tsconfig.browser.json',
    'e2e/tsconfig.json',
  ];
  const svelteCheck = [toolPath('apps/web', 'svelte-check'), '--tsconfig', './tsconfig.json'];
  return [
    ...configs.map((config) => ({ name: `tsc -p ${config}`, args: [tsc, '-p', config] })),
    {
      name: 'svelte-check',
      args: [...svelteCheck, '--output', 'human', '--fail-on-warnings'],
      cwd: inRoot('apps/web'),
    },
  ];
}

/** @returns {Check[]} */
export function lintChecks() {
  const cache = (/** @type {string} */ name) => ['--cache', '--cache-location', `.cache/${name}`];
  const eslint = [toolPath('.', 'eslint'), '.', '--max-warnings', '0'];
  const prettier = [toolPath('.', 'prettier'), '--check', '.', '--log-level', 'warn'];
  return [
    { name: 'eslint', args: eslint },
    // What is exported and not imported, what is depended upon and not used, imports in a circle.
    { name: 'knip', args: [toolPath('.', 'knip')] },
    { name: 'prettier --check', args: [...prettier, ...cache('prettier')] },
  ];
}

/**
 * Vitest in all packages, over real sockets and real threads.
 *
 * @param {readonly string[]} more arguments of the runner's own
 * @returns {Promise<Check>}
 */
export async function unitTests(more) {
  return {
    name: 'vitest',
    args: [
      toolPath('.', 'vitest'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reports.unit}`,
      ...more,
    ],
    env: await programsEnvironment(),
  };
}

/**
 * Playwright: the real gateway, a real Chromium, real nc.
 *
 * @param {readonly string[]} more arguments of the runner's own
 * @returns {Promise<Check>}
 */
export async function browserTests(more) {
  return {
    name: 'playwright',
    args: [toolPath('e2e', '@playwright/test', 'playwright'), 'test', ...more],
    cwd: inRoot('e2e'),
    env: {
      CHROMIUM_PATH: await findChromium(),
      PLAYWRIGHT_JSON_OUTPUT_FILE: reports.browser,
      ...(await programsEnvironment()),
    },
  };
}
