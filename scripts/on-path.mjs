/** Looks programs up, and installs Debian packages where that is allowed. */

import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './child.mjs';

/**
 * The full path of the first of these programs that the PATH has.
 *
 * @param {readonly string[]} names
 * @returns {string | undefined}
 */
export function onPath(names) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((file) => isExecutable(file));
}

/** @param {string} file */
export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** True on Debian and its like, as root: only there may a test command install a package. */
export function canInstallPackages() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    return (
      /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8')) &&
      onPath(['apt-get']) !== undefined
    );
  } catch {
    return false;
  }
}

/** The lists of packages are fetched once. @type {ReturnType<typeof run> | undefined} */
let updated;

/**
 * Installs a Debian package; false if that failed.
 *
 * @param {string} name
 * @returns {Promise<boolean>}
 */
export async function installPackage(name) {
  console.error(`Installing the package ${name} with apt-get …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  updated ??= run('apt-get', ['update', '-qq'], { to: 'keep', env });
  const update = await updated;
  const install = ['install', '-y', '-qq', '--no-install-recommends', name];
  const { code, output } = await run('apt-get', install, { to: 'keep', env });
  if (code !== 0) process.stderr.write(lastLines(update.output + output));
  return code === 0;
}

/** @param {string} text */
function lastLines(text) {
  return `${text.trimEnd().split('\n').slice(-5).join('\n')}\n`;
}
