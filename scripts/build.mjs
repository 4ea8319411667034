/** Builds the parts whose inputs changed since they were built. */

import { rmSync } from 'node:fs';
import { buildElsewhere, isLikeAnUrl } from './build-elsewhere.mjs';
import { run } from './child.mjs';
import { fingerprint, removeStamp, stampIs, writeStamp } from './fingerprint.mjs';
import { inRoot, toolPath } from './paths.mjs';
import { diskFull, Problem } from './problem.mjs';

/**
 * What is built, from what. `inputs` are files and folders relative to the root; tests are not
 * among them (see fingerprint.mjs).
 *
 * @typedef {{ name: string, folder: string, tool: () => string[], inputs: string[], elsewhere?: boolean, emptied?: boolean }} Part
 * `elsewhere`: its tool takes `#` and `?` in a path for the ends of a URL's path. `emptied`: several bundles
 * go into its folder, and none of them empties it.
 */

const shared = ['pnpm-lock.yaml', 'tsconfig.base.json', 'packages/tcp-core/package.json'];
const lab = ['packages/lab/src', 'packages/lab/package.json', 'packages/tcp-core/src', ...shared];

/** @type {readonly Part[]} */
const parts = [
  {
    name: 'the page',
    folder: 'apps/web',
    tool: () => [toolPath('apps/web', 'vite'), 'build', '--logLevel', 'warn'],
    elsewhere: true,
    inputs: [
      'apps/web',
      'packages/tcp-core/src/designs',
      'packages/tcp-core/src/trace',
      'packages/tcp-core/src/servers',
      'packages/tcp-core/twins',
      ...shared,
    ],
  },
  {
    name: 'the programs',
    folder: 'apps/cli',
    tool: rolldown,
    emptied: true,
    inputs: ['apps/cli', 'apps/gateway', ...lab],
  },
  {
    name: "the servers' threads",
    folder: 'packages/lab',
    tool: rolldown,
    inputs: ['packages/lab/rolldown.config.ts', ...lab],
  },
];

const noColor = { NO_COLOR: '1', FORCE_COLOR: '0' };
/** A line of the tools' own stack traces, which say nothing about the sources. */
const stackFrame = /^ +at .+:\d+:\d+\)?\n/gm;

function rolldown() {
  return [toolPath('.', 'rolldown'), '--config', 'rolldown.config.ts'];
}

/** The parts that are not what their sources say, with the hash of those sources. */
export function changedParts() {
  return parts
    .map((part) => ({ part, hash: fingerprint(part.inputs) }))
    .filter(({ part, hash }) => !stampIs(stampOf(part), hash));
}

/** @param {Part} part */
function stampOf(part) {
  return inRoot(part.folder, 'dist', '.sockscope-build');
}

/** Builds what changed, side by side. Progress goes to stderr. */
export async function build() {
  const changed = changedParts();
  if (changed.length === 0) return;
  console.error(`Building ${changed.map(({ part }) => part.name).join(', ')} …`);
  const results = await Promise.all(
    changed.map(async ({ part, hash }) => {
      removeStamp(stampOf(part));
      if (part.emptied) rmSync(inRoot(part.folder, 'dist'), { recursive: true, force: true });
      /** @param {readonly string[]} args @param {string} folder */
      const build = (args, folder) =>
        run(process.execPath, args, {
          to: 'keep',
          cwd: folder,
          env: { ...process.env, NODE_ENV: 'production', ...(process.stderr.isTTY ? {} : noColor) },
        });
      const { code, output } =
        part.elsewhere && isLikeAnUrl(inRoot())
          ? await buildElsewhere(part.folder, part.tool(), build)
          : await build(part.tool(), inRoot(part.folder));
      if (code === 0) writeStamp(stampOf(part), hash);
      return { part, code, output };
    }),
  );
  const failed = results.filter(({ code }) => code !== 0);
  if (failed.length === 0) return;
  // The tools themselves say it in a page of stack frames.
  if (failed.some(({ output }) => /ENOSPC|EDQUOT|no space left|StorageFull/i.test(output)))
    throw new Problem(diskFull);
  for (const { output } of failed) process.stderr.write(output.replace(stackFrame, ''));
  throw new Problem(
    `Building ${failed.map(({ part }) => part.name).join(', ')} failed; the lines above say why.`,
  );
}
