/** A port that is one's own before connect is called. */

import {
  AF_INET,
  AF_INET6,
  libc,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
} from './libc.ts';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_MAX } from './sockaddr.ts';

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
export function reservePort(family: 'IPv4' | 'IPv6'): ReservedPort | undefined {
  const isIPv4 = family === 'IPv4';
  const fd = libc().socket(isIPv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const { bytes } = encodeSockaddr({ address: isIPv4 ? '0.0.0.0' : '::', port: 0 });
  const name = new Uint8Array(SOCKADDR_MAX);
  // Lets Node's socket have the port beside this one; for port 0 the kernel shares none.
  const isBound =
    libc().setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Int32Array.of(1), 4) === 0 &&
    libc().bind(fd, bytes, bytes.length) === 0 &&
    libc().getsockname(fd, name, Uint32Array.of(SOCKADDR_MAX)) === 0;
  const release = (): void => void libc().close(fd);
  if (isBound) return { port: decodeSockaddr(name).port, release };
  release();
  return undefined;
}
