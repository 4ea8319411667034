/**
 * Builds the page of a checkout whose path has a `#` or a `?` in it. Vite, and what it is made of, take
 * these in every file name for the begin of a fragment or a query. So the sources are copied to
 * another folder, installed (from what was downloaded already) and built there.
 */

import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { inRoot, packageJson, root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { install } from './set-up.mjs';

/** Not sources. */
const left = new Set(['node_modules', 'dist', '.git', '.cache', 'test-results']);

/** @param {string} path */
export function isLikeAnUrl(path) {
  return /[#?]/.test(path);
}

/**
 * @param {string} part its folder, relative to the root
 * @param {readonly string[]} tool the program and its arguments
 * @param {(args: readonly string[], folder: string) => Promise<{ code: number, output: string }>} build
 */
export async function buildElsewhere(part, tool, build) {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'sockscope-'));
  const end = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', end);
  try {
    if (isLikeAnUrl(folder))
      throw new Problem(
        `The page cannot be built in a folder with # or ? in its name, such as ${root}, ` +
          `nor in ${tmpdir()}: set TMPDIR to another folder, or rename this one.`,
      );
    cpSync(root, folder, {
      recursive: true,
      filter: (path) =>
        !relative(root, path)
          .split(/[/\\]/)
          .some((name) => left.has(name)),
    });
    await install(packageJson('.').packageManager ?? 'pnpm', folder, 'keep');
    const args = tool.map((arg) =>
      arg.startsWith(root) ? join(folder, relative(root, arg)) : arg,
    );
    const result = await build(args, join(folder, part));
    if (result.code === 0) {
      const dist = inRoot(part, 'dist');
      rmSync(dist, { recursive: true, force: true });
      cpSync(join(folder, part, 'dist'), dist, { recursive: true });
    }
    return result;
  } finally {
    process.off('exit', end);
    end();
  }
}
