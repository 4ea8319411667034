/** The fate of a server's clients, in words for the last row: who is served, who waits, who was turned away. */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { Identity } from '../identity.ts';
import { shortAnswer } from '../words/answers.ts';
import { threadsView } from '../words/describe-thread.ts';
import { BLOCKED_IN, queueWords } from '../words/waiting.ts';
import { seconds } from '../words/words.ts';
import type { ClientRows, ClientRowView } from './client-rows.ts';

/** Who has this fate, by shape and name. */
interface Who {
  key: string;
  identity: Identity | null;
  name: string;
}

interface Fate {
  key: string;
  kind: 'calculated' | 'answered' | 'served' | 'waits' | 'refused' | 'left';
  /** The first of them; `more` are not listed. */
  who: Who[];
  more: number;
  /** Follows the names: "is served", "wait, longest 6.0 s". */
  words: string;
  bad: boolean;
}

/** A place of the accept queue: who is in it, null while it is empty. */
interface Slot {
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

/** What there is room for: lines, and how wide they are in rem. */
interface FatesRoom {
  lines: number;
  width: number;
}

/** Names in a line, places of the queue that are drawn, at most. */
const NAMES = 3;
const SLOTS = 6;
/** In rem, as FateList.svelte sets them: a shape and its name, a character of the words, a digit. */
const WHO = 2.75;
const CHARACTER = 0.62;
const DIGIT = 0.8;
/** A place of the queue, and the words beside them. */
const SLOT = 1.5625;
const BESIDE_SLOTS = 5;
/** From here on there is room for more than the name of the call, in rem. */
const WIDE = 20;

const order = ['calculated', 'answered', 'served', 'waits', 'refused', 'left'];
/** Of more kinds than there is room for these stay longest. */
const telling = ['waits', 'refused', 'calculated', 'answered', 'served', 'left'];

export function fatesOf(
  rows: ClientRows,
  server: ServerState,
  now: number,
  room: FatesRoom,
): Fates {
  const all = [...rows.present, ...rows.gone].sort((a, b) => a.position - b.position);
  const latest = latestAnswered(all, server);
  // Where each answer has no line of its own, those who were answered share one; the last answer longest.
  const groups =
    [
      grouped(all, ({ reply }) => reply ?? ''),
      grouped(all, ({ reply }) => (reply === latest ? 'latest' : '')),
    ].find(({ length }) => length <= room.lines) ?? grouped(all, () => '');
  const shown = new Set(
    groups
      .toSorted((a, b) => telling.indexOf(a.kind) - telling.indexOf(b.kind))
      .slice(0, Math.max(1, room.lines)),
  );
  const depth = server.kernel?.acceptQueue ?? null;
  // The kernel takes one more than the backlog.
  const most = Math.min(SLOTS, server.settings.backlog + 1);
  const places = Math.max(1, Math.min(most, Math.floor((room.width - BESIDE_SLOTS) / SLOT)));
  return {
    fates: groups
      .filter((group) => shown.has(group))
      .map((group) => fate(group, server, now, room.width)),
    slots: depth === null ? [] : slotsOf(rows, depth, places),
    moreQueued: Math.max(0, (depth ?? 0) - places),
    queueWords: queueWords(server, now) ?? 'nobody waits in the accept queue',
    does: doesWords(server, room.width < WIDE),
    empty: emptyWords(server),
  };
}

/** The answer that was given last; null before the first. */
function latestAnswered(rows: readonly ClientRowView[], server: ServerState): string | null {
  const activeAt = new Map(
    Object.values(server.connections).map(({ id, activeAt }) => [`connection-${id}`, activeAt]),
  );
  const at = ({ key }: ClientRowView): number => activeAt.get(key) ?? 0;
  const answered = rows.filter((row) => kindOf(row) === 'answered').sort((a, b) => at(b) - at(a));
  return answered[0]?.reply ?? null;
}

interface Group {
  key: string;
  kind: Fate['kind'];
  rows: ClientRowView[];
}

/** Those with the same fate, and of those who were answered those with the same answer. */
function grouped(
  rows: readonly ClientRowView[],
  answerOf: (row: ClientRowView) => string,
): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const kind = kindOf(row);
    const key = kind === 'answered' ? `${kind} ${answerOf(row)}` : kind;
    const group = groups.get(key) ?? { key, kind, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

function kindOf(row: ClientRowView): Fate['kind'] {
  if (row.place === 'refused') return 'refused';
  if (row.place === 'ended') return 'left';
  if (row.calculatedSince !== null) return 'calculated';
  if (row.wait !== null || row.place === 'waiting') return 'waits';
  return row.reply === null ? 'served' : 'answered';
}

function fate({ key, kind, rows }: Group, server: ServerState, now: number, width: number): Fate {
  // Beside the words of many there is no room for many names.
  const who = rows.slice(0, rows.length > NAMES ? NAMES - 1 : NAMES);
  const names = WHO * (who.length + (who.length < rows.length ? 1 : 0));
  return {
    key,
    kind,
    who: who.map((row) => ({ key: row.key, identity: row.identity, name: row.name })),
    more: rows.length - who.length,
    words: wordsOf(kind, rows, server, now, width - names),
    bad: kind === 'refused' || rows.every(({ bad }) => bad),
  };
}

function wordsOf(
  kind: Fate['kind'],
  rows: readonly ClientRowView[],
  server: ServerState,
  now: number,
  width: number,
): string {
  const characters = Math.floor(width / CHARACTER);
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
      const words = `wait, longest ${since}`;
      if (since === '') return 'wait';
      return words.length <= characters ? words : `wait ${since}`;
    }
    case 'answered': {
      const echoes = server.design.speaks === 'bytes';
      const got = echoes ? 'got back' : one ? 'was answered' : 'were answered';
      const [answer = null, ...others] = new Set(rows.map(({ reply }) => reply));
      if (answer === null || others.length > 0) return echoes ? 'got it back' : got;
      const most = Math.floor((width - CHARACTER * (got.length + 1)) / DIGIT);
      return `${got} ${shortAnswer(answer, Math.max(9, most))}`;
    }
    case 'served':
      return server.design.process === 'seat' ? `${are} served` : `${are} connected`;
    case 'refused':
      return refusedWords(rows, one, characters);
    case 'left':
      return rows.some(({ mark }) => mark === 'RST') && one ? 'was reset' : 'left';
  }
}

/** With the reason, where it is one for all of them. */
function refusedWords(rows: readonly ClientRowView[], one: boolean, characters: number): string {
  const was = `${one ? 'was' : 'were'} turned away`;
  const reasons = new Set(rows.map(({ reply, mark }) => reply?.split(':')[0] ?? mark));
  const [reason = ''] = reasons;
  const whole = `${was}: ${reason}`;
  return reasons.size === 1 && reason !== '' && whole.length <= characters ? whole : was;
}

/** The longest time since one of these; "" where none is known. */
function longest(since: readonly (number | null)[], now: number): string {
  const known = since.filter((each) => each !== null);
  // A number and its unit stay together.
  return known.length === 0 ? '' : seconds(now - Math.min(...known)).replaceAll(' ', '\u00a0');
}

function slotsOf({ present }: ClientRows, depth: number, places: number): Slot[] {
  const queued = present.filter(({ queued: socket }) => socket !== null);
  return Array.from({ length: places }, (_, place) => ({
    taken: place < depth,
    identity: place < depth ? (queued[place]?.identity ?? null) : null,
  }));
}

/** What its main thread does, without the thread's number. */
function doesWords(server: ServerState, isNarrow = false): string {
  const main = threadsView(server).lines.find(({ role }) => role !== 'client');
  if (!main) return '';
  return main.inCall && !isNarrow ? `${BLOCKED_IN} ${main.call}` : main.call;
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
