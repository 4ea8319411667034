/**
 * A Chromium for the browser tests, in this order: $CHROMIUM_PATH; one that is installed; one that
 * Playwright has downloaded before; a download by Playwright; Debian's package.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { canInstallPackages, installPackage, isExecutable, onPath } from './on-path.mjs';
import { inRoot, toolPath } from './paths.mjs';
import { Problem } from './problem.mjs';

const commands = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
];

const usualPlaces = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ...[
    process.env['PROGRAMFILES'],
    process.env['PROGRAMFILES(X86)'],
    process.env['LOCALAPPDATA'],
  ].flatMap((folder) =>
    folder ? [join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe')] : [],
  ),
];

/** A download that takes longer than this is given up. */
const DOWNLOAD_MS = 180_000;

/**
 * The path of a Chromium that runs. The tests are never skipped for want of one.
 *
 * @returns {Promise<string>}
 */
export async function findChromium() {
  const chosen = process.env['CHROMIUM_PATH'];
  if (chosen) {
    if (await runs(chosen)) return chosen;
    throw new Problem(`CHROMIUM_PATH is ${chosen}, but that does not run. Correct or unset it.`);
  }
  const found =
    (await firstThatRuns([onPath(commands), ...usualPlaces])) ??
    (await downloaded()) ??
    (await download()) ??
    (await fromDebian());
  if (found) return found;
  throw new Problem(
    'No Chromium for the browser tests, and none could be downloaded. ' +
      'Install Chromium or Chrome (Debian: apt-get install chromium), or set CHROMIUM_PATH to one.',
  );
}

/** @param {readonly (string | undefined)[]} files */
async function firstThatRuns(files) {
  for (const file of files) {
    if (file && (await runs(file))) return file;
  }
  return undefined;
}

/**
 * Asks for its version: Ubuntu's stub without the snap behind it, or a download without the system's
 * libraries, is there but does not run. On Windows, Chrome would open a window.
 *
 * @param {string} file
 */
async function runs(file) {
  if (!isExecutable(file)) return false;
  if (process.platform === 'win32') return true;
  return (await run(file, ['--version'], { to: 'keep', timeoutMs: 20_000 })).code === 0;
}

const playwright = (/** @type {string[]} */ ...args) => [
  toolPath('e2e', '@playwright/test', 'playwright'),
  ...args,
];
const shell = ['install', '--only-shell', 'chromium'];

async function downloaded() {
  const { output } = await run(process.execPath, playwright(...shell, '--dry-run'), {
    to: 'keep',
    cwd: inRoot('e2e'),
  });
  const folder = /Install location:\s+(.+)/.exec(output)?.[1];
  if (!folder || !existsSync(join(folder, 'INSTALLATION_COMPLETE'))) return undefined;
  const names = /^(chrome-headless-shell|headless_shell)(\.exe)?$/;
  return firstThatRuns(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => names.test(path.split(/[/\\]/).at(-1) ?? ''))
      .map((path) => join(folder, path)),
  );
}

async function download() {
  console.error('No Chromium is installed: downloading one for the browser tests …');
  const { code } = await run(process.execPath, playwright(...shell), {
    to: 'keep',
    cwd: inRoot('e2e'),
    env: { ...process.env, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '10000' },
    timeoutMs: DOWNLOAD_MS,
  });
  const browser = code === 0 ? await downloaded() : undefined;
  if (!browser) console.error('The download failed, or what it brought does not run here.');
  return browser;
}

async function fromDebian() {
  if (!canInstallPackages() || !(await installPackage('chromium'))) return undefined;
  return firstThatRuns([onPath(commands)]);
}
