/** What the kernel's table of TCP sockets says, read by the test itself. */

import { readFileSync } from 'node:fs';

const LISTEN = 0x0a;
const ESTABLISHED = 0x01;

export interface KernelRow {
  localPort: number;
  remotePort: number;
  tcp: number;
  send: number;
  receive: number;
  /** 0 while no process has it: it waits in an accept queue. */
  inode: number;
}

/** The rows of /proc/net/tcp whose local port is this one. */
export function kernelRows(port: number): KernelRow[] {
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 9)
    .map((fields) => {
      const [, local = '', remote = '', tcp = '', queues = '', , , , , inode = ''] = fields;
      const [send = '', receive = ''] = queues.split(':');
      return {
        localPort: parseInt(local.split(':')[1] ?? '', 16),
        remotePort: parseInt(remote.split(':')[1] ?? '', 16),
        tcp: parseInt(tcp, 16),
        send: parseInt(send, 16),
        receive: parseInt(receive, 16),
        inode: Number(inode),
      };
    })
    .filter(({ localPort }) => localPort === port);
}

/** How many connections wait in the accept queue of the listener at this port. */
export function acceptQueueDepth(port: number): number {
  return kernelRows(port).find(({ tcp }) => tcp === LISTEN)?.receive ?? 0;
}

/** Bytes in the receive queues of established connections, by the client's port. */
export function receiveQueues(port: number): Map<number, number> {
  return new Map(
    kernelRows(port)
      .filter(({ tcp }) => tcp === ESTABLISHED)
      .map(({ remotePort, receive }) => [remotePort, receive]),
  );
}
