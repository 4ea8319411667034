/** Which connections and threads get a lane of their own when there is not room for all. */

import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { connectionIdentity, identityWords, type Identity } from '../identity.ts';
import { count, counted } from '../words/words.ts';
import { NO_THREAD, type Found } from './cast.ts';
import { ENDED, FOLDED, type Lane } from './items.ts';

/**
 * Those of a window, without server 2's threads that have had no client yet, and with one that stands for all
 * threads that are gone. The last of the main threads stays, also when it is gone: what happens to the
 * server without a thread is told on its lane, `main`.
 */
export function livingLanes(found: readonly Found[]): {
  living: Found[];
  gone: ReadonlySet<string>;
  main: string | undefined;
} {
  const isMain = ({ kind, main }: Found): boolean => kind === 'thread' && main;
  const lastMain =
    found.findLast((one) => isMain(one) && one.key !== NO_THREAD) ?? found.findLast(isMain);
  const main = lastMain?.key;
  const isGone = (one: Found): boolean => one.kind === 'thread' && !one.alive && one !== lastMain;
  const isSpare = ({ kind, main, serves }: Found): boolean =>
    kind === 'thread' && !main && serves === null;
  const gone = found.filter((one) => isGone(one) && !isSpare(one));
  const isTold = (one: Found): boolean => one.key !== NO_THREAD || one === lastMain;
  const living = found.filter((one) => !isGone(one) && !isSpare(one) && isTold(one));
  const keys = new Set(gone.map(({ key }) => key));
  if (gone.length === 0) return { living, gone: keys, main };
  const newest = Math.max(...gone.map(({ lastSeq }) => lastSeq));
  const ended: Found = {
    key: ENDED,
    kind: 'ended',
    id: 0,
    number: gone.length,
    name: 'ended',
    serves: null,
    main: false,
    alive: false,
    lastSeq: newest,
    bad: false,
    waited: false,
    waits: '',
  };
  return { living: [...living, ended], gone: keys, main };
}

/**
 * At most `most` lanes: connections in the order they came, each with its thread below it, then the
 * threads that serve everybody and the accept queue. What does not fit is folded into the last lane. Lanes of `kept`, the
 * ones drawn so far, are given up last among equals, so that the picture stays still.
 */
export function chooseLanes(
  server: ServerId,
  found: readonly Found[],
  most: number,
  kept: ReadonlySet<string>,
): Lane[] {
  const shown = found.length <= most ? [...found] : mostInteresting(found, most - 1, kept);
  const chosen = new Set(shown);
  const lanes = shown.sort(byPlace).map((one) => laneOf(server, one));
  const rest = found.filter((one) => !chosen.has(one));
  return rest.length === 0 ? lanes : [...lanes, foldedLane(rest)];
}

function mostInteresting(
  found: readonly Found[],
  most: number,
  kept: ReadonlySet<string>,
): Found[] {
  // A few open connections always keep their lanes, however many are turned away.
  const alive = found.filter(({ kind, alive }) => kind === 'connection' && alive);
  const few = alive.length <= most - 2;
  const connections = new Map(
    found.filter(({ kind }) => kind === 'connection').map((one) => [one.id, one]),
  );
  const served = ({ serves }: Found): Found | undefined =>
    serves === null ? undefined : connections.get(serves);
  const interest = (one: Found): number => {
    if (one.main && one.alive) return 100;
    if (one.kind === 'queue') return 50;
    const owner = one.kind === 'connection' ? one : served(one);
    const active = (owner?.lastSeq ?? one.lastSeq) > 0 ? 2 : 0;
    const bad = owner?.bad ? 4 : 0;
    const safe = few && owner?.alive ? 8 : 0;
    const here = one.alive ? 1 : 0;
    const waited = owner?.waited ? 3 : 0;
    return active + bad + safe + here + waited + (one.kind === 'connection' ? 0.5 : 0);
  };
  return found
    .map((one) => ({ one, interest: interest(one) + (kept.has(one.key) ? 0.25 : 0) }))
    .sort((a, b) => b.interest - a.interest || b.one.lastSeq - a.one.lastSeq || a.one.id - b.one.id)
    .slice(0, Math.max(0, most))
    .map(({ one }) => one);
}

/** Threads of a connection come right below it; the main ones and the queue at the end. */
function byPlace(a: Found, b: Found): number {
  const place = (one: Found): number => {
    if (one.kind === 'queue') return 3e9;
    if (one.main) return 2e9;
    if (one.kind === 'ended') return 1.5e9;
    if (one.kind === 'connection') return one.id;
    return one.serves === null ? 1e9 : one.serves + 0.5;
  };
  return place(a) - place(b) || a.id - b.id;
}

function laneOf(server: ServerId, one: Found): Lane {
  const { key, kind, name, number, waits } = one;
  const of = kind === 'connection' ? one.id : one.serves;
  const identity = of === null ? null : connectionIdentity(server, of);
  const words = [wordsOf(one, identity), waits].filter((each) => each !== '').join('; ');
  const note = kind === 'connection' ? `:${number}` : `tid ${number}`;
  const hasNote = kind === 'connection' || (kind === 'thread' && key !== NO_THREAD);
  return { key, kind, identity, name, note: hasNote ? note : '', words };
}

function wordsOf({ key, kind, name, number }: Found, identity: Identity | null): string {
  const looks = identity === null ? '' : `${identityWords(identity)}, `;
  if (kind === 'connection') return `${name}: ${looks}connection from port ${number}`;
  if (kind === 'queue') return 'accept queue';
  if (kind === 'ended') return `${counted(number, 'thread')} ended`;
  if (key === NO_THREAD) return 'the server, without a thread';
  return identity === null ? `${name} ${number}` : `${looks}its thread ${number}`;
}

function foldedLane(rest: readonly Found[]): Lane {
  const connections = rest.filter(({ kind }) => kind === 'connection').length;
  const threads = rest.filter(({ kind }) => kind === 'thread').length;
  const both = [
    ...(connections > 0 ? [counted(connections, 'connection')] : []),
    ...(threads > 0 ? [counted(threads, 'thread')] : []),
  ];
  const name = both.length === 1 ? `+${both.join('')}` : `+${count(rest.length)} lanes`;
  return {
    key: FOLDED,
    kind: 'folded',
    identity: null,
    name,
    note: '',
    words: `${both.join(' and ') || counted(rest.length, 'lane')} more`,
  };
}
