/** Where things are in this checkout. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @param {string[]} parts */
export function inRoot(...parts) {
  return join(root, ...parts);
}

/** The folders of all packages, relative to the root, the root itself (`.`) first. */
export function packageFolders() {
  const folders = ['apps', 'packages'].flatMap((group) =>
    readdirSync(inRoot(group)).map((name) => `${group}/${name}`),
  );
  return ['.', ...folders.sort(), 'e2e'].filter((folder) =>
    existsSync(inRoot(folder, 'package.json')),
  );
}

/**
 * @typedef {{
 *   name: string,
 *   version?: string,
 *   description?: string,
 *   license?: string,
 *   type?: string,
 *   engines?: Record<string, string>,
 *   packageManager?: string,
 *   scripts?: Record<string, string>,
 *   bin?: string | Record<string, string>,
 *   dependencies?: Record<string, string>,
 *   devDependencies?: Record<string, string>,
 * }} PackageJson
 */

/**
 * @param {string} folder relative to the root
 * @returns {PackageJson}
 */
export function packageJson(folder) {
  const text = readFileSync(inRoot(folder, 'package.json'), 'utf8');
  return /** @type {PackageJson} */ (JSON.parse(text));
}

/**
 * The JavaScript file behind a tool's command, to be run by this Node: no shell, and the same on
 * every platform.
 *
 * @param {string} folder the package that depends on the tool, relative to the root
 * @param {string} dependency
 * @param {string} [name] the command, if it is called otherwise than its package
 * @returns {string}
 */
export function toolPath(folder, dependency, name = dependency) {
  const home = join(folder, 'node_modules', dependency);
  const { bin } = packageJson(home);
  const file = typeof bin === 'string' ? bin : bin?.[name];
  if (!file) throw new Error(`${dependency} has no command ${name}`);
  return resolve(root, home, file);
}
