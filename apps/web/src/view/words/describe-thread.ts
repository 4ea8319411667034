/** What a thread is doing, in words: "blocked in recv() on fd 24", "working". */

import type { ServerState, ThreadState } from '@sockscope/tcp-core/trace/lab-state';
import { connectionIdentity, type Identity } from '../identity.ts';
import {
  blockedWords,
  callWords,
  describeWait,
  isSocketCall,
  sleepOf,
  viaWords,
  waitedFor,
} from './waiting.ts';
import { loopThread, watchedBySelect } from './watching.ts';
import { count, descriptors } from './words.ts';

export function describeThread(thread: ThreadState): string {
  const sleep = sleepOf(thread);
  return sleep ? describeWait({ ...thread, ...sleep }) : 'working';
}

/** One descriptor that select() watches. */
interface WatchedView {
  fd: number;
  /** Null for the listener. */
  identity: Identity | null;
  /** It was in the set that the last select() returned. */
  ready: boolean;
}

interface ThreadView {
  id: number;
  tid: number;
  role: ThreadState['role'];
  /** The client that it serves (server 2). */
  identity: Identity | null;
  blocked: boolean;
  /** It is blocked in a call of a socket. */
  inCall: boolean;
  /** The call it is blocked in as it is written, what else it waits for, or "working". */
  call: string;
  /** "via poll()" where it sleeps in another function than that call. */
  via: string;
  /** What it waits for: "fd 24". */
  detail: string;
  /** Everything, in one sentence. */
  words: string;
}

export interface ThreadsView {
  lines: ThreadView[];
  /** Client threads that are not listed, grouped by what they do. */
  folded: { key: string; words: string }[];
}

/** More client threads than this are counted instead of listed. */
const THREADS_LISTED = 6;

/** A server's threads: each one in a line, idle and many alike ones folded into a count. */
export function threadsView(server: ServerState): ThreadsView {
  const all = Object.values(server.threads).sort((a, b) => a.id - b.id);
  const parked = all.filter((thread) => thread.call === 'parked');
  const busy = all.filter((thread) => thread.call !== 'parked');
  const first = busy.filter((thread) => thread.role !== 'client');
  const clients = busy.filter((thread) => thread.role === 'client');
  const listed = clients.length > THREADS_LISTED ? clients.slice(0, THREADS_LISTED - 1) : clients;

  const folded: ThreadsView['folded'] = [];
  const rest = clients.slice(listed.length);
  const calls = new Map<string, number>();
  for (const thread of rest) {
    const sleep = sleepOf(thread);
    const call = sleep ? blockedWords(sleep) : 'working';
    calls.set(call, (calls.get(call) ?? 0) + 1);
  }
  for (const [call, threads] of calls) {
    folded.push({ key: call, words: `+${count(threads)} ${call}` });
  }
  if (parked.length > 0) {
    folded.push({ key: 'parked', words: `+${count(parked.length)} ${callWords('parked')}` });
  }
  return { lines: [...first, ...listed].map((thread) => threadView(server, thread)), folded };
}

function threadView(server: ServerState, thread: ThreadState): ThreadView {
  const { id, tid, role, call } = thread;
  const sleep = sleepOf(thread);
  const inCall = call !== null && isSocketCall(call);
  return {
    id,
    tid,
    role,
    identity: thread.connection === null ? null : connectionIdentity(server.id, thread.connection),
    blocked: call !== null,
    inCall,
    call: call === null ? 'working' : callWords(call),
    via: sleep ? viaWords(sleep) : '',
    detail: inCall ? waitedFor({ ...thread, call }) : '',
    words: describeThread(thread),
  };
}

export interface SelectView {
  watched: WatchedView[];
  /** Watched ones beyond those listed. */
  more: number;
  /** What the last select() returned, in words. */
  returned: string;
}

/** Descriptors that are drawn one by one; beyond it they are counted. */
const WATCHED_DRAWN = 8;

/**
 * What the server's select() watches and what it returned last; null while no thread is in select() or
 * at work on what it returned (server 1 without a client waits in accept()).
 */
export function selectView(server: ServerState): SelectView | null {
  const thread = loopThread(server);
  if (!thread) return null;
  const { asks, read, write, owners, last } = watchedBySelect(server, thread);
  if (!asks && (thread.call !== null || last === null)) return null;
  const ready = new Set([...(last?.readable ?? []), ...(last?.writable ?? [])]);
  const isOpen = (fd: number): boolean => fd === server.fd || owners.get(fd)?.gone === false;
  const all = [...new Set([...read, ...write])]
    .filter(isOpen)
    .sort((a, b) => Number(b === server.fd) - Number(a === server.fd) || a - b);
  // What was ready comes next to the listener when not all can be drawn: it is what the picture is about.
  const rank = (fd: number): number => (fd === server.fd ? 0 : ready.has(fd) ? 1 : 2);
  const drawn =
    all.length <= WATCHED_DRAWN
      ? all
      : all.toSorted((a, b) => rank(a) - rank(b)).slice(0, WATCHED_DRAWN - 1);
  return {
    watched: drawn.map((fd) => {
      const owner = owners.get(fd);
      return {
        fd,
        identity: owner === undefined ? null : connectionIdentity(server.id, owner.connection),
        ready: ready.has(fd),
      };
    }),
    more: all.length - drawn.length,
    returned: last ? returned(last) : 'has not returned yet',
  };
}

function returned(last: NonNullable<ThreadState['lastSelect']>): string {
  const ready = [...new Set([...last.readable, ...last.writable])];
  if (ready.length === 0) return 'returned: time is up, none ready';
  return `returned: ${descriptors(ready, 2)}`;
}
