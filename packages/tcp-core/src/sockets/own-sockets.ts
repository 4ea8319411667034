/**
 * Which sockets are this process's own, asked of the kernel. Another program may listen at a server's
 * address while the server itself does not, and an address alone does not tell the two apart.
 */

import { fstatSync } from 'node:fs';
import type { Address } from './api.ts';
import { systemCalls } from './calls/this-platform.ts';
import { tcpState } from './tcp-state.ts';

/**
 * The number in the kernel (the inode) of a socket of this process that listens at the address, which no
 * other has as long as it is open; undefined if there is none. It is `fd`, or looked for if that is null.
 */
export function ownListener(at: Address, fd: number | null): number | undefined {
  const found = (fd === null ? systemCalls().openDescriptors() : [fd]).find((each) =>
    listensAt(each, at),
  );
  return found === undefined ? undefined : inodeOf(found);
}

/** Whether a socket of this process is the server's end of a connection from `client` to `port`. */
export function isOwnConnection(client: Address, port: number): boolean {
  const calls = systemCalls();
  return calls.openDescriptors().some((fd) => {
    const peer = calls.peerAddress(fd);
    return (
      peer?.port === client.port &&
      peer.address === client.address &&
      calls.localAddress(fd)?.port === port
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
  if (!systemCalls().isListening(fd)) return false;
  const own = systemCalls().localAddress(fd);
  return own?.port === at.port && own.address === at.address;
}

function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino;
  } catch {
    return undefined; // closed meanwhile
  }
}
