/** What the kernel would answer to the next recv. */

import { errnoName, libc, MSG_DONTWAIT, MSG_PEEK } from './libc.ts';

/**
 * The name of the error with which the next recv on a socket would fail, such as ECONNRESET; null if
 * it would bring bytes, their end (a FIN), or nothing yet. Takes no byte (MSG_PEEK in recv(2)), but a
 * reset is told only once.
 */
export function receiveError(fd: number): string | null {
  const byte = Buffer.alloc(1);
  if (libc().recv(fd, byte, byte.length, MSG_PEEK | MSG_DONTWAIT) >= 0) return null;
  const name = errnoName(libc().errno());
  return name === 'EAGAIN' ? null : name;
}
