/** What the select() of a server watches, for the wall and for the stage. */

import type { ServerState, ThreadState } from '@sockscope/tcp-core/trace/lab-state';

/** Who has a descriptor. */
export interface FdOwner {
  connection: number;
  openedAt: number;
  /** It was closed since select() returned. */
  gone: boolean;
}

export interface Watching {
  /** The thread is in select(); else it works on what select() returned last, or has not asked yet. */
  asks: boolean;
  /** What select() is asked about; while the thread works, what it was asked about. */
  read: ReadonlySet<number>;
  write: ReadonlySet<number>;
  /** The connections by their descriptors. The listener is not one of them. */
  owners: ReadonlyMap<number, FdOwner>;
  /** What select() returned last: while the thread asks again, the result of the turn before. */
  last: ThreadState['lastSelect'];
}

/** The only thread of a select server; null while there is none. */
export function loopThread(server: ServerState): ThreadState | null {
  return Object.values(server.threads).find(({ role }) => role === 'server') ?? null;
}

/** What the thread watches with select(), and whose descriptors they are. */
export function watchedBySelect(server: ServerState, thread: ThreadState): Watching {
  const last = thread.lastSelect;
  const asks = thread.call === 'select';
  const { read = [], write = [] } = (asks ? thread : last) ?? {};
  const owners = new Map<number, FdOwner>();
  for (const { fd, id, openedAt } of Object.values(server.connections)) {
    owners.set(fd, { connection: id, openedAt, gone: false });
  }
  // Who had the descriptor when select() returned may have been closed since.
  const since = last?.t ?? -1;
  for (const { fd, id, openedAt, end } of asks ? [] : server.ended) {
    if (end && end.t >= since && !owners.has(fd)) {
      owners.set(fd, { connection: id, openedAt, gone: true });
    }
  }
  return { asks, read: new Set(read), write: new Set(write), owners, last };
}
