/**
 * What moves on the stage: for each event of the log the way that bytes, a FIN or a reset took.
 * Nothing else moves. Under load motions merge into counted ones.
 */

import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import { connectionIdentity, type Identity } from '../identity.ts';
import { receiveBar } from './kernel/kernel-socket.ts';

/** A place that every connection has on the stage; `queue` is the listener's accept queue. */
export type Stop = 'client' | 'kernel' | 'process' | 'queue';

export interface Motion {
  /** The event that it is; the last one of a merged motion. */
  seq: number;
  /** `accept`: the new socket comes out of the queue. `stream`: many at once, counted. */
  kind: 'bytes' | 'fin' | 'rst' | 'accept' | 'stream';
  /** Null: of several connections together. */
  connection: number | null;
  /** For a client that was never accepted: the session of the page's client. */
  session: string | null;
  identity: Identity | null;
  path: readonly Stop[];
  /** How many events it stands for. */
  count: number;
}

/** Chips in the air at the same time. */
export const MOST_IN_FLIGHT = 10;

/**
 * The motions of one server's events, in their order. `arrived` holds the connections whose bytes lie
 * in the receive queue, as samples have shown; it is kept from one call to the next.
 */
export function motionsOf(
  server: ServerId,
  events: readonly LabEvent[],
  arrived = new Set<number>(),
): Motion[] {
  return events
    .filter((event) => event.server === server)
    .flatMap((event) => motions(event, arrived));
}

function motions(event: LabEvent, arrived: Set<number>): Motion[] {
  switch (event.type) {
    case 'accepted':
      return [motion(event, 'accept', ['queue', 'kernel'])];
    case 'sampled':
      return event.connections.flatMap(({ connection, ...socket }) => {
        if (socket.receive === 0) {
          arrived.delete(connection);
          return [];
        }
        if (arrived.has(connection)) return [];
        arrived.add(connection);
        // The kernel's figure counts a FIN as one more.
        const { bytes } = receiveBar(socket, false);
        const kind = bytes === 0 ? 'fin' : 'bytes';
        return [motion({ ...event, connection }, kind, ['client', 'kernel'])];
      });
    case 'received':
      return [motion(event, 'bytes', fromClient(event, arrived))];
    case 'sent':
      return [motion(event, 'bytes', ['process', 'kernel', 'client'])];
    case 'peerClosed':
      return [motion(event, 'fin', fromClient(event, arrived))];
    case 'shutdown':
      return [motion(event, 'fin', ['process', 'kernel', 'client'])];
    case 'closed':
      arrived.delete(event.connection);
      if (event.how === 'rst') return [motion(event, 'rst', ['client', 'kernel', 'process'])];
      return event.how === 'fin' ? [motion(event, 'fin', ['process', 'kernel', 'client'])] : [];
    case 'connectFailed':
      // Other failures are no answer of the kernel that listens: nothing came back.
      if (event.errno !== 'ECONNREFUSED') return [];
      return [
        {
          ...motion({ ...event, connection: null }, 'rst', ['queue', 'client']),
          session: event.session,
        },
      ];
    case 'summed':
      return event.connections.map((sum) => {
        const calls = Math.max(sum.received.calls, sum.sent.calls);
        const moved = motion({ ...event, connection: sum.connection }, 'stream', [
          'client',
          'kernel',
          'process',
        ]);
        return { ...moved, count: calls };
      });
    default:
      return [];
  }
}

/** What a sample has shown in the receive queue comes from there. */
function fromClient({ connection }: { connection: number }, arrived: Set<number>): Stop[] {
  return arrived.delete(connection) ? ['kernel', 'process'] : ['client', 'kernel', 'process'];
}

function motion(
  { seq, server, connection }: { seq: number; server: ServerId; connection: number | null },
  kind: Motion['kind'],
  path: readonly Stop[],
): Motion {
  const identity = connection === null ? null : connectionIdentity(server, connection);
  return { seq, kind, connection, session: null, identity, path, count: 1 };
}

/**
 * At most `most` motions: first those of one connection in one direction become one, then the rest of
 * the bytes become a single stream. A FIN or a reset is never merged with bytes.
 */
export function merged(motions: readonly Motion[], most: number): Motion[] {
  if (motions.length <= most) return [...motions];
  const groups = new Map<string, Motion>();
  for (const each of motions) {
    const { connection, kind, path } = each;
    const flow = kind === 'bytes' || kind === 'stream';
    const key = `${connection ?? each.session ?? ''} ${flow ? path.at(-1) : kind}`;
    const before = groups.get(key);
    groups.set(key, before ? together(before, each) : each);
  }
  const one = [...groups.values()];
  if (one.length <= most) return one;
  const kept = one.slice(0, Math.max(0, most - 1));
  const rest = one.slice(kept.length).reduce(together);
  return [...kept, { ...rest, connection: null, session: null, identity: null }];
}

function together(a: Motion, b: Motion): Motion {
  const total = a.count + b.count;
  return {
    ...b,
    kind: a.kind === b.kind && a.kind === 'fin' ? 'fin' : 'stream',
    count: total,
  };
}
