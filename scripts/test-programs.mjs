/**
 * The programs that tests run beside our own: real clients, the servers in Python, a tracer. What is
 * missing is installed where that is allowed; tests that need what stays missing are skipped, and the
 * summary of `npm test` says so.
 */

import { run } from './child.mjs';
import { canInstallPackages, installPackage, onPath } from './on-path.mjs';

/**
 * `debian`: the package that holds it. `works`: a call that succeeds, and prints `prints`, if it is the
 * program that is meant and it may run here; without one it is enough that the PATH has it.
 *
 * @typedef {{ name: string, debian: string, works?: readonly string[], prints?: RegExp }} TestProgram
 */

/** @satisfies {readonly TestProgram[]} */
export const testPrograms = /** @type {const} */ ([
  // OpenBSD's: `-N` half-closes, and without it the end of the input sends no FIN.
  { name: 'nc', debian: 'netcat-openbsd', works: ['-h'], prints: /OpenBSD/ },
  { name: 'telnet', debian: 'telnet' },
  { name: 'socat', debian: 'socat', works: ['-V'] },
  { name: 'bash', debian: 'bash', works: ['-c', ':'] },
  { name: 'python3', debian: 'python3', works: ['--version'] },
  // Containers may forbid ptrace.
  { name: 'strace', debian: 'strace', works: ['-o', '/dev/null', 'true'] },
]);

/** @typedef {(typeof testPrograms)[number]['name']} ProgramName */

/** Names of missing programs, separated by blanks; not set outside `npm test`. */
const VARIABLE = 'SOCKSCOPE_MISSING';

/** @type {Promise<TestProgram[]> | undefined} */
let missing;

/**
 * The programs that are missing after what could be installed was installed.
 *
 * @returns {Promise<readonly TestProgram[]>}
 */
export function missingPrograms() {
  missing ??= findMissing();
  return missing;
}

async function findMissing() {
  const absent = await absentOf(testPrograms);
  if (absent.length === 0 || !canInstallPackages()) return absent;
  for (const { debian } of absent) await installPackage(debian);
  return absentOf(absent);
}

/**
 * Looks for one program, and installs it if that is allowed. Returns why it cannot be used, or an empty text.
 *
 * @param {ProgramName} name
 */
export async function need(name) {
  const wanted = testPrograms.filter((program) => program.name === name);
  const absent = await absentOf(wanted);
  if (absent.length === 0 || !canInstallPackages()) return missingLine(absent);
  for (const { debian } of absent) await installPackage(debian);
  return missingLine(await absentOf(absent));
}

/**
 * What the runners' environment needs for `has` to know.
 *
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function programsEnvironment() {
  return { [VARIABLE]: (await missingPrograms()).map(({ name }) => name).join(' ') };
}

/**
 * In a test: true if it may use this program. A test that is run by hand takes it for granted, and fails
 * without it.
 *
 * @param {ProgramName} name
 */
export function has(name) {
  return !(process.env[VARIABLE] ?? '').split(' ').includes(name);
}

/**
 * One line on what is missing and how to install it; empty if nothing is.
 *
 * @param {readonly TestProgram[]} programs
 */
export function missingLine(programs) {
  if (programs.length === 0) return '';
  const names = programs.map(({ name }) => name).join(', ');
  const packages = programs.map(({ debian }) => debian).join(' ');
  return `Missing, or not allowed to run here: ${names} (Debian, Ubuntu: apt-get install ${packages}).`;
}

/** @param {readonly TestProgram[]} programs */
async function absentOf(programs) {
  const present = await Promise.all(programs.map(isPresent));
  return programs.filter((_, index) => !present[index]);
}

/** @param {TestProgram} program */
async function isPresent({ name, works, prints }) {
  const file = onPath([name]);
  if (!file) return false;
  if (!works) return true;
  const { code, output } = await run(file, works, { to: 'keep', timeoutMs: 5000 });
  // What prints its help may end with any code.
  return prints ? prints.test(output) : code === 0;
}
