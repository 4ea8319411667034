/** The TCP state of one of our own sockets, as the kernel has it now. */

import type { TcpState } from '../trace/events.ts';
import { lastError } from './calls/errors.ts';
import { systemCalls } from './calls/this-platform.ts';

/** Throws a SocketError. */
export function tcpState(fd: number): TcpState {
  const state = systemCalls().tcpState(fd);
  if (!state) throw lastError('getsockopt', `fd ${fd}`);
  return state;
}

/**
 * Whether the other end has sent its FIN. After a shutdown of our own for reading, recv returns 0 as it
 * does after a FIN; the state tells them apart.
 */
export function peerHasSentFin(fd: number): boolean {
  const state = tcpState(fd);
  return state === 'CLOSE_WAIT' || state === 'LAST_ACK' || state === 'CLOSING';
}

/**
 * Whether a socket that accept just returned has been reset: its address pair is free again, and
 * somebody else may have it.
 */
export function isReset(fd: number): boolean {
  return tcpState(fd) === 'CLOSE';
}
