/** Holds the whole log against everything that is known beside it. */

import { callKinds, compareCalls } from './compare-calls.mjs';
import { clientKinds, compareClients, visitsOf } from './compare-clients.mjs';
import { compareOrder, orderKinds } from './compare-order.mjs';
import { compareQueue, queueKinds } from './compare-queue.mjs';
import { compareWaits, waitKinds } from './compare-waits.mjs';
import { Ledger } from './ledger.mjs';
import { SocketBook } from './sockets.mjs';
import { threadsOf } from './threads.mjs';

/** @typedef {import('./client.mjs').Story} Story */
/** @typedef {import('./log-reader.mjs').Log} Log */
/** @typedef {import('./strace-reader.mjs').Trace} Trace */

/** Microseconds by which strace's times and the log's may differ at least: each thread measures its clock. */
const TOLERANCE_MIN = 300;

/**
 * @param {Trace} trace
 * @param {Log} log
 * @param {readonly Story[]} stories
 */
export function compare({ calls, zero }, { entries, uncertainty }, stories) {
  const ledger = new Ledger([
    ...callKinds,
    ...orderKinds,
    ...waitKinds,
    ...queueKinds,
    ...clientKinds,
  ]);
  const book = new SocketBook(calls);
  const tolerance = Math.max(TOLERANCE_MIN, uncertainty + TOLERANCE_MIN / 2);
  const context = { book, ledger, tolerance };
  const threads = threadsOf(entries, calls);
  const matches = threads.flatMap((thread) => compareCalls(thread, context));
  for (const thread of threads) compareWaits(thread, context);
  const place = new Map(entries.map(({ event }, i) => [event, i]));
  const inOrder = matches.sort(
    (a, b) => (place.get(a.entry.event) ?? 0) - (place.get(b.entry.event) ?? 0),
  );
  compareOrder(entries, inOrder, context);
  const all = visitsOf(
    stories.map((story) => onStrace(story, zero)),
    inOrder,
    entries,
  );
  compareQueue(all.visits, entries, ledger);
  compareClients(all, entries, ledger);
  return ledger;
}

/** A story with its times on strace's clock, which begins with second `zero`. @param {Story} story @param {number} zero @returns {Story} */
function onStrace(story, zero) {
  const at = (/** @type {number | null} */ time) => (time === null ? null : time - zero * 1e6);
  return {
    ...story,
    calledAt: story.calledAt - zero * 1e6,
    connectedAt: at(story.connectedAt),
    finAt: at(story.finAt),
    resetAt: at(story.resetAt),
    endedAt: at(story.endedAt),
    closedAt: at(story.closedAt),
  };
}
