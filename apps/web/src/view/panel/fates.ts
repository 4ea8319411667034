/** The fate of a server's clients, in words for the last row: who is served, who waits, who was turned away. */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { Identity } from '../identity.ts';
import { shortAnswer } from '../words/answers.ts';
import { threadsView } from '../words/describe-thread.ts';
import { BLOCKED_IN, queueWords } from '../words/waiting.ts';
import { count, seconds } from '../words/words.ts';
import type { ClientRows, ClientRowView } from './client-rows.ts';

/** Who has this fate, by shape and name. */
interface Who {
  key: string;
  identity: Identity | null;
  name: string;
}

export interface Fate {
  kind: 'calculated' | 'answered' | 'served' | 'waits' | 'refused' | 'left';
  /** The first of them; `more` are not listed. */
  who: Who[];
  more: number;
  /** Follows the names: "is served", "wait, longest 6.0 s". */
  words: string;
  bad: boolean;
}

/** A place of the accept queue: who is in it, null while it is empty. */
export interface Slot {
  taken: boolean;
  identity: Identity | null;
}

export interface Fates {
  /** In the order in which they are always told; the least telling are left out where there are many. */
  fates: Fate[];
  /** The accept queue's first places; empty where nobody can see them. */
  slots: Slot[];
  /** Those in the queue beyond the places that are drawn. */
  moreQueued: number;
  /** "3 wait in the accept queue, longest 6.0 s". */
  queueWords: string;
  /** What the server does: "blocked in accept()". */
  does: string;
  /** What is true while nobody is there. */
  empty: string;
}

/** Lines that a panel has room for, names in a line, places of the queue that are drawn. */
const FATES = 4;
const NAMES = 3;
const SLOTS = 6;
/** Characters of an answer. */
const ANSWER = 40;

const order = ['calculated', 'answered', 'served', 'waits', 'refused', 'left'] as const;
/** Of more kinds than there is room for these stay longest. */
const telling = ['waits', 'refused', 'calculated', 'answered', 'served', 'left'];

export function fatesOf(rows: ClientRows, server: ServerState, now: number): Fates {
  const groups = new Map<Fate['kind'], ClientRowView[]>();
  for (const row of [...rows.present, ...rows.gone].sort((a, b) => a.position - b.position)) {
    const kind = kindOf(row);
    groups.set(kind, [...(groups.get(kind) ?? []), row]);
  }
  const shown = telling.filter((kind) => groups.has(kind as Fate['kind'])).slice(0, FATES);
  const fates = order
    .filter((kind) => shown.includes(kind))
    .map((kind) => fate(kind, groups.get(kind) ?? [], server, now));
  const depth = server.kernel?.acceptQueue ?? null;
  return {
    fates,
    slots: depth === null ? [] : slotsOf(rows, depth),
    moreQueued: Math.max(0, (depth ?? 0) - SLOTS),
    queueWords: queueWords(server, now) ?? 'nobody waits in the accept queue',
    does: doesWords(server),
    empty: emptyWords(server),
  };
}

function kindOf(row: ClientRowView): Fate['kind'] {
  if (row.place === 'refused') return 'refused';
  if (row.place === 'ended') return 'left';
  if (row.calculatedSince !== null) return 'calculated';
  if (row.wait !== null || row.place === 'waiting') return 'waits';
  return row.reply === null ? 'served' : 'answered';
}

function fate(
  kind: Fate['kind'],
  rows: readonly ClientRowView[],
  server: ServerState,
  now: number,
): Fate {
  // Beside the words of many there is no room for many names.
  const who = rows.slice(0, rows.length > NAMES ? NAMES - 1 : NAMES);
  return {
    kind,
    who: who.map(({ key, identity, name }) => ({ key, identity, name })),
    more: rows.length - who.length,
    words: wordsOf(kind, rows, server, now),
    bad: kind === 'refused' || rows.some(({ bad }) => bad),
  };
}

function wordsOf(
  kind: Fate['kind'],
  rows: readonly ClientRowView[],
  server: ServerState,
  now: number,
): string {
  const one = rows.length === 1;
  const are = one ? 'is' : 'are';
  switch (kind) {
    case 'calculated':
      return `${are} calculated ${longest(
        rows.map(({ calculatedSince }) => calculatedSince),
        now,
      )}`;
    case 'waits': {
      const since = longest(
        rows.map(({ wait }) => wait?.since ?? null),
        now,
      );
      if (one) return `waits ${since}`.trim();
      return since === '' ? 'wait' : `wait, longest ${since}`;
    }
    case 'answered': {
      const answers = new Set(rows.map(({ reply }) => reply));
      const [answer = null] = answers;
      if (answers.size > 1 || answer === null) return 'were answered';
      return `${one ? 'was' : 'were'} answered ${shortAnswer(answer, ANSWER)}`;
    }
    case 'served':
      return server.design.process === 'seat' ? `${are} served` : `${are} connected`;
    case 'refused':
      return refusedWords(rows, one);
    case 'left':
      return rows.some(({ mark }) => mark === 'RST') && one ? 'was reset' : 'left';
  }
}

/** With the reason, where it is one for all of them. */
function refusedWords(rows: readonly ClientRowView[], one: boolean): string {
  const was = `${one ? 'was' : 'were'} turned away`;
  const reasons = new Set(rows.map(({ reply, mark }) => reply?.split(':')[0] ?? mark));
  const [reason = ''] = reasons;
  return reasons.size === 1 && reason !== '' ? `${was}: ${shortAnswer(reason, 24)}` : was;
}

/** The longest time since one of these; "" where none is known. */
function longest(since: readonly (number | null)[], now: number): string {
  const known = since.filter((each) => each !== null);
  return known.length === 0 ? '' : seconds(now - Math.min(...known));
}

function slotsOf({ present }: ClientRows, depth: number): Slot[] {
  const queued = present.filter(({ queued: socket }) => socket !== null);
  return Array.from({ length: SLOTS }, (_, place) => ({
    taken: place < depth,
    identity: place < depth ? (queued[place]?.identity ?? null) : null,
  }));
}

/** What its main thread does, without the thread's number. */
function doesWords(server: ServerState): string {
  const main = threadsView(server).lines.find(({ role }) => role !== 'client');
  if (!main) return '';
  return main.inCall ? `${BLOCKED_IN} ${main.call}` : main.call;
}

function emptyWords(server: ServerState): string {
  switch (server.status) {
    case 'stopped':
    case 'crashed':
      return `It ${server.status === 'crashed' ? 'crashed' : 'is stopped'}: the kernel refuses newcomers`;
    case 'starting':
      return 'It is starting';
    case 'not listening':
      return 'It does not listen: the kernel refuses newcomers';
    case 'listening': {
      const threads = Object.keys(server.threads).length;
      const does = doesWords(server);
      return `Nobody is here${does === '' || threads === 0 ? '' : `: ${does}`}`;
    }
  }
}

/** How many names are not listed, as it stands after them. */
export function moreWords(more: number): string {
  return more === 0 ? '' : `and ${count(more)} more`;
}
