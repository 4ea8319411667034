/** How a connection ended, in words. */

import type { ConnectionState } from '@sockscope/tcp-core/trace/lab-state';
import type { Ending } from '@sockscope/tcp-core/trace/events';

/** What the page's own socket reports at its end; `gateway`: the gateway itself went away. */
export interface ClientEnding {
  how: 'fin' | 'rst' | 'refused' | 'timeout' | 'failed' | 'cut' | 'gateway';
  errno: string | null;
  /** With `cut`: bytes of the server that never came, or more. */
  missing?: number;
}

/** One or two words: what was seen on the wire. */
export function endingMark(how: Ending): string {
  return { fin: 'FIN', rst: 'RST', timeout: 'timed out', local: 'FIN' }[how];
}

/** The same as describeEnding, in two or three words. */
export function briefEnding(connection: Pick<ConnectionState, 'refused' | 'end'>): string {
  if (!connection.end) return 'open';
  const mark = endingMark(connection.end.how);
  if (connection.refused !== null) return `turned away (${mark})`;
  return connection.end.how === 'local' ? `server closed (${mark})` : `left (${mark})`;
}

/** Who closed, from the server's side. */
export function describeEnding(
  connection: Pick<ConnectionState, 'refused' | 'refusalSent' | 'end'>,
): string {
  if (!connection.end) return 'open';
  const { how, errno } = connection.end;
  if (connection.refused !== null) {
    if (how !== 'rst') return 'turned away, then FIN';
    return connection.refusalSent > 0
      ? `turned away, then reset (RST, ${errno ?? 'ECONNRESET'})`
      : `turned away, but reset before the line was sent (RST, ${errno ?? 'ECONNRESET'})`;
  }
  switch (how) {
    case 'fin':
      return 'left: the client sent FIN';
    case 'rst':
      return `left: reset (RST, ${errno ?? 'ECONNRESET'}): ${whyReset(errno)}`;
    case 'timeout':
      return `lost: no answer (${errno ?? 'ETIMEDOUT'})`;
    case 'local':
      return 'the server closed it (FIN)';
  }
}

/** Why it was an RST and no FIN, as far as the errno tells. */
function whyReset(errno: string | null): string {
  if (errno === 'EPIPE') return 'the server sent to a client that was gone already';
  return 'the client closed with bytes unread, or asked for it (SO_LINGER), or was gone already';
}

/** How a client of this page ended, from the client's side. */
export function describeClientEnding({ how, errno, missing = 0 }: ClientEnding): string {
  switch (how) {
    case 'fin':
      return 'the server sent FIN';
    case 'rst':
      return errno === null ? 'this client reset it (RST)' : `reset: ${errno}`;
    case 'refused':
      return `refused: ${errno ?? 'ECONNREFUSED'}`;
    case 'timeout':
      return `no answer: ${errno ?? 'ETIMEDOUT'}`;
    case 'failed':
      return `failed: ${errno ?? 'unknown error'}`;
    case 'cut':
      return `cut off: this page was silent for 22 s; ${missing.toLocaleString('en')} bytes missing`;
    case 'gateway':
      return 'the gateway went away';
  }
}
