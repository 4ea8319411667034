/** The exact commands that connect a terminal to a server. */

import { isLoopback, isWildcard, reachableHere } from '@sockscope/tcp-core/trace/addresses';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';

export interface Commands {
  nc: string;
  telnet: string;
}

/**
 * Null while it is not known where the server listens, and where it cannot be reached from: a page
 * that was opened from another machine (`pageHost` is the host in its address) needs a server that
 * listens beyond its own.
 */
export function commandsFor(
  { address, port }: Pick<ServerState, 'address' | 'port'>,
  pageHost: string,
): Commands | null {
  if (address === null || port === null) return null;
  const isHere = pageHost === 'localhost' || isLoopback(unbracketed(pageHost));
  if (!isHere && isLoopback(address)) return null;
  // A server that listens on every address is reached where the page is, or on this machine's loopback.
  const host = isWildcard(address) && !isHere ? unbracketed(pageHost) : reachableHere(address);
  return { nc: `nc ${host} ${port}`, telnet: `telnet ${host} ${port}` };
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
