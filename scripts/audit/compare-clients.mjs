/** Holds what the log says of each client against what that client lived through. */

import { ms } from './compare-calls.mjs';
import { shown } from './threads.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').LabEvent} LabEvent */
/** @typedef {import('./client.mjs').Story} Story */
/** @typedef {import('./compare-calls.mjs').Match} Match */
/** @typedef {import('./ledger.mjs').Ledger} Ledger */
/** @typedef {import('./log-reader.mjs').Entry} Entry */
/** @typedef {import('./sockets.mjs').Socket} Socket */

/** Microseconds by which a client's clock may differ from strace's, which NTP may slew meanwhile. */
export const TOLERANCE = 1500;

export const clientKinds = [
  'clients: each is in the log, and nobody else',
  'clients: bytes that they sent and got',
  'clients: how it ended for them',
];

/** A client and its connection: its story, and what the server had of it. @typedef {{ story: Story, socket: Socket | undefined, entries: Entry[] }} Visit */

/**
 * Finds for each client its connection. A port is used again and again, one client after the other.
 *
 * @param {readonly Story[]} stories
 * @param {readonly Match[]} matches
 * @param {readonly Entry[]} entries
 * @returns {{ visits: Visit[], strangers: Entry[] }}
 */
export function visitsOf(stories, matches, entries) {
  const ofConnection = entriesOfConnections(entries);
  const doors = closedDoors(entries);
  /** @type {Map<string, Story[]>} */
  const waiting = new Map();
  for (const story of [...stories].sort((a, b) => a.calledAt - b.calledAt)) {
    const key = `${story.client.server} ${story.address} ${story.port}`;
    const queue = waiting.get(key);
    if (queue) queue.push(story);
    else waiting.set(key, [story]);
  }
  /** @type {Visit[]} */
  const visits = [];
  /** @type {Entry[]} */
  const strangers = [];
  for (const { entry, fact } of matches) {
    const { event } = entry;
    if (event.type !== 'accepted') continue;
    const queue = waiting.get(`${event.server} ${event.address} ${event.port}`) ?? [];
    // The first that called before; but who was in the queue when the listener was closed was never accepted.
    const isLost = (/** @type {Story} */ { calledAt }) =>
      doors.some(
        ({ server, at: shut }) =>
          server === event.server && shut > calledAt && shut < fact.call.entry - TOLERANCE,
      );
    const at = queue.findIndex(
      (story) =>
        story.connectedAt !== null &&
        story.calledAt <= fact.call.exit + TOLERANCE &&
        !isLost(story),
    );
    const [story] = at < 0 ? [] : queue.splice(at, 1);
    const entriesOfIt = ofConnection.get(`${event.server} ${event.connection}`) ?? [];
    if (story) visits.push({ story, socket: fact.socket, entries: entriesOfIt });
    else strangers.push(entry);
  }
  for (const story of [...waiting.values()].flat())
    visits.push({ story, socket: undefined, entries: [] });
  return { visits, strangers };
}

/** @param {readonly Entry[]} entries */
function entriesOfConnections(entries) {
  /** @type {Map<string, Entry[]>} */
  const groups = new Map();
  for (const entry of entries) {
    const { event } = entry;
    if (!('connection' in event)) continue;
    const key = `${event.server} ${event.connection}`;
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return groups;
}

/**
 * @param {{ visits: readonly Visit[], strangers: readonly Entry[] }} all
 * @param {readonly Entry[]} entries
 * @param {Ledger} ledger
 */
export function compareClients({ visits, strangers }, entries, ledger) {
  const kind = 'clients: each is in the log, and nobody else';
  for (const entry of strangers)
    ledger.compare(kind, false, () => `no client of ours\n${shown(entry, [])}`);
  const doors = closedDoors(entries);
  for (const visit of visits) {
    const { story, socket } = visit;
    if (story.connectedAt === null) continue;
    // Whom the kernel connected and nobody accepted waited until its server closed the door.
    const mayBeLost = doors.some(
      ({ server, at }) => server === story.client.server && at > story.calledAt - TOLERANCE,
    );
    ledger.compare(kind, socket !== undefined || mayBeLost, () => `not accepted: ${tell(story)}`);
    if (socket) compareVisit(visit, socket, ledger);
  }
}

/** When a server closed its listener. @param {readonly Entry[]} entries */
function closedDoors(entries) {
  return entries
    .filter(({ event }) => event.type === 'listenerClosed')
    .map(({ event, at }) => ({ server: event.server, at }));
}

/** @param {Visit} visit @param {Socket} socket @param {Ledger} ledger */
function compareVisit({ story, entries }, socket, ledger) {
  const end = entries.find(({ event }) => event.type === 'closed');
  const closed = end?.event.type === 'closed' ? end.event : undefined;
  if (!closed) {
    ledger.compare('clients: how it ended for them', false, () => `never closed: ${tell(story)}`);
    return;
  }
  const say = () => `${tell(story)}\n${shown(end, socket.closed ? [socket.closed] : [])}`;
  const taken = closed.received + closed.drained;
  const isWhole =
    entries.some(({ event }) => event.type === 'peerClosed') && story.resetAt === null;
  const sentIsRight = isWhole ? taken === story.written : taken <= story.written;
  const gotIsRight = story.endedAt !== null ? story.got === closed.sent : story.got <= closed.sent;
  ledger.compare(
    'clients: bytes that they sent and got',
    sentIsRight && gotIsRight && story.isEcho,
    say,
  );
  ledger.compare('clients: how it ended for them', isPossible(story, closed, socket), say);
}

/**
 * @param {Story} story
 * @param {Extract<LabEvent, { type: 'closed' }>} closed
 * @param {Socket} socket
 */
function isPossible(story, { how }, socket) {
  if (how === 'fin') return story.finAt !== null;
  if (how === 'timeout') return false;
  // A client's kernel answers RST also when it is all over for the client and more comes.
  if (how === 'rst') return story.resetAt !== null || story.closedAt !== null;
  // The server closed first: before any FIN of the client's was read.
  return !socket.endSeen;
}

/** @param {Story} story */
function tell({
  client,
  address,
  port,
  written,
  got,
  finAt,
  resetAt,
  endedAt,
  closedAt,
  calledAt,
  error,
}) {
  const after = (/** @type {number | null} */ at) =>
    at === null ? 'never' : `after ${ms(at - calledAt)}`;
  return (
    `client ${client.number} of ${client.server}, from ${address} port ${port}: wrote ${written} bytes, got ${got}; ` +
    `sent FIN ${after(finAt)}, reset ${after(resetAt)}, saw the server's FIN ${after(endedAt)}, closed ${after(closedAt)}` +
    (error ? `, ${error}` : '')
  );
}
