/** What the kernel would answer to the next recv. */

import { systemCalls } from './calls/this-platform.ts';

/** Kept for good: a call is given its address alone, which is valid as long as it is. */
const byte = new Uint8Array(1);

/**
 * The name of the error with which the next recv on a socket would fail, such as ECONNRESET; null if
 * it would bring bytes, their end (a FIN), or nothing yet. Takes no byte (MSG_PEEK in recv(2)), but a
 * reset is told only once.
 */
export function receiveError(fd: number): string | null {
  const calls = systemCalls();
  const result = calls.peekNow(fd, calls.addressOf(byte), byte.length);
  if (result >= 0) return null;
  const name = calls.errorName();
  return name === 'EAGAIN' ? null : name;
}
