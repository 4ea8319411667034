/** The descriptors that select() watches, and what it said of each. */

import {
  connectionNumbered,
  type ConnectionState,
  type ServerState,
  type ThreadState,
} from '@sockscope/tcp-core/trace/lab-state';
import { connectionIdentity, identityWords, type Identity } from '../../identity.ts';
import { clientName } from '../../words/names.ts';
import { watchedBySelect, type FdOwner } from '../../words/watching.ts';

/** Of a client whose bytes select() has not been asked about since they came. */
export const UNREAD = 'unread, not asked yet';

/** A bit of a set that select() returned: still set, cleared though it was asked for, or not asked for. */
export type Bit = 'set' | 'cleared' | 'none';

export interface FdBits {
  fd: number;
  /** Null for the listener. */
  identity: Identity | null;
  /** What its client is called; "" for the listener. */
  client: string;
  listener: boolean;
  watchedRead: boolean;
  watchedWrite: boolean;
  readable: Bit;
  writable: Bit;
  /** The thread has come to it since select() returned. */
  served: boolean;
  /** The thread is at it now. */
  current: boolean;
  /** select() returned it and the thread has not come to it. */
  waiting: boolean;
  /**
   * Since when its bytes lie in the kernel while the thread is at work and select() has not been asked
   * about them, microseconds; null where that is not so.
   */
  unreadSince: number | null;
  /** Accepted in this turn: the next select() will watch it. */
  fresh: boolean;
  /** Closed in this turn. */
  gone: boolean;
}

export interface FdSets {
  fds: FdBits[];
  /** The result is the one before: the thread asks again, or its turns are not listed. */
  stale: boolean;
  /** How many were watched, and were returned readable and writable. */
  watched: number;
  readable: number;
  writable: number;
}

/** The watched descriptors, listener first, then by number. Pure; made for a thousand of them. */
export function describeFds(server: ServerState, thread: ThreadState | null): FdSets {
  if (!thread) return { fds: [], stale: true, watched: 0, readable: 0, writable: 0 };
  const { asks, read, write, owners, last } = watchedBySelect(server, thread);
  const stale = asks || last === null || thread.last?.type === 'summed';
  const lastRead = new Set(last?.read);
  const lastWrite = new Set(last?.write);
  const readable = new Set(last?.readable);
  const writable = new Set(last?.writable);
  const served = new Set(last?.served);
  const since = last?.t ?? -1;

  const all = new Set([...read, ...write]);
  const watched = all.size;
  if (!asks) {
    for (const [fd, { openedAt, gone }] of owners) if (openedAt > since && !gone) all.add(fd);
  }
  const at = stale ? null : currentFd(server, thread, owners);
  const fds = [...all].map((fd): FdBits => {
    const owner = owners.get(fd);
    const isReady = readable.has(fd) || writable.has(fd);
    const connection = owner ? connectionNumbered(server, owner.connection) : undefined;
    const waiting = !stale && isReady && !served.has(fd);
    return {
      fd,
      identity: owner ? connectionIdentity(server.id, owner.connection) : null,
      client: connection ? clientName(server, connection) : '',
      listener: fd === server.fd,
      watchedRead: read.has(fd),
      watchedWrite: write.has(fd),
      readable: readable.has(fd) ? 'set' : lastRead.has(fd) ? 'cleared' : 'none',
      writable: writable.has(fd) ? 'set' : lastWrite.has(fd) ? 'cleared' : 'none',
      served: isReady && served.has(fd),
      current: fd === at,
      waiting,
      unreadSince: waiting || fd === at ? null : unreadOf(thread, connection),
      fresh: !read.has(fd) && !write.has(fd),
      gone: owner?.gone ?? false,
    };
  });
  fds.sort((a, b) => Number(b.listener) - Number(a.listener) || a.fd - b.fd);
  const sizes = { watched, readable: readable.size, writable: writable.size };
  return { fds, stale, ...sizes };
}

/** Bytes of which select() has told nothing yet: the thread is busy, and has not asked again. */
function unreadOf(thread: ThreadState, connection: ConnectionState | undefined): number | null {
  const isAtWork = thread.call === null && thread.last?.type !== 'summed';
  return isAtWork && connection?.end === null ? connection.unreadSince : null;
}

/** The descriptor that the thread is at: its last event's, for a newcomer the listener. */
function currentFd(
  server: ServerState,
  { last }: ThreadState,
  owners: ReadonlyMap<number, FdOwner>,
): number | null {
  if (!last) return null;
  if (last.type === 'accepted') return server.fd;
  for (const [fd, { connection }] of owners) if (connection === last.connection) return fd;
  return null;
}

/** A descriptor's column in words: "A, fd 24, blue circle: watched, returned readable, being served". */
export function fdWords(bits: FdBits, stale: boolean): string {
  const who = bits.listener ? 'the listener' : bits.identity ? identityWords(bits.identity) : null;
  const watch =
    bits.watchedRead && bits.watchedWrite
      ? 'watched for reading and writing'
      : bits.watchedWrite
        ? 'watched for room to write'
        : bits.watchedRead
          ? 'watched'
          : 'new, watched from the next turn on';
  const ready = [
    ...(bits.readable === 'set' ? ['readable'] : []),
    ...(bits.writable === 'set' ? ['writable'] : []),
  ];
  const returned = stale ? 'last returned' : 'returned';
  const result =
    ready.length > 0
      ? `${returned} ${ready.join(' and ')}`
      : bits.readable === 'cleared' || bits.writable === 'cleared'
        ? stale
          ? 'was not ready last time'
          : 'not ready'
        : '';
  const service = stale
    ? ''
    : bits.gone
      ? 'closed'
      : bits.current
        ? 'being served'
        : bits.waiting
          ? 'waits for the thread'
          : bits.served
            ? 'served'
            : '';
  const unread = bits.unreadSince === null ? '' : UNREAD;
  const said = [watch, result, service, unread].filter((part) => part !== '').join(', ');
  const name = bits.client === '' ? '' : `${bits.client}, `;
  return `${name}fd ${bits.fd}${who === null ? '' : `, ${who}`}: ${said}`;
}
