/** Whether a connection's other end has sent its FIN, whatever recv returns here. */

import { IPPROTO_TCP, lastError, libc, TCP_INFO } from './libc.ts';
import { tcpStates } from '../trace/events.ts';

/**
 * Asks the kernel for the state of the connection (TCP_INFO in tcp(7); the first byte of struct tcp_info). After
 * a shutdown of our own for reading, recv returns 0 as it does after a FIN; the state tells them apart.
 */
export function peerHasSentFin(fd: number): boolean {
  const info = new Uint8Array(1);
  if (libc().getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, Uint32Array.of(info.length)) < 0)
    throw lastError('getsockopt', `fd ${fd}`);
  const state = tcpStates[(info[0] ?? 0) - 1];
  return state === 'CLOSE_WAIT' || state === 'LAST_ACK' || state === 'CLOSING';
}
