/** Makes node_modules what the lock file says, with the pinned pnpm, if it is not that already. */

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from './child.mjs';
import { fingerprint, removeStamp, stampIs, writeStamp } from './fingerprint.mjs';
import { inRoot, packageFolders, packageJson, root } from './paths.mjs';
import { diskFull, Problem } from './problem.mjs';

const stamp = inRoot('node_modules', '.sockscope-set-up');

/** True if nothing has to be installed. Takes a few milliseconds. */
export function isSetUp() {
  const folders = packageFolders();
  return stampIs(stamp, wanted(folders)) && folders.every(hasItsModules);
}

/** Installs what the lock file names. Progress goes to stderr. */
export async function setUp() {
  if (isSetUp()) return;
  const folders = packageFolders();
  const pnpm = packageJson('.').packageManager;
  if (!pnpm) throw new Problem('package.json names no packageManager.');

  console.error(`Installing the packages that pnpm-lock.yaml names, with ${pnpm} …`);
  removeStamp(stamp);
  await install(pnpm, root, 'stderr');
  writeStamp(stamp, wanted(folders));
}

/**
 * Installs in a folder what its lock file names.
 *
 * @param {string} pnpm with its version
 * @param {string} folder
 * @param {'stderr' | 'keep'} to
 * @param {readonly string[]} [more] arguments
 */
export async function install(pnpm, folder, to, more = []) {
  const args = ['install', '--frozen-lockfile', '--config.confirmModulesPurge=false', ...more];
  const npx = npmCommand('npx');
  const { code, output } = await run(
    npx.file,
    [...npx.args, '--yes', pnpm, ...args, '--reporter=append-only'],
    { to, hide: /^npm /, cwd: folder, env: installEnvironment(process.env) },
  );
  if (code !== 0) throw new Problem(`\n${explain(output)}`);
}

/** @param {readonly string[]} folders */
function wanted(folders) {
  return fingerprint(
    ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...folders.map((folder) => `${folder}/package.json`)],
    [process.version, process.platform, process.arch],
  );
}

/** @param {string} folder */
function hasItsModules(folder) {
  const { dependencies, devDependencies } = packageJson(folder);
  const needsSome = Object.keys({ ...dependencies, ...devDependencies }).length > 0;
  return !needsSome || existsSync(inRoot(folder, 'node_modules'));
}

/**
 * The npm or npx that belongs to the npm that runs us; without one, whatever the PATH has.
 *
 * @param {'npm' | 'npx'} name
 */
export function npmCommand(name) {
  const npm = process.env['npm_execpath'];
  const program = npm && basename(npm) === 'npm-cli.js' ? join(dirname(npm), `${name}-cli.js`) : '';
  if (existsSync(program)) return { file: process.execPath, args: [program] };
  return process.platform === 'win32'
    ? { file: 'cmd.exe', args: ['/d', '/c', name] }
    : { file: name, args: [] };
}

/** The npm settings that say how to reach a registry. */
const kept = new Set(
  [
    'registry',
    'cafile',
    'ca',
    'strict_ssl',
    'proxy',
    'https_proxy',
    'noproxy',
    'cache',
    'userconfig',
    'globalconfig',
  ].map((name) => `npm_config_${name}`),
);

/**
 * npm hands its own settings and the running script's facts down as npm_* variables; pnpm would take
 * them for its settings (omit=dev, ignore-scripts …). Only what the network needs stays. What was downloaded once is used, and retries come
 * quickly: without a network an answer is due in seconds, not minutes.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {NodeJS.ProcessEnv}
 */
export function installEnvironment(environment) {
  const clean = Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !/^(npm|pnpm)_/i.test(name) || kept.has(name.toLowerCase()),
    ),
  );
  return {
    ...clean,
    npm_config_fetch_retry_mintimeout: '1000',
    npm_config_fetch_retry_maxtimeout: '5000',
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
  };
}

/** What can go wrong, by what the tools print; the first that fits is told. */
const explanations = /** @type {const} */ ([
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|ERR_SOCKET_TIMEOUT|ERR_PNPM_META_FETCH_FAIL/,
    'The packages could not be fetched: no connection to the package registry. The first start needs the internet ' +
      '(behind a proxy: set HTTPS_PROXY); later starts do not. Check the connection and run the command again.',
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_/,
    'The packages could not be fetched: the registry’s certificate is not trusted here. ' +
      'Behind a proxy that inspects traffic, set NODE_EXTRA_CA_CERTS to its certificate and run the command again.',
  ],
  [/ENOSPC|EDQUOT|no space left/i, diskFull],
  [
    /EACCES|EROFS|EPERM/,
    `The packages could not be installed: no permission to write. Sockscope needs to write to ${root} and to npm’s and pnpm’s folders in your home.`,
  ],
  [
    /ERR_PNPM_OUTDATED_LOCKFILE/,
    'pnpm-lock.yaml does not fit the package.json files. After changing dependencies run the pnpm that package.json pins: npx pnpm install',
  ],
  [
    /: ENOENT|spawn npx|not recognized/,
    'npx was not found: it comes with npm, which comes with Node.js from https://nodejs.org.',
  ],
]);

/** @param {string} output */
function explain(output) {
  const known = explanations.find(([pattern]) => pattern.test(output));
  if (known) return known[1];
  const npmLines = output.split('\n').filter((line) => line.startsWith('npm '));
  return [...npmLines, 'The packages could not be installed; the lines above say why.'].join('\n');
}
