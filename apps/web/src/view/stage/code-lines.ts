/** Which lines of a server's files are lit: where each of its threads is. */

import {
  mainSource,
  type Place,
  placeOf,
  type ServerSource,
} from '@sockscope/tcp-core/designs/call-sites';
import type { ServerState, ThreadState } from '@sockscope/tcp-core/trace/lab-state';
import type { SiteLines } from '@sockscope/tcp-core/designs/source-lines';
import { connectionIdentity, type Identity } from '../identity.ts';
import { describeThread } from '../words/describe-thread.ts';
import { count } from '../words/words.ts';

/** A line that one thread or several are in. */
export interface LitLine {
  line: number;
  /** `blocked`: all of them are blocked in this line's call. */
  how: 'blocked' | 'working';
  /** The connections that they serve there, by thread, each once. */
  identities: Identity[];
  /** "×12": how many threads are there, where shapes do not say it; else "". */
  many: string;
  /** "blocked", "×12 blocked", "×2 working, ×10 blocked". */
  label: string;
  /** Everything, in a sentence. */
  words: string;
}

/** More shapes than this beside one line are only counted. */
const BADGE_SHAPES = 2;

/** A thread and the place where it is. */
interface PlacedThread {
  thread: ThreadState;
  place: Place;
}

/** A server's threads that are in its files, the one that moved last in front. */
function placedThreads(server: ServerState): PlacedThread[] {
  const moved = ({ since, last }: ThreadState): number => Math.max(since, last?.t ?? 0);
  return Object.values(server.threads)
    .flatMap((thread) => {
      const place = placeOf(server, thread);
      return place ? [{ thread, place }] : [];
    })
    .sort((a, b) => moved(b.thread) - moved(a.thread));
}

/** The file that the thread which moved last is in; without threads the server's own. */
export function litSource(server: ServerState): ServerSource {
  return placedThreads(server)[0]?.place.source ?? mainSource(server);
}

/**
 * The lit lines of one file, the one where a thread moved last in front. `sites` are the lines of
 * that file's places.
 */
export function litLines(server: ServerState, source: ServerSource, sites: SiteLines): LitLine[] {
  const lines = new Map<number, ThreadState[]>();
  for (const { thread, place } of placedThreads(server)) {
    const line = place.source === source ? sites[place.site] : undefined;
    if (line === undefined) continue;
    const others = lines.get(line);
    if (others) others.push(thread);
    else lines.set(line, [thread]);
  }
  return Array.from(lines, ([line, threads]) => litLine(server, line, threads));
}

function litLine(server: ServerState, line: number, threads: ThreadState[]): LitLine {
  const inOrder = threads.toSorted((a, b) => a.id - b.id);
  const [only] = inOrder;
  const connections = new Set(inOrder.flatMap((thread) => servedBy(server, thread) ?? []));
  const blocked = threads.filter(({ call }) => call !== null).length;
  const how = blocked === threads.length ? 'blocked' : 'working';
  const identities = Array.from(connections, (id) => connectionIdentity(server.id, id));
  const saidByShapes = threads.length === identities.length && identities.length <= BADGE_SHAPES;
  const counts = countsOf(threads.length, blocked);
  return {
    line,
    how,
    identities,
    many: threads.length === 1 || saidByShapes ? '' : `×${count(threads.length)}`,
    label: threads.length === 1 ? how : counts.map((each) => `×${each}`).join(', '),
    words:
      threads.length === 1 && only
        ? `thread ${only.tid}: ${describeThread(only)}`
        : `${count(threads.length)} threads: ${counts.join(', ')}`,
  };
}

/** "2 working", "10 blocked": those that there are. */
function countsOf(threads: number, blocked: number): string[] {
  const working = threads - blocked;
  return [
    ...(working > 0 ? [`${count(working)} working`] : []),
    ...(blocked > 0 ? [`${count(blocked)} blocked`] : []),
  ];
}

/** The connection that a thread is busy with where it is. */
function servedBy(server: ServerState, thread: ThreadState): number | null {
  if (thread.role === 'client') return thread.connection;
  if (thread.call === null) return thread.last?.connection ?? null;
  if (thread.call !== 'recv' && thread.call !== 'send') return null;
  const [fd] = [...thread.read, ...thread.write];
  return Object.values(server.connections).find((connection) => connection.fd === fd)?.id ?? null;
}
