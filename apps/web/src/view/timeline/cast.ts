/** The connections and threads that a window's events tell of: those that could have a lane. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';

/** A thread or a connection that was there in the window. */
export interface Found {
  key: string;
  kind: 'connection' | 'thread';
  id: number;
  /** The client's port, or the operating system's thread id. */
  number: number;
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

  addConnection(id: number, port: number): Found {
    return this.#add({
      key: laneOfConnection(id),
      kind: 'connection',
      id,
      number: port,
      main: false,
    });
  }

  addThread(id: number, tid: number, main: boolean): Found {
    return this.#add({ key: laneOfThread(id), kind: 'thread', id, number: tid, main });
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
    return known ?? this.#add({ key: NO_THREAD, kind: 'thread', id: 0, number: 0, main: true });
  }

  #add(what: Pick<Found, 'key' | 'kind' | 'id' | 'number' | 'main'>): Found {
    const found: Found = { ...what, serves: null, alive: true, lastSeq: 0, bad: false };
    this.#found.set(found.key, found);
    return found;
  }
}
