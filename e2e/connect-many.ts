/** Many TCP clients at once, more than there could be nc processes. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Resolves when all are connected; what they receive is dropped. */
export async function connectMany(port: number, many: number): Promise<Socket[]> {
  const sockets = Array.from({ length: many }, () => connect(port, '127.0.0.1').resume());
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}
