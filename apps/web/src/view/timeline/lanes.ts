/** Which connections and threads get a lane of their own when there is not room for all. */

import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { connectionIdentity, identityWords } from '../identity.ts';
import { count, counted } from '../words/words.ts';
import { NO_THREAD, type Found } from './cast.ts';
import { FOLDED, type Lane } from './items.ts';

/**
 * At most `most` lanes: connections in the order they came, each with its thread below it, then the
 * threads that serve everybody. What does not fit is folded into the last lane. Lanes of `kept`, the
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
  const interest = (one: Found): number => {
    if (one.main && one.alive) return 100;
    const owner = one.kind === 'connection' ? one : connectionOf(one, found);
    const active = (owner?.lastSeq ?? one.lastSeq) > 0 ? 2 : 0;
    const bad = owner?.bad ? 4 : 0;
    const safe = few && owner?.alive ? 8 : 0;
    const here = one.alive ? 1 : 0;
    return active + bad + safe + here + (one.kind === 'connection' ? 0.5 : 0);
  };
  return found
    .map((one) => ({ one, interest: interest(one) + (kept.has(one.key) ? 0.25 : 0) }))
    .sort((a, b) => b.interest - a.interest || b.one.lastSeq - a.one.lastSeq || a.one.id - b.one.id)
    .slice(0, Math.max(0, most))
    .map(({ one }) => one);
}

function connectionOf({ serves }: Found, found: readonly Found[]): Found | undefined {
  if (serves === null) return undefined;
  return found.find(({ kind, id }) => kind === 'connection' && id === serves);
}

/** Threads of a connection come right below it; the main ones at the end. */
function byPlace(a: Found, b: Found): number {
  const place = (one: Found): number => {
    if (one.main) return 2e9;
    if (one.kind === 'connection') return one.id;
    return one.serves === null ? 1e9 : one.serves + 0.5;
  };
  return place(a) - place(b) || a.id - b.id;
}

function laneOf(server: ServerId, one: Found): Lane {
  const { key, kind, id, number, serves } = one;
  const of = kind === 'connection' ? id : serves;
  const identity = of === null ? null : connectionIdentity(server, of);
  const looks = identity === null ? '' : `${identityWords(identity)}, `;
  if (kind === 'connection') {
    const words = `${looks}connection from port ${number}`;
    return { key, kind, identity, label: `:${number}`, words };
  }
  if (key === NO_THREAD)
    return { key, kind, identity, label: 'server', words: 'the server, without a thread' };
  const words = identity === null ? `thread ${number}` : `${looks}its thread ${number}`;
  return { key, kind, identity, label: `tid ${number}`, words };
}

function foldedLane(rest: readonly Found[]): Lane {
  const connections = rest.filter(({ kind }) => kind === 'connection').length;
  const threads = rest.length - connections;
  const both = [
    ...(connections > 0 ? [counted(connections, 'connection')] : []),
    ...(threads > 0 ? [counted(threads, 'thread')] : []),
  ];
  const label = both.length === 1 ? `+${both.join('')}` : `+${count(rest.length)} lanes`;
  return {
    key: FOLDED,
    kind: 'folded',
    identity: null,
    label,
    words: `${both.join(' and ')} more`,
  };
}
