/** The error of a connection that no call has reported. */

import { errnoName, lastError, libc, SO_ERROR, SOL_SOCKET } from './libc.ts';

/**
 * The name of the error that a socket has met and that no call has told yet, such as ECONNRESET;
 * null if there is none. Asking for it clears it (SO_ERROR in socket(7)). Throws a SocketError if
 * `fd` is no socket.
 */
export function pendingError(fd: number): string | null {
  const error = new Int32Array(1);
  const length = Uint32Array.of(error.byteLength);
  if (libc().getsockopt(fd, SOL_SOCKET, SO_ERROR, error, length) < 0) {
    throw lastError('getsockopt', `SO_ERROR of fd ${fd}`);
  }
  const [errno = 0] = error;
  return errno === 0 ? null : errnoName(errno);
}
