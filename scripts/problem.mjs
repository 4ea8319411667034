/** Errors that a person reads: what happened, where, what to do. Never a stack trace. */

/** Something that went wrong outside our own code, told in plain words. */
export class Problem extends Error {}

/**
 * Runs a command's main function. A problem is printed as one message and ends with exit code 1.
 *
 * @param {() => Promise<void>} main
 */
export async function plainly(main) {
  try {
    await main();
  } catch (error) {
    console.error(describe(error));
    process.exitCode = 1;
  }
}

/**
 * @param {unknown} error
 * @returns {string}
 */
function describe(error) {
  if (error instanceof Problem) return error.message;
  if (isDiskFull(error)) return diskFull;
  if (process.env['SOCKSCOPE_DEBUG'] && error instanceof Error) return String(error.stack);
  const message = error instanceof Error ? error.message : String(error);
  return `Unexpected error: ${message}\nWith SOCKSCOPE_DEBUG=1 in the environment the command shows where.`;
}

/** What to say when something could not be written for want of room. */
export const diskFull =
  'The disk is full. Sockscope installs and builds inside its own folder: ' +
  'free some room (a few hundred MB for a first start) and run the command again.';

/** @param {unknown} error */
function isDiskFull(error) {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}

/**
 * The name of a failed system call's error (`EACCES` …), or undefined.
 *
 * @param {unknown} error
 * @returns {string | undefined}
 */
export function errorCode(error) {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
