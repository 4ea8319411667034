/**
 * Server 2: a thread for each client.
 *
 * The idea: the first thread only accepts. Each client gets a thread of its own, which may block
 * in recv and send as long as it likes, because it keeps nobody else waiting. A client notices
 * nothing of the others, not even of their slow calculations. The price is a stack and a
 * scheduling entry for each: when no more threads are allowed, newcomers wait in the accept queue.
 *
 * Source: Stevens, UNIX Network Programming, vol. 1, section 26.4 (TCP echo server, threads).
 */

import { Inbox } from '../conversation/inbox.ts';
import type { Connection, Sockets } from '../sockets/api.ts';
import type { Assignment } from './assignment.ts';

export function threadPerClient(sockets: Sockets, { at }: Assignment): never {
  const listener = sockets.listen(at);
  for (;;) {
    const client = listener.accept();
    sockets.startThread(client); // which runs serveClient
  }
}

/** The whole life of one client, top to bottom: this is what its thread does. */
export function serveClient(
  client: Connection,
  { calculate, idleMs }: Pick<Assignment, 'calculate' | 'idleMs'>,
): void {
  const inbox = new Inbox(idleMs);
  for (;;) {
    // Blocks here most of the time. No time limit, unless half a message is waiting for its end.
    const bytes = client.recv(4096, inbox.idleMs);
    const messages = bytes?.length ? inbox.push(bytes) : inbox.flush();
    for (const message of messages) {
      client.send(calculate(client, message)); // blocks while the client does not read
    }
    if (bytes?.length === 0) break; // FIN: it will say no more, and has all its replies
  }
  client.close();
}
