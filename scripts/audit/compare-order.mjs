/** Holds the log's order against itself and against the calls: everything, in the order it happened. */

import { ms } from './compare-calls.mjs';
import { shown } from './threads.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').LabEvent} LabEvent */
/** @typedef {import('./compare-calls.mjs').Match} Match */
/** @typedef {import('./ledger.mjs').Ledger} Ledger */
/** @typedef {import('./log-reader.mjs').Entry} Entry */

export const orderKinds = [
  'order: no event behind a later one',
  'order: as the calls were made',
  'accepted: the descriptor was free',
  'connections: nothing before accept or behind close',
  'connections: nothing received behind the end',
  'connections: totals are those of the events',
  'threads: nothing before their start or behind their end',
];

/**
 * @param {readonly Entry[]} entries
 * @param {readonly Match[]} matches in the order of the log
 * @param {{ ledger: Ledger, tolerance: number }} context
 */
export function compareOrder(entries, matches, { ledger, tolerance }) {
  compareStamps(entries, ledger);
  compareWithCalls(matches, ledger, tolerance);
  new Fold(ledger).run(entries);
}

/** @param {readonly Entry[]} entries @param {Ledger} ledger */
function compareStamps(entries, ledger) {
  /** @type {Entry | undefined} */
  let last;
  for (const entry of entries) {
    const isNext = !last || entry.event.seq === last.event.seq + 1;
    ledger.compare(
      'order: no event behind a later one',
      isNext && (!last || entry.event.t >= last.event.t),
      () =>
        `${ms((last?.event.t ?? 0) - entry.event.t)} behind\n${shown(last, [])}\n${shown(entry, [])}`,
    );
    if (!last || entry.event.t > last.event.t) last = entry;
    else last = { ...last, event: { ...last.event, seq: entry.event.seq } };
  }
}

/**
 * Of two events the second must not stand first: it does if its call was over, and the next of its thread
 * begun, before the other's call began.
 *
 * @param {readonly Match[]} matches in the order of the log
 * @param {Ledger} ledger
 * @param {number} tolerance
 */
function compareWithCalls(matches, ledger, tolerance) {
  /** @type {Match | undefined} */
  let latest;
  for (const match of matches) {
    const { latest: over } = match.fact;
    const begun = latest ? beginningOf(latest) : -Infinity;
    ledger.compare(
      'order: as the calls were made',
      over + tolerance >= begun,
      () =>
        `told first, and happened ${ms(begun - over)} later:\n` +
        `${latest ? shown(latest.entry, [latest.fact.call]) : ''}\n${shown(match.entry, [match.fact.call])}`,
    );
    if (beginningOf(match) > begun) latest = match;
  }
}

/** The end of a socket is told before the call: its descriptor may be another's when that is back. @param {Match} match */
function beginningOf({ fact: { call, earliest } }) {
  return Math.min(call.entry, earliest);
}

/** @typedef {{ fd: number, ended: boolean, received: number, sent: number }} Open */

/** Walks through the log as a reader does. */
class Fold {
  #ledger;
  /** Who has a descriptor open. @type {Map<number, Entry>} */
  #descriptors = new Map();
  /** @type {Map<string, Open>} */
  #connections = new Map();
  /** @type {Set<number>} */
  #threads = new Set();

  /** @param {Ledger} ledger */
  constructor(ledger) {
    this.#ledger = ledger;
  }

  /** @param {readonly Entry[]} entries */
  run(entries) {
    for (const entry of entries) this.#take(entry);
  }

  /** @param {Entry} entry */
  #take(entry) {
    const { event } = entry;
    if (event.type === 'threadStarted' && event.thread !== null) this.#threads.add(event.thread);
    if (event.thread !== null) {
      this.#ledger.compare(
        'threads: nothing before their start or behind their end',
        this.#threads.has(event.thread),
        () => shown(entry, []),
      );
    }
    if (event.type === 'threadEnded' && event.thread !== null) this.#threads.delete(event.thread);
    if (event.type === 'listening') this.#descriptors.set(event.fd, entry);
    else if (event.type === 'listenerClosed') this.#descriptors.delete(event.fd);
    else if (event.type === 'accepted') this.#accept(entry, event);
    else if (event.type === 'summed') for (const sum of event.connections) this.#add(entry, sum);
    else if (event.type === 'closed') this.#close(entry, event);
    else if (event.type === 'received') this.#add(entry, { ...event, received: event, sent: NONE });
    else if (event.type === 'sent') this.#add(entry, { ...event, received: NONE, sent: event });
    else if (event.type === 'peerClosed') {
      const open = this.#find(entry, event);
      if (open) open.ended = true;
    } else if (event.type === 'shutdown' || event.type === 'refused' || event.type === 'evaluated')
      this.#find(entry, event);
  }

  /** @param {Entry} entry @param {Extract<LabEvent, { type: 'accepted' }>} event */
  #accept(entry, { server, connection, fd }) {
    const owner = this.#descriptors.get(fd);
    this.#ledger.compare(
      'accepted: the descriptor was free',
      !owner,
      () => `the log has it open since\n${shown(owner, [])}\n${shown(entry, [])}`,
    );
    this.#descriptors.set(fd, entry);
    this.#connections.set(`${server} ${connection}`, { fd, ended: false, received: 0, sent: 0 });
  }

  /**
   * @param {Entry} entry
   * @param {{ connection: number, fd: number, received: { bytes: number }, sent: { bytes: number } }} flow
   */
  #add(entry, { connection, fd, received, sent }) {
    const open = this.#find(entry, { connection, fd });
    if (!open) return;
    open.received += received.bytes;
    open.sent += sent.bytes;
    if (received.bytes === 0) return;
    this.#ledger.compare(
      'connections: nothing received behind the end',
      !open.ended,
      () => `connection ${connection} had ended\n${shown(entry, [])}`,
    );
  }

  /** @param {Entry} entry @param {Extract<LabEvent, { type: 'closed' }>} event */
  #close(entry, event) {
    const open = this.#find(entry, event);
    if (!open) return;
    this.#ledger.compare(
      'connections: totals are those of the events',
      event.received === open.received && event.sent === open.sent,
      () =>
        `its events have ${open.received} bytes received, ${open.sent} sent\n${shown(entry, [])}`,
    );
    this.#connections.delete(`${event.server} ${event.connection}`);
    this.#descriptors.delete(event.fd);
  }

  /** @param {Entry} entry @param {{ connection: number, fd: number }} which */
  #find(entry, { connection, fd }) {
    const open = this.#connections.get(`${entry.event.server} ${connection}`);
    this.#ledger.compare(
      'connections: nothing before accept or behind close',
      open?.fd === fd,
      () => `connection ${connection} is not open\n${shown(entry, [])}`,
    );
    return open;
  }
}

const NONE = { bytes: 0 };
