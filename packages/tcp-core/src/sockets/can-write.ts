/** Whether a write would go through at once. */

import { systemCalls, unsupportedPlatform } from './calls/this-platform.ts';

/** So many bytes are written at once, or not at all, where there is room: PIPE_BUF of pipe(7). */
export const WRITTEN_AT_ONCE = 4096;

/**
 * Whether a write of WRITTEN_AT_ONCE bytes returns at once: the pipe, socket or terminal has room, or
 * the write would fail. Where that cannot be asked, it is taken to be so.
 */
export function canWrite(fd: number): boolean {
  if (unsupportedPlatform()) return true;
  const list = systemCalls().pollList();
  list.add(fd, 'write');
  return list.wait(0) !== 0;
}
