/** Whether a write would go through at once. */

import { libc, POLLOUT, unsupportedPlatform } from './libc.ts';

/** So many bytes are written at once, or not at all, where there is room: PIPE_BUF of pipe(7). */
export const WRITTEN_AT_ONCE = 4096;

/**
 * Whether a write of WRITTEN_AT_ONCE bytes returns at once: the pipe, socket or terminal has room, or
 * the write would fail. Where that cannot be asked, it is taken to be so.
 */
export function canWrite(fd: number): boolean {
  if (unsupportedPlatform()) return true;
  // struct pollfd: int fd; short events; short revents.
  const poll = new DataView(new ArrayBuffer(8));
  poll.setInt32(0, fd, true);
  poll.setInt16(4, POLLOUT, true);
  return libc().poll(poll, 1, 0) !== 0;
}
