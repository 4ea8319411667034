/** The exact commands that connect a terminal to a server. */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { isLoopback } from './words.ts';

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
  const everywhere = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address];
  const host = everywhere === undefined ? address : isHere ? everywhere : unbracketed(pageHost);
  return { nc: `nc ${host} ${port}`, telnet: `telnet ${host} ${port}` };
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
