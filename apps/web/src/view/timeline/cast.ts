/** The connections and threads that a window's events tell of: those that could have a lane. */

import type { LabEvent, ThreadRole } from '@sockscope/tcp-core/trace/events';
import { QUEUE } from './items.ts';

/** A thread or a connection that was there in the window. */
export interface Found {
  key: string;
  kind: 'connection' | 'thread' | 'queue' | 'ended';
  id: number;
  /** The client's port, the operating system's thread id, or how many have ended. */
  number: number;
  /** A client's, or what the thread is. */
  name: string;
  /** Server 2's thread: the connection it serves, or served last. */
  serves: number | null;
  /** It accepts, or serves everybody. */
  main: boolean;
  /** It is still there at the window's end. */
  alive: boolean;
  /** The last event on it in the window; 0: none. */
  lastSeq: number;
  /** Something on it went wrong in the window. */
  bad: boolean;
  /** Somebody on it waited in the window, or was calculated for. */
  waited: boolean;
  /** Who waits on it at the window's end, in words; or nothing. */
  waits: string;
}

export const laneOfConnection = (id: number): string => `c${id}`;
export const laneOfThread = (id: number): string => `t${id}`;
/** For what happens to a server that has no thread. */
export const NO_THREAD = 't-none';

export class Cast {
  readonly #found = new Map<string, Found>();

  get all(): Found[] {
    return [...this.#found.values()];
  }

  get(key: string): Found | undefined {
    return this.#found.get(key);
  }

  addConnection(id: number, port: number, name: string): Found {
    const key = laneOfConnection(id);
    return this.#add({ key, kind: 'connection', id, number: port, name, main: false });
  }

  addThread(id: number, tid: number, role: ThreadRole): Found {
    const name = role === 'acceptor' ? 'acceptor' : 'thread';
    const main = role !== 'client';
    return this.#add({ key: laneOfThread(id), kind: 'thread', id, number: tid, name, main });
  }

  /** The accept queue. */
  get queue(): Found {
    const what = {
      key: QUEUE,
      kind: 'queue',
      id: 0,
      number: 0,
      name: 'queue',
      main: false,
    } as const;
    return this.#found.get(QUEUE) ?? this.#add(what);
  }

  /** Notes that the event was on this lane. */
  touch(key: string, { seq }: LabEvent): Found {
    const found = this.#found.get(key) ?? this.#noThread();
    found.lastSeq = seq;
    return found;
  }

  /** The lane for what happened in a thread or, without one, to the server. */
  ofThread(thread: number | null): string {
    const own = thread === null ? undefined : this.#found.get(laneOfThread(thread));
    return (own ?? this.all.findLast(({ main }) => main) ?? this.#noThread()).key;
  }

  #noThread(): Found {
    const known = this.#found.get(NO_THREAD);
    const what = { key: NO_THREAD, kind: 'thread', id: 0, number: 0, name: 'server' } as const;
    return known ?? this.#add({ ...what, main: true });
  }

  #add(what: Pick<Found, 'key' | 'kind' | 'id' | 'number' | 'name' | 'main'>): Found {
    const nothingYet = { serves: null, lastSeq: 0, bad: false, waited: false, waits: '' };
    const found: Found = { ...what, ...nothingYet, alive: true };
    this.#found.set(found.key, found);
    return found;
  }
}
