/** Compiles the C programs of the benches. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Compiles one of the C programs here into a folder; throws with the compiler's words.
 *
 * @param {string} name without its `.c`
 * @param {string} folder
 * @returns {string} the program's path
 */
export function compile(name, folder) {
  const program = join(folder, name);
  for (const compiler of ['cc', 'gcc', 'clang']) {
    const args = ['-O2', '-o', program, join(import.meta.dirname, `${name}.c`)];
    const { status, error, stderr } = spawnSync(compiler, args, { encoding: 'utf8' });
    if (status === 0) return program;
    if (!error) throw new Error(`${compiler} cannot compile ${name}.c:\n${stderr}`);
  }
  throw new Error('no C compiler found: install gcc (Debian, Ubuntu: apt install gcc libc6-dev)');
}
