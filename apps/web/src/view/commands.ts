/** The exact commands that connect a terminal to a server. */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';

export interface Commands {
  nc: string;
  telnet: string;
}

/** Null while it is not known where the server listens. */
export function commandsFor(server: Pick<ServerState, 'address' | 'port'>): Commands | null {
  if (server.address === null || server.port === null) return null;
  // A server that listens on every address is reached on this machine's loopback.
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[server.address] ?? server.address;
  return { nc: `nc ${host} ${server.port}`, telnet: `telnet ${host} ${server.port}` };
}
