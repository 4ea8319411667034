/**
 * Which sockets are this process's own, asked of the kernel. Another program may listen at a server's
 * address while the server itself does not, and an address alone does not tell the two apart.
 */

import { fstatSync, readdirSync } from 'node:fs';
import type { Address } from './api.ts';
import { libc, SO_ACCEPTCONN, SOL_SOCKET } from './libc.ts';
import { decodeSockaddr, SOCKADDR_MAX } from './sockaddr.ts';
import { tcpState } from './tcp-state.ts';

/**
 * The number in the kernel (the inode) of a socket of this process that listens at the address, which no
 * other has as long as it is open; undefined if there is none. It is `fd`, or looked for if that is null.
 */
export function ownListener(at: Address, fd: number | null): number | undefined {
  const found = (fd === null ? ownDescriptors() : [fd]).find((each) => listensAt(each, at));
  return found === undefined ? undefined : inodeOf(found);
}

/** Whether a socket of this process is the server's end of a connection from `client` to `port`. */
export function isOwnConnection(client: Address, port: number): boolean {
  return ownDescriptors().some((fd) => {
    const peer = addressOf(fd, 'getpeername');
    return (
      peer?.port === client.port &&
      peer.address === client.address &&
      addressOf(fd, 'getsockname')?.port === port
    );
  });
}

/** Whether neither end of a connected socket has sent FIN or RST. */
export function isEstablished(fd: number): boolean {
  try {
    return tcpState(fd) === 'ESTABLISHED';
  } catch {
    return false; // it is closed
  }
}

function listensAt(fd: number, at: Address): boolean {
  const value = new Int32Array(1);
  const said = libc().getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, Uint32Array.of(4));
  if (said < 0 || value[0] !== 1) return false;
  const own = addressOf(fd, 'getsockname');
  return own?.port === at.port && own.address === at.address;
}

function addressOf(fd: number, call: 'getsockname' | 'getpeername'): Address | undefined {
  const bytes = new Uint8Array(SOCKADDR_MAX);
  if (libc()[call](fd, bytes, Uint32Array.of(bytes.length)) < 0) return undefined;
  return decodeSockaddr(bytes);
}

function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino;
  } catch {
    return undefined; // closed meanwhile
  }
}

function ownDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return []; // no descriptor is left to read that with
  }
}
