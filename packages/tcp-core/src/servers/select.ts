/**
 * Server 3: many clients, one thread, select.
 *
 * The idea: never block in accept, recv or send, because that would be waiting for one client while
 * others are ready. Wait in a single place, select, for all of them at once; it returns which
 * sockets are ready, and exactly those are served, one after the other.
 *
 * A client notices nothing of the others, with one exception: there is only one thread, so while
 * it calculates for one client, everybody waits.
 *
 * Source: Stevens, UNIX Network Programming, vol. 1, section 6.8 (TCP echo server, select).
 */

import { Inbox } from '../conversation/inbox.ts';
import { Outbox } from '../conversation/outbox.ts';
import { DONTWAIT, type Connection, type Listener, type Sockets } from '../sockets/api.ts';
import type { Assignment } from './assignment.ts';

/** What select servers must remember between two rounds, and threads keep on their stack. */
interface Client {
  inbox: Inbox;
  outbox: Outbox;
  open: boolean; // until its FIN
}

const newClient = (idleMs: number): Client => ({
  inbox: new Inbox(idleMs),
  outbox: new Outbox(),
  open: true,
});

export function selectServer(
  { listen, select }: Sockets,
  { at, calculate, idleMs }: Assignment,
): never {
  const listener = listen(at);
  const clients = new Map<Connection, Client>();
  for (;;) {
    // Watch each client for one thing: for room, if it has not taken its last reply, else for bytes.
    const read: (Listener | Connection)[] = [listener];
    const write: Connection[] = [];
    let timeoutMs: number | undefined;
    for (const [socket, { inbox, outbox }] of clients) {
      if (outbox.isEmpty) read.push(socket);
      else write.push(socket);
      const idle = inbox.idleMs;
      if (idle !== undefined) timeoutMs = Math.min(idle, timeoutMs ?? Infinity);
    }
    const ready = select(read, write, timeoutMs);

    for (const socket of ready.readable) {
      if ('accept' in socket) {
        const newcomer = socket.accept(DONTWAIT); // not for ever: it may be gone again
        if (newcomer) clients.set(newcomer, newClient(idleMs));
        continue;
      }
      const client = clients.get(socket)!;
      const bytes = socket.recv(4096, 0);
      if (!bytes) continue;
      if (bytes.length === 0) client.open = false; // FIN: it will say no more
      const messages = client.open ? client.inbox.push(bytes) : client.inbox.flush();
      for (const message of messages) client.outbox.push(calculate(socket, message));
    }

    for (const [socket, { inbox, outbox, open }] of clients) {
      if (inbox.idleMs === 0) {
        for (const message of inbox.flush()) outbox.push(calculate(socket, message));
      }
      // What does not fit into the send buffer waits until select says that there is room.
      if (!outbox.isEmpty) outbox.sendTo(socket);
      if (!open && outbox.isEmpty) {
        clients.delete(socket);
        socket.close();
      }
    }
  }
}
