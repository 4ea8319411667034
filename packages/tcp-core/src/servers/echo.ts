/**
 * Server 4: echo, with select.
 *
 * The idea: bytes go back exactly as they came. There are no messages here, only a stream: what one
 * send wrote may arrive in two recvs, and the other way round.
 *
 * The difficulty is a client that sends and does not read. Its bytes have to wait somewhere, and
 * memory is finite: with PENDING_MAX bytes waiting we stop reading from it. Its receive queue
 * in the kernel fills, the window closes, and its own send blocks. The others notice nothing.
 *
 * Source: RFC 862 (Echo Protocol); RFC 9293, section 3.8 (flow control).
 */

import { Outbox } from '../conversation/outbox.ts';
import { DONTWAIT, type Connection, type Listener, type Sockets } from '../sockets/api.ts';
import type { Assignment } from './assignment.ts';

/** The most bytes that wait for one client, and the most that one recv takes. */
const PENDING_MAX = 256 * 1024;
const RECV_MAX = 64 * 1024;

interface Client {
  pending: Outbox;
  open: boolean; // until its FIN
}

export function echo({ listen, select }: Sockets, { at }: Assignment): never {
  const listener = listen(at);
  const clients = new Map<Connection, Client>();
  for (;;) {
    const read: (Listener | Connection)[] = [listener];
    const write: Connection[] = [];
    for (const [socket, { pending, open }] of clients) {
      if (open && pending.bytes < PENDING_MAX) read.push(socket);
      if (!pending.isEmpty) write.push(socket);
    }
    const ready = select(read, write);

    for (const socket of ready.writable) clients.get(socket)?.pending.sendTo(socket);

    for (const socket of ready.readable) {
      if ('accept' in socket) {
        const newcomer = socket.accept(DONTWAIT); // not for ever: it may be gone again
        if (newcomer) clients.set(newcomer, { pending: new Outbox(), open: true });
        continue;
      }
      const client = clients.get(socket)!;
      const { pending } = client;
      const bytes = socket.recv(Math.min(RECV_MAX, PENDING_MAX - pending.bytes), 0);
      if (!bytes) continue;
      if (bytes.length === 0)
        client.open = false; // FIN: send what is pending, then ours
      else {
        // Straight back if nothing waits before it; only what does not fit now is copied and kept.
        const sent = pending.isEmpty ? socket.send(bytes, DONTWAIT) : 0;
        if (sent < bytes.length) pending.append(bytes.subarray(sent));
      }
    }

    for (const [socket, { pending, open }] of clients) {
      if (open || !pending.isEmpty) continue;
      clients.delete(socket);
      socket.close();
    }
  }
}
