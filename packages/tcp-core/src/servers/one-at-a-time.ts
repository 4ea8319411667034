/**
 * Server 1: one client at a time.
 *
 * The idea: accept a client and serve it until it leaves; only then accept the next. The policy
 * decides what a second client lives through meanwhile:
 *
 *   busy    it is told `busy: …` at once and turned away. For that the server watches two
 *           sockets while it serves: its client, and the door.
 *   refuse  the server closes its listener while it serves, so the kernel answers the newcomer's
 *           SYN with RST: connection refused.
 *   queue   the plain textbook loop. The newcomer is connected by the kernel, waits in the accept
 *           queue and hears nothing until the first client has left.
 */

import { Inbox } from '../conversation/inbox.ts';
import { Outbox } from '../conversation/outbox.ts';
import { DONTWAIT, type Connection, type Listener, type Sockets } from '../sockets/api.ts';
import type { Assignment } from './assignment.ts';
import { serveClient } from './thread-per-client.ts';

const BUSY = 'busy: this server serves one client at a time and has one now; try again later';

/** How long a FIN may be behind the next client's SYN, in ms. */
const LOOK_AGAIN_MS = 5;

export function oneAtATime(sockets: Sockets, assignment: Assignment): never {
  const { at, policy } = assignment;
  let listener = sockets.listen(at);
  for (;;) {
    const client = listener.accept();
    if (policy === 'busy') {
      serveAndWatchTheDoor(sockets, listener, client, assignment);
    } else if (policy === 'queue') {
      serveClient(client, assignment);
    } else {
      listener.close();
      serveClient(client, assignment);
      listener = sockets.listen(listener.at);
    }
  }
}

function serveAndWatchTheDoor(
  { select }: Sockets,
  listener: Listener,
  client: Connection,
  { calculate, idleMs }: Assignment,
): void {
  const inbox = new Inbox(idleMs);
  const outbox = new Outbox();
  let open = true; // until the client's FIN
  let rang = false;
  while (open || !outbox.isEmpty) {
    // As long as the client has not taken its last reply, its next message is not read.
    const door = rang ? [] : [listener];
    const ready = select(
      outbox.isEmpty ? [...door, client] : door,
      outbox.isEmpty ? [] : [client],
      rang ? LOOK_AGAIN_MS : inbox.idleMs,
    );

    if (ready.readable.includes(client)) {
      const bytes = client.recv(4096, 0);
      if (bytes?.length === 0) open = false;
      const messages = bytes?.length ? inbox.push(bytes) : open ? [] : inbox.flush();
      for (const message of messages) outbox.push(calculate(client, message));
    } else if (inbox.idleMs === 0) {
      for (const message of inbox.flush()) outbox.push(calculate(client, message));
    }
    outbox.sendTo(client);

    // When the door rings we look at our client once more: if it is just leaving, the newcomer
    // will be served instead of refused.
    if (rang && open) {
      const newcomer = listener.accept(DONTWAIT);
      newcomer?.refuse(BUSY);
    }
    rang = !rang && ready.readable.includes(listener);
  }
  client.close();
}
