/** The TCP state of one of our own sockets, as the kernel has it now. */

import { type TcpState, tcpStates } from '../trace/events.ts';
import { IPPROTO_TCP, lastError, libc, TCP_INFO } from './libc.ts';

/** TCP_INFO in tcp(7); the first byte of struct tcp_info is the state. Throws a SocketError. */
export function tcpState(fd: number): TcpState | undefined {
  const info = new Uint8Array(1);
  if (libc().getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, Uint32Array.of(info.length)) < 0)
    throw lastError('getsockopt', `fd ${fd}`);
  return tcpStates[(info[0] ?? 0) - 1];
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
