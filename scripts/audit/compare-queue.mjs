/** Holds what the log says of the accept queues against who waited in them. */

import { ms } from './compare-calls.mjs';
import { TOLERANCE } from './compare-clients.mjs';
import { shown } from './threads.mjs';

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
  'accepted: whether it was reset in the queue',
  'kernel: the TCP state of a connection',
];

/** The log names so many at most (WAITING_LISTED). */
const LISTED = 32;
/** A reading takes no longer than this, in µs: whoever had waited for so long must be in it. */
const LONG = 1.6e6;
/** And between two readings there is no more time than this, in µs, even when the machine is very busy. */
const VERY_LONG = 6e6;

/** So many µs after the client's call its RST has surely come, however busy the machine is. */
const RESET_TRAVELS = 20_000;

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
  compareNamed(stays, entries, ledger);
  compareResets(visits, ledger);
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
  const told = visit.entries.find(({ event }) => event.type === 'accepted')?.at ?? Infinity;
  const accepted = socket ? Math.max(socket.opened.exit, told) : Infinity;
  return {
    visit,
    first: calledAt - TOLERANCE,
    since: connectedAt === null ? Infinity : connectedAt + TOLERANCE,
    until: Math.min(socket?.opened.entry ?? Infinity, gone, shut) - TOLERANCE,
    // A connection that was reset stays in the queue, without a name, until it is accepted.
    last: Math.min(accepted, Math.max(shut, gone)) + TOLERANCE,
  };
}

/** @param {Entry} entry @param {Sampled} event @param {readonly Stay[]} stays @param {Ledger} ledger */
function compareSample(entry, event, stays, ledger) {
  // It tells of the moment at which it stands in the log; it was read before, and nobody knows how long.
  const [from, to] = [entry.at - TOLERANCE, entry.at + TOLERANCE];
  const here = stays.filter(({ visit }) => visit.story.client.server === event.server);
  const maybe = here.filter(({ first, last }) => first <= to && last >= from);
  const surely = here.filter(({ since, until }) => since <= from - LONG && until >= to);
  for (const { address, port } of event.waiting) {
    ledger.compare(
      'accept queue: who is named waited',
      maybe.some(({ visit: { story } }) => story.address === address && story.port === port),
      () => `${address} port ${port} did not wait then\n${shown(entry, [])}`,
    );
  }
  const { acceptQueue, waiting } = event;
  if (acceptQueue === null) return;
  for (const {
    visit: { story },
    since,
  } of acceptQueue > LISTED ? [] : surely) {
    ledger.compare(
      'accept queue: who waits long is named',
      waiting.some(({ address, port }) => story.address === address && story.port === port),
      () =>
        `${story.address} port ${story.port} had waited for ${ms(from - since)}\n${shown(entry, [])}`,
    );
  }
  ledger.compare(
    'accept queue: the depth',
    acceptQueue >= surely.length && acceptQueue <= maybe.length,
    () => `at least ${surely.length} waited, at most ${maybe.length}\n${shown(entry, [])}`,
  );
  const unnamed = event.unnamed ?? 0;
  const wereReset = here.filter(
    ({ first, last, visit: { story } }) =>
      first <= to && last >= from && story.resetAt !== null && story.resetAt < to,
  );
  ledger.compare(
    'accept queue: as many named as it is deep',
    waiting.length === Math.min(acceptQueue - unnamed, LISTED) && unnamed <= wereReset.length,
    () =>
      `${acceptQueue} deep, ${waiting.length} named, ${unnamed} without a name, ${wereReset.length} were reset\n${shown(entry, [])}`,
  );
  compareOrder(entry, event, maybe, ledger);
}

/**
 * The kernel's queue is first in, first out: they are accepted in their order. Those of one batch have none.
 *
 * @param {Entry} entry
 * @param {Sampled} event
 * @param {readonly Stay[]} maybe
 * @param {Ledger} ledger
 */
function compareOrder(entry, { waiting }, maybe, ledger) {
  const places = waiting.map((one) => {
    const all = maybe.filter(
      ({ visit: { story } }) => story.address === one.address && story.port === one.port,
    );
    // A port may be used twice in one queue: then it is not known which of the two is meant.
    const [stay] = all.length === 1 ? all : [];
    return { batch: one.batch, at: stay?.visit.socket?.opened.exit };
  });
  for (const [i, { batch, at }] of places.entries()) {
    if (at === undefined) continue;
    const wrong = places.find((other) => other.batch < batch && (other.at ?? 0) > at);
    ledger.compare('accept queue: their order, where one is told', !wrong, () => {
      const port = waiting[i]?.port ?? 0;
      return `port ${port} is behind one that was accepted ${ms((wrong?.at ?? 0) - at)} later\n${shown(entry, [])}`;
    });
  }
}

/**
 * By the log itself: nobody is both connected and waiting; unless a second client waits with the address and port of one that
 * has reset its connection, which the server has not noticed.
 *
 * @param {readonly Stay[]} stays
 * @param {readonly Entry[]} entries
 * @param {Ledger} ledger
 */
function compareNamed(stays, entries, ledger) {
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
        const isAnother = stays.some(
          ({ visit: { story, entries: own }, first, last }) =>
            story.client.server === event.server &&
            story.address === address &&
            story.port === port &&
            first <= entry.at + TOLERANCE &&
            last >= entry.at - TOLERANCE &&
            accepted &&
            !own.includes(accepted),
        );
        ledger.compare(
          'accept queue: no accepted client is named',
          !accepted || isAnother,
          () => `accepted already\n${shown(accepted, [])}\n${shown(entry, [])}`,
        );
      }
    }
  }
}

/** Whether a client had reset its connection before it was accepted. @param {readonly Visit[]} visits @param {Ledger} ledger */
function compareResets(visits, ledger) {
  for (const { story, socket, entries } of visits) {
    const accepted = entries.find(({ event }) => event.type === 'accepted');
    if (accepted?.event.type !== 'accepted' || !socket || story.finAt !== null) continue;
    const says = accepted.event.reset === true;
    const resetAt = story.resetAt ?? Infinity;
    // The RST goes out when the client's socket is closed, at the latest.
    const surely =
      resetAt < Infinity && (story.closedAt ?? Infinity) < socket.opened.entry - RESET_TRAVELS;
    ledger.compare(
      'accepted: whether it was reset in the queue',
      says ? resetAt < accepted.at + TOLERANCE : !surely,
      () => `reset ${ms(accepted.at - resetAt)} before\n${shown(accepted, [socket.opened])}`,
    );
  }
}

/** @param {readonly Stay[]} stays @param {readonly Entry[]} samples @param {Ledger} ledger */
function compareLong(stays, samples, ledger) {
  for (const { visit, since, until } of stays) {
    if (until - since < VERY_LONG) continue;
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
