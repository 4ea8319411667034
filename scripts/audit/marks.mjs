/** The marks by which strace's clock and the log's are laid side by side (see lab.mjs). */

export const MARK_EVERY_MS = 200;

/** A descriptor that no process has: closing it fails, and strace shows that. */
const FIRST = 1_000_000_000;

/** @param {number} number */
export function markDescriptor(number) {
  return FIRST + number;
}

/** The number of the mark that closing this descriptor lays, or undefined. @param {number} fd */
export function markOfDescriptor(fd) {
  return fd > FIRST ? fd - FIRST : undefined;
}

/** @param {number} number */
export function markName(number) {
  return `mark ${number} of the audit`;
}

/** @param {string} name */
export function markOfName(name) {
  const number = /^mark (\d+) of the audit$/.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
}
