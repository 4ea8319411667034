/** Holds what the log says of sleeping and working against the calls in which each thread slept. */

import { ms, same, TOLERANCE } from './compare-calls.mjs';
import { isOwnWork, isWait, ownWatch, shown } from './threads.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').LabEvent} LabEvent */
/** @typedef {import('./ledger.mjs').Ledger} Ledger */
/** @typedef {import('./log-reader.mjs').Entry} Entry */
/** @typedef {import('./sockets.mjs').SocketBook} SocketBook */
/** @typedef {import('./strace-reader.mjs').Call} Call */
/** @typedef {import('./threads.mjs').Thread} Thread */

export const waitKinds = [
  'blocked: the wait began then',
  'blocked: the call and its descriptors',
  'waits: each is told',
  'sums of a rush: time waited',
  'shares of work, a thread and second',
];

/** Waits that are shorter, in µs, need not be told one by one: a call costs as much under strace. */
const SHORT = 2000;
const WINDOW = 1e6;
/** Shares may differ by so much. */
const SHARE = 0.1;

/** One wait, maybe in several calls: the layer comes back in between to report or to drain. @typedef {{ calls: Call[], from: number, to: number, earliest: number }} Wait */

/** @param {Thread} thread @param {SocketBook} book @param {Ledger} ledger */
export function compareWaits(thread, book, ledger) {
  const waits = waitsOf(thread, book, false);
  const inMemory = thread.role === 'server' ? [] : waitsOf(thread, book, true);
  compareBlocked(thread, { waits, inMemory }, book, ledger);
  compareSums(thread, waits, ledger);
  compareShares(thread, [...waits, ...inMemory], ledger);
}

/**
 * The waits of a thread for its sockets, or those in memory that threads share, where server 2's wait for each
 * other. Into the latter any thread gets for a moment, when its engine collects garbage.
 *
 * @param {Thread} thread
 * @param {SocketBook} book
 * @param {boolean} inMemory
 * @returns {Wait[]}
 */
function waitsOf({ calls }, book, inMemory) {
  /** @type {Wait[]} */
  const waits = [];
  let earliest = 0;
  let goesOn = false;
  for (const call of calls) {
    const isInMemory = call.name === 'futex';
    if (isInMemory !== inMemory || !isWait(call)) {
      if (isInMemory) continue;
      // What the layer does for itself in between does not end the wait.
      if (inMemory || !isOwnWork(call, book)) goesOn = false;
    } else {
      const last = waits.at(-1);
      const first = last?.calls[0];
      if (goesOn && last && first && isSameWait(first, call, book)) {
        last.calls.push(call);
        last.to = call.exit;
      } else waits.push({ calls: [call], from: call.entry, to: call.exit, earliest });
      goesOn = broughtNothing(call, book);
    }
    if (!isInMemory) earliest = call.exit;
  }
  return waits;
}

/** @param {Call} first @param {Call} call @param {SocketBook} book */
function isSameWait(first, call, book) {
  if (first.name !== call.name) return false;
  if (call.name === 'futex') return true;
  if (call.name === 'recvfrom') return parseInt(first.args, 10) === parseInt(call.args, 10);
  const [a, b] = [ownWatch(first, book), ownWatch(call, book)];
  return same(a.read, b.read) && same(a.write, b.write);
}

/** @param {Call} call @param {SocketBook} book */
function broughtNothing(call, book) {
  if (call.name === 'futex') return true;
  if (call.name === 'recvfrom') return call.errno === 'EAGAIN';
  const { readable, writable } = ownWatch(call, book);
  return readable.length + writable.length === 0;
}

/**
 * @param {Thread} thread
 * @param {{ waits: readonly Wait[], inMemory: readonly Wait[] }} all
 * @param {SocketBook} book
 * @param {Ledger} ledger
 */
function compareBlocked({ entries, number, server, calls }, { waits, inMemory }, book, ledger) {
  const told = new Set();
  for (const entry of entries) {
    const { event, at } = entry;
    if (event.type !== 'blocked') continue;
    const isInMemory = event.call === 'parked' || event.call === 'handoff';
    const some = isInMemory ? inMemory : waits;
    // The first that had not begun: the stamp lies between the call before it and the wait itself.
    const wait = some[firstFrom(some, at - TOLERANCE)];
    // It was not made: what was waited for had come already, or the server was stopped.
    if (!wait || (isInMemory && nothingHappened(calls, at, wait))) continue;
    const isThen = at >= wait.earliest - TOLERANCE;
    ledger.compare('blocked: the wait began then', isThen, () => {
      const during = some[firstFrom(some, at) - 1];
      return `no wait began then; the last one before ${ms(at - (during?.from ?? 0))} earlier\n${shown(entry, during?.calls.slice(0, 2) ?? [])}`;
    });
    if (!isThen) continue;
    const [call] = wait.calls;
    told.add(wait);
    ledger.compare(
      'blocked: the call and its descriptors',
      call !== undefined && isSaid(event, call, book),
      () => shown(entry, wait.calls.slice(0, 1)),
    );
  }
  const sums = entries.filter(({ event }) => event.type === 'summed');
  const [born, gone] = [entries[0]?.at ?? 0, calls.at(-1)?.exit ?? 0];
  for (const wait of waits) {
    const isToBeTold = wait.to - wait.from > SHORT && wait.from > born && wait.to < gone;
    if (!isToBeTold) continue;
    const isInSum = sums.some(
      ({ event, at }) =>
        event.type === 'summed' &&
        wait.from > at - event.micros - TOLERANCE &&
        wait.to < at + TOLERANCE,
    );
    ledger.compare('waits: each is told', told.has(wait) || isInSum, () => {
      const next = entries.find(({ at }) => at > wait.from);
      return (
        `thread ${number} of ${server} slept for ${ms(wait.to - wait.from)}, and no event says so; the next is\n` +
        shown(next, wait.calls.slice(0, 2))
      );
    });
  }
}

/**
 * Whether there was no such wait: the thread went on to other calls before it.
 *
 * @param {readonly Call[]} calls
 * @param {number} at
 * @param {Wait} wait
 */
function nothingHappened(calls, at, wait) {
  return calls.some(
    ({ name, entry }) => name !== 'futex' && entry > at + TOLERANCE && entry < wait.from,
  );
}

/** Where the first wait is that began then or later. @param {readonly Wait[]} waits @param {number} at */
function firstFrom(waits, at) {
  let [low, high] = [0, waits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((waits[middle]?.from ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {Extract<LabEvent, { type: 'blocked' }>} event @param {Call} call @param {SocketBook} book */
function isSaid(event, call, book) {
  const { call: name, read, write, timeoutMs } = event;
  const own = ownOf(event);
  if (call.name === 'futex') return read.length + write.length + own.length === 0;
  if (call.name === 'recvfrom')
    return (
      name === 'recv' && same(read, [parseInt(call.args, 10)]) && write.length + own.length === 0
    );
  const watch = ownWatch(call, book);
  const isLimit = timeoutMs === null || (watch.limitMs !== null && watch.limitMs <= timeoutMs + 2);
  const isName = call.name.endsWith('poll') ? name !== 'select' : name === 'select';
  return (
    isName && isLimit && same(read, watch.read) && same(write, watch.write) && same(own, watch.own)
  );
}

/** How long a thread slept in a rush. @param {Thread} thread @param {readonly Wait[]} waits @param {Ledger} ledger */
function compareSums({ entries }, waits, ledger) {
  const slept = sleepsOf(waits);
  for (const entry of entries) {
    const { event, at } = entry;
    if (event.type !== 'summed') continue;
    const is = within(slept, at - event.micros, at);
    ledger.compare(
      'sums of a rush: time waited',
      Math.abs(is - waitedOf(event)) <= Math.max(SHARE * event.micros, SHORT),
      () => `the thread slept for ${ms(is)} of it\n${shown(entry, [])}`,
    );
  }
}

/** @param {Thread} thread @param {readonly Wait[]} waits @param {Ledger} ledger */
function compareShares({ entries, number, server, calls }, waits, ledger) {
  const from = entries[0]?.at ?? 0;
  const to = Math.min(entries.at(-1)?.at ?? 0, calls.at(-1)?.entry ?? 0);
  const slept = sleepsOf(waits);
  const told = sleepsTold(entries);
  for (let start = from; start + WINDOW <= to; start += WINDOW) {
    const [is, says] = [slept, told].map(
      (sleeps) => 1 - within(sleeps, start, start + WINDOW) / WINDOW,
    );
    ledger.compare(
      'shares of work, a thread and second',
      Math.abs((is ?? 0) - (says ?? 0)) <= SHARE,
      () =>
        `thread ${number} of ${server}, second from ${(start / 1e6).toFixed(3)} s: awake ${percent(is)}, the log says ${percent(says)}`,
    );
  }
}

/** When a thread slept, by its calls. @param {readonly Wait[]} waits @returns {number[][]} */
function sleepsOf(waits) {
  return waits.flatMap(({ calls }) => calls.map(({ entry, exit }) => [entry, exit, 1]));
}

/**
 * When a thread slept, by the log: from, to, and the share of that time.
 *
 * @param {readonly Entry[]} entries
 * @returns {number[][]}
 */
function sleepsTold(entries) {
  /** @type {number[][]} */
  const sleeps = [];
  for (const [i, { event, at }] of entries.entries()) {
    if (event.type === 'blocked') sleeps.push([at, entries[i + 1]?.at ?? Infinity, 1]);
    if (event.type === 'summed' && waitedOf(event) > 0)
      sleeps.push([at - event.micros, at, waitedOf(event) / event.micros]);
  }
  return sleeps;
}

/** @param {readonly number[][]} sleeps @param {number} start @param {number} end */
function within(sleeps, start, end) {
  return sleeps.reduce(
    (sum, [from = 0, to = 0, share = 0]) =>
      sum + share * Math.max(0, Math.min(to, end) - Math.max(from, start)),
    0,
  );
}

/** @param {number | undefined} share */
function percent(share) {
  return `${Math.round((share ?? 0) * 100)} %`;
}

/** @param {Extract<LabEvent, { type: 'summed' }>} event */
function waitedOf(event) {
  return Number(Reflect.get(event, 'waited') ?? 0);
}

/** @param {Extract<LabEvent, { type: 'blocked' }>} event */
function ownOf(event) {
  return /** @type {number[]} */ (Reflect.get(event, 'own') ?? []);
}
