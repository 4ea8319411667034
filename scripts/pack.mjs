/**
 * Makes the package `sockscope` as it is published: built files only, with what was bundled into them named
 * and its licenses beside it.
 */

import { cpSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { inRoot, packageJson } from './paths.mjs';
import { Problem } from './problem.mjs';
import { installEnvironment, npmCommand } from './set-up.mjs';

/** What goes into the bundles, by the packages that depend on it; svelte is a tool and ends up in the page. */
const bundling = ['@sockscope/gateway', '@sockscope/tcp-core', '@sockscope/web'];
const tools = ['apps/web/node_modules/svelte', 'apps/cli/node_modules/commander'];

/**
 * The page and the command keep their places: the command finds the page by its path.
 *
 * @returns {Promise<{ file: string, kilobytes: number }>} the archive
 */
export async function pack() {
  const folder = inRoot('.cache', 'pack');
  rmSync(folder, { recursive: true, force: true });
  const stage = join(folder, 'package');
  for (const part of ['cli', 'web']) {
    const isBuilt = (/** @type {string} */ path) => !path.endsWith('.sockscope-build');
    cpSync(inRoot('apps', part, 'dist'), join(stage, part, 'dist'), {
      recursive: true,
      filter: isBuilt,
    });
  }
  cpSync(inRoot('LICENSE'), join(stage, 'LICENSE'));
  cpSync(inRoot('apps', 'cli', 'README.md'), join(stage, 'README.md'));
  writeFileSync(join(stage, 'THIRD-PARTY-LICENSES.txt'), await licenses());
  const { name, version, description, license, type, engines, dependencies } =
    packageJson('apps/cli');
  writeFileSync(
    join(stage, 'package.json'),
    JSON.stringify(
      {
        ...{ name, version, description, license, type, engines },
        bin: { sockscope: 'cli/dist/main.js' },
        dependencies,
      },
      null,
      2,
    ),
  );
  const npm = npmCommand('npm');
  const { code, output } = await run(
    npm.file,
    [...npm.args, 'pack', '--pack-destination', folder, '--loglevel', 'error'],
    { to: 'keep', cwd: stage, env: installEnvironment(process.env) },
  );
  if (code !== 0) throw new Problem(`npm pack failed:\n${output}`);
  const file = join(folder, `${name}-${version}.tgz`);
  return { file, kilobytes: readFileSync(file).length / 1000 };
}

/** The licenses of everything that is in the bundles. */
async function licenses() {
  const npx = npmCommand('npx');
  const filters = bundling.flatMap((name) => ['--filter', name]);
  const { packageManager = 'pnpm' } = packageJson('.');
  const { code, output } = await run(
    npx.file,
    [...npx.args, '--yes', packageManager, 'licenses', 'list', '--prod', '--json', ...filters],
    { to: 'keep', cwd: inRoot(), env: installEnvironment(process.env) },
  );
  const json = output.slice(output.indexOf('{'));
  if (code !== 0)
    throw new Problem(`The licenses of what is bundled could not be listed:\n${output}`);
  /** @type {Record<string, { name: string, license: string, paths: string[] }[]>} */
  const listed = JSON.parse(json);
  const folders = new Set([
    ...Object.values(listed).flatMap((packages) => packages.flatMap(({ paths }) => paths)),
    ...tools.map((path) => realpathSync(inRoot(path))),
  ]);
  return [...folders].map(licenseIn).sort().join('\n');
}

/** @param {string} folder of a package */
function licenseIn(folder) {
  /** @type {{ name: string, version: string, license?: string }} */
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `License: ${license}`;
  return `${name} ${version}\n\n${text}\n\n${'-'.repeat(80)}\n`;
}
