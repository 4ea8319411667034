/** A port that is one's own before connect is called. */

import type { Family } from './calls/system-calls.ts';
import { systemCalls } from './calls/this-platform.ts';

export interface ReservedPort {
  port: number;
  /** To be called when the socket that uses the port is bound to it. */
  readonly release: () => void;
}

/**
 * Binds a socket to a port that nobody has: not as a connection's, nor in TIME_WAIT. connect(2) of
 * other programs passes it over (ip(7), ip_local_port_range). Undefined if there is none, or no
 * descriptor. `family` is that of the address to connect to.
 */
export function reservePort(family: Family): ReservedPort | undefined {
  const calls = systemCalls();
  const any = calls.encodeAddress({ address: family === 'IPv4' ? '0.0.0.0' : '::', port: 0 });
  const fd = calls.socket(family, false);
  if (fd < 0) return undefined;
  const release = (): void => void calls.close(fd);
  // Lets Node's socket have the port beside this one; for port 0 the kernel shares none.
  const isBound = calls.setOption(fd, 'reuseAddress', 1) === 0 && calls.bind(fd, any) === 0;
  const bound = isBound ? calls.localAddress(fd) : undefined;
  if (bound) return { port: bound.port, release };
  release();
  return undefined;
}
