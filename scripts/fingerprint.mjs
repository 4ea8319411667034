/** Content hashes of files, to tell whether something has to be done again. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './paths.mjs';

/** Folders that hold no sources. */
const skipped = new Set(['node_modules', 'dist', 'test', 'test-results', '.cache', '__pycache__']);

/**
 * One hash over the names and contents of these files and folders (and over `facts`). What does not
 * exist counts as absent. About 5 ms for a few hundred files.
 *
 * @param {readonly string[]} paths relative to the root
 * @param {readonly string[]} [facts]
 * @returns {string}
 */
export function fingerprint(paths, facts = []) {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  for (const path of paths.flatMap(filesIn)) {
    const content = readFileSync(join(root, path));
    hash.update(`\0${path}\0${String(content.length)}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * @param {string} path relative to the root
 * @returns {string[]}
 */
function filesIn(path) {
  let entries;
  try {
    entries = readdirSync(join(root, path), { withFileTypes: true });
  } catch {
    return existsSync(join(root, path)) ? [path] : [];
  }
  return entries
    .filter(({ name }) => !skipped.has(name))
    .map((entry) => ({ path: `${path}/${entry.name}`, isFolder: entry.isDirectory() }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .flatMap((entry) => (entry.isFolder ? filesIn(entry.path) : [entry.path]));
}

/**
 * @param {string} file
 * @param {string} expected
 */
export function stampIs(file, expected) {
  try {
    return readFileSync(file, 'utf8') === expected;
  } catch {
    return false;
  }
}

/**
 * @param {string} file
 * @param {string} value
 */
export function writeStamp(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, value);
}

/** @param {string} file */
export function removeStamp(file) {
  rmSync(file, { force: true });
}
