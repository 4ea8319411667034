/** Holds what the log says of the accept queues against who waited in them. */

import { ms } from './compare-calls.mjs';
import { TOLERANCE } from './compare-clients.mjs';
import { numberIn, shown } from './threads.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').LabEvent} LabEvent */
/** @typedef {import('./compare-clients.mjs').Visit} Visit */
/** @typedef {import('./ledger.mjs').Ledger} Ledger */
/** @typedef {import('./log-reader.mjs').Entry} Entry */

export const queueKinds = [
  'accept queue: who is named waited',
  'accept queue: no accepted client is named',
  'accept queue: the depth',
  'accept queue: as many named as it is deep',
  'accept queue: their order, where one is told',
  'accept queue: who waits long is named',
  'kernel: the TCP state of a connection',
];

/** The log names so many at most (WAITING_LISTED). */
const LISTED = 32;
/** Whoever waits so long, in µs, must have been seen: the kernel's table is read once a second at least. */
const LONG = 1.6e6;

/** @typedef {Extract<LabEvent, { type: 'sampled' }>} Sampled */

/** When a client was in the queue: surely from `since` to `until`, and at most from `first` to `last`. @typedef {{ visit: Visit, first: number, since: number, until: number, last: number }} Stay */

/**
 * @param {readonly Visit[]} visits
 * @param {readonly Entry[]} entries
 * @param {Ledger} ledger
 */
export function compareQueue(visits, entries, ledger) {
  const stays = visits.map((visit) => stayOf(visit, entries));
  const samples = entries.filter(({ event }) => event.type === 'sampled');
  for (const entry of samples) {
    if (entry.event.type === 'sampled') compareSample(entry, entry.event, stays, ledger);
  }
  compareNamed(entries, ledger);
  compareLong(stays, samples, ledger);
  compareStates(visits, samples, ledger);
}

/** @param {Visit} visit @param {readonly Entry[]} entries @returns {Stay} */
function stayOf(visit, entries) {
  const { story, socket } = visit;
  const { calledAt, connectedAt } = story;
  const gone = story.resetAt ?? Infinity;
  const door = entries.find(
    ({ event, at }) =>
      event.type === 'listenerClosed' && event.server === story.client.server && at >= calledAt,
  );
  const shut = door?.at ?? Infinity;
  return {
    visit,
    first: calledAt - TOLERANCE,
    since: connectedAt === null ? Infinity : connectedAt + TOLERANCE,
    until: Math.min(socket?.opened.entry ?? Infinity, gone, shut) - TOLERANCE,
    // A connection that was reset stays in the queue, without a name, until it is accepted.
    last: Math.min(socket?.opened.exit ?? Infinity, Math.max(shut, gone)) + TOLERANCE,
  };
}

/** @param {Entry} entry @param {Sampled} event @param {readonly Stay[]} stays @param {Ledger} ledger */
function compareSample(entry, event, stays, ledger) {
  // The reading lies between these two.
  const [from, to] = [entry.at - (numberIn(event, 'micros') ?? 0), entry.delivered];
  const here = stays.filter(({ visit }) => visit.story.client.server === event.server);
  const maybe = here.filter(({ first, last }) => first <= to && last >= from);
  const surely = here.filter(({ since, until }) => since <= from && until >= to);
  for (const { address, port } of event.waiting) {
    ledger.compare(
      'accept queue: who is named waited',
      maybe.some(({ visit: { story } }) => story.address === address && story.port === port),
      () => `${address} port ${port} did not wait then\n${shown(entry, [])}`,
    );
  }
  const { acceptQueue, waiting } = event;
  if (acceptQueue === null) return;
  ledger.compare(
    'accept queue: the depth',
    acceptQueue >= surely.length && acceptQueue <= maybe.length,
    () => `at least ${surely.length} waited, at most ${maybe.length}\n${shown(entry, [])}`,
  );
  const wereReset = maybe.filter(
    ({ visit: { story } }) => story.resetAt !== null && story.resetAt < to,
  );
  const named = Math.min(acceptQueue, LISTED);
  ledger.compare(
    'accept queue: as many named as it is deep',
    waiting.length <= named && waiting.length >= named - wereReset.length,
    () =>
      `${acceptQueue} deep, ${waiting.length} named, ${wereReset.length} were reset\n${shown(entry, [])}`,
  );
  compareOrder(entry, event, maybe, ledger);
}

/** The kernel's queue is first in, first out: they are accepted in their order. @param {Entry} entry @param {Sampled} event @param {readonly Stay[]} maybe @param {Ledger} ledger */
function compareOrder(entry, { waiting }, maybe, ledger) {
  const places = waiting.map(({ address, port }) => {
    const stay = maybe.find(
      ({ visit: { story } }) => story.address === address && story.port === port,
    );
    return stay?.visit.socket?.opened.exit;
  });
  let last = -Infinity;
  for (const [i, place] of places.entries()) {
    if (place === undefined || Reflect.get(waiting[i] ?? {}, 'ordered') === false) continue;
    ledger.compare('accept queue: their order, where one is told', place >= last, () => {
      const port = waiting[i]?.port ?? 0;
      return `port ${port} is behind one that was accepted ${ms(last - place)} later\n${shown(entry, [])}`;
    });
    last = Math.max(last, place);
  }
}

/** By the log itself: nobody is both connected and waiting. @param {readonly Entry[]} entries @param {Ledger} ledger */
function compareNamed(entries, ledger) {
  /** Who is connected, and since when. @type {Map<string, Entry>} */
  const connected = new Map();
  /** @type {Map<string, string>} */
  const keys = new Map();
  for (const entry of entries) {
    const { event } = entry;
    if (event.type === 'accepted') {
      const key = `${event.server} ${event.address} ${event.port}`;
      connected.set(key, entry);
      keys.set(`${event.server} ${event.connection}`, key);
    } else if (event.type === 'closed') {
      connected.delete(keys.get(`${event.server} ${event.connection}`) ?? '');
    } else if (event.type === 'sampled') {
      for (const { address, port } of event.waiting) {
        const accepted = connected.get(`${event.server} ${address} ${port}`);
        ledger.compare(
          'accept queue: no accepted client is named',
          !accepted,
          () => `accepted already\n${shown(accepted, [])}\n${shown(entry, [])}`,
        );
      }
    }
  }
}

/** @param {readonly Stay[]} stays @param {readonly Entry[]} samples @param {Ledger} ledger */
function compareLong(stays, samples, ledger) {
  for (const { visit, since, until } of stays) {
    if (until - since < LONG) continue;
    const { address, port, client } = visit.story;
    const seen = samples.some(
      ({ event, at }) =>
        event.type === 'sampled' &&
        event.server === client.server &&
        at < until &&
        ((event.acceptQueue ?? 0) > LISTED ||
          event.waiting.some((one) => one.address === address && one.port === port)),
    );
    ledger.compare(
      'accept queue: who waits long is named',
      seen,
      () =>
        `${address} port ${port} waited ${ms(until - since)} for ${client.server}, and no sample has it`,
    );
  }
}

/** @param {readonly Visit[]} visits @param {readonly Entry[]} samples @param {Ledger} ledger */
function compareStates(visits, samples, ledger) {
  /** @type {Map<string, Visit>} */
  const byConnection = new Map();
  for (const visit of visits) {
    const event = visit.entries[0]?.event;
    if (event && 'connection' in event)
      byConnection.set(`${event.server} ${event.connection}`, visit);
  }
  for (const entry of samples) {
    if (entry.event.type !== 'sampled') continue;
    for (const { connection, tcp } of entry.event.connections) {
      const visit = byConnection.get(`${entry.event.server} ${connection}`);
      if (!visit) continue;
      ledger.compare(
        'kernel: the TCP state of a connection',
        isPossible(tcp, visit, entry),
        () => `connection ${connection} cannot be in ${tcp} then\n${shown(entry, [])}`,
      );
    }
  }
}

/** Whether a connection could be in this state then, by what both sides had done (RFC 9293, figure 5). @param {string} tcp @param {Visit} visit @param {Entry} entry */
function isPossible(tcp, { story, socket }, { at, delivered }) {
  const before = (/** @type {number | null | undefined} */ when) =>
    (when ?? Infinity) <= delivered + TOLERANCE;
  const clientEnded = before(story.finAt) || before(story.resetAt) || before(story.closedAt);
  const serverEnded = before(socket?.drainedSince) || before(socket?.closed?.entry);
  switch (tcp) {
    case 'ESTABLISHED':
      return (socket?.drainedSince ?? Infinity) >= at - TOLERANCE;
    case 'CLOSE_WAIT':
      return clientEnded;
    case 'FIN_WAIT1':
    case 'FIN_WAIT2':
      return serverEnded;
    case 'LAST_ACK':
    case 'CLOSING':
    case 'TIME_WAIT':
      return clientEnded && serverEnded;
    default:
      return tcp === 'CLOSE' && (clientEnded || serverEnded);
  }
}
