/** Holds what the log says of sleeping and working against the calls in which each thread slept. */

import { ms, same } from './compare-calls.mjs';
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
  'blocked: the call in which the thread sleeps',
  'waits: each is told',
  'sums of a rush: time waited',
  'shares of work, a thread and second',
];

/** Waits that are shorter, in µs, need not be told one by one: a call costs as much under strace. */
const SHORT = 2000;
const WINDOW = 1e6;
/** Shares may differ by so much. */
const SHARE = 0.1;

/**
 * What the log calls the system calls in which a thread can sleep: by the C library's functions that make them.
 *
 * @type {Readonly<Record<string, import('../../packages/tcp-core/src/trace/events.ts').SleepingCall>>}
 */
const sleepsIn = {
  ...{ poll: 'poll', ppoll: 'poll', select: 'select', pselect6: 'select' },
  ...{ recvfrom: 'recv', futex: 'futex' },
};

/** One wait, maybe in several calls: the layer comes back in between to report or to drain. @typedef {{ calls: Call[], from: number, to: number, earliest: number }} Wait */

/** What all of these need. @typedef {{ book: SocketBook, ledger: Ledger, tolerance: number }} Context */

/** @param {Thread} thread @param {Context} context */
export function compareWaits(thread, context) {
  const waits = waitsOf(thread, context.book);
  const inMemory = waitsForEachOther(thread, context.book);
  compareBlocked(thread, { waits, inMemory }, context);
  const sleeps = sleepsOf(thread, [...waits, ...inMemory], context.book);
  compareSums(thread, sleeps, context);
  compareShares(thread, sleeps, context);
}

/** The waits of a thread for its sockets. @param {Thread} thread @param {SocketBook} book @returns {Wait[]} */
function waitsOf({ calls }, book) {
  /** @type {Wait[]} */
  const waits = [];
  let earliest = 0;
  let goesOn = false;
  for (const call of calls) {
    if (call.name === 'futex') continue;
    if (!isWait(call)) {
      // What the layer does for itself in between does not end the wait.
      if (!isOwnWork(call, book)) goesOn = false;
    } else {
      const last = waits.at(-1);
      const first = last?.calls[0];
      if (goesOn && last && first && isSameWait(first, call, book)) {
        last.calls.push(call);
        last.to = call.exit;
      } else waits.push({ calls: [call], from: call.entry, to: call.exit, earliest });
      goesOn = broughtNothing(call, book);
    }
    earliest = call.exit;
  }
  return waits;
}

/**
 * Server 2's threads wait for each other in memory that they share: one without a client, and the acceptor that has one
 * to hand over. Elsewhere any thread waits there for its engine, which is work.
 *
 * @param {Thread} thread
 * @param {SocketBook} book
 * @returns {Wait[]}
 */
function waitsForEachOther({ calls, role }, book) {
  /** @type {Wait[]} */
  const waits = [];
  /** @type {Call | undefined} */
  let before;
  let last;
  for (const call of calls) {
    if (call.name !== 'futex') {
      if (!isOwnWork(call, book) || call.name === 'close') before = call;
      last = undefined;
    } else if (isWait(call) && (role === 'client' ? isIdle(before) : before?.name === 'accept4')) {
      if (last) {
        last.calls.push(call);
        last.to = call.exit;
      } else {
        last = { calls: [call], from: call.entry, to: call.exit, earliest: before?.exit ?? 0 };
        waits.push(last);
      }
    }
  }
  return waits;
}

/** Whether a thread that made this call last has no client. @param {Call | undefined} last */
function isIdle(last) {
  return !last || last.name === 'close';
}

/** @param {Call} first @param {Call} call @param {SocketBook} book */
function isSameWait(first, call, book) {
  if (first.name !== call.name) return false;
  if (call.name === 'recvfrom') return parseInt(first.args, 10) === parseInt(call.args, 10);
  const [a, b] = [ownWatch(first, book), ownWatch(call, book)];
  return same(a.read, b.read) && same(a.write, b.write) && same(a.own, b.own);
}

/** @param {Call} call @param {SocketBook} book */
function broughtNothing(call, book) {
  if (call.name === 'recvfrom') return call.errno === 'EAGAIN';
  const { readable, writable } = ownWatch(call, book);
  return readable.length + writable.length === 0;
}

/**
 * @param {Thread} thread
 * @param {{ waits: readonly Wait[], inMemory: readonly Wait[] }} all
 * @param {Context} context
 */
function compareBlocked({ entries, number, server, calls }, { waits, inMemory }, context) {
  const { book, ledger, tolerance } = context;
  /** @type {Set<Wait>} */
  const told = new Set();
  for (const entry of entries) {
    const { event, at } = entry;
    if (event.type !== 'blocked') continue;
    const isInMemory = event.call === 'parked' || event.call === 'handoff';
    const some = isInMemory ? inMemory : waits;
    // The stamp lies between the call before and the wait itself.
    const next = firstFrom(some, at - tolerance);
    const near = some.slice(next, next + 3).filter((wait) => !told.has(wait));
    const possible = near.filter(({ earliest }) => at >= earliest - tolerance);
    const wait =
      possible.find(({ calls: [call] }) => call && isSaid(event, call, book)) ??
      possible[0] ??
      near[0];
    // It was not made: what was waited for had come already, or the server was stopped.
    if (!wait || (isInMemory && nothingHappened(calls, at + tolerance, wait))) continue;
    ledger.compare('blocked: the wait began then', possible.includes(wait), () => {
      const during = some[firstFrom(some, at) - 1];
      return `no wait began then; the last one before ${ms(at - (during?.from ?? 0))} earlier\n${shown(entry, during?.calls.slice(0, 2) ?? [])}`;
    });
    if (!possible.includes(wait)) continue;
    const [call] = wait.calls;
    told.add(wait);
    ledger.compare(
      'blocked: the call and its descriptors',
      call !== undefined && isSaid(event, call, book),
      () => shown(entry, wait.calls.slice(0, 1)),
    );
    ledger.compare(
      'blocked: the call in which the thread sleeps',
      call !== undefined && sleepsIn[call.name] === event.in,
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
        wait.from > at - event.micros - tolerance &&
        wait.to < at + tolerance,
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
  return calls.some(({ name, entry }) => name !== 'futex' && entry > at && entry < wait.from);
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
  const { call: name, read, write, own, timeoutMs } = event;
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

/** How long a thread slept in a rush. @param {Thread} thread @param {Sleeps} sleeps @param {Context} context */
function compareSums({ entries }, { surely, maybe }, { ledger }) {
  for (const entry of entries) {
    const { event, at } = entry;
    if (event.type !== 'summed') continue;
    const least = within(surely, at - event.micros, at);
    const most = within(maybe, at - event.micros, at);
    const says = event.waited;
    const room = Math.max(SHARE * event.micros, SHORT);
    ledger.compare(
      'sums of a rush: time waited',
      says >= least - room && says <= most + room,
      () =>
        `the thread slept for ${ms(least)} of it at least, ${ms(most)} at most\n${shown(entry, [])}`,
    );
  }
}

/** @param {Thread} thread @param {Sleeps} sleeps @param {Context} context */
function compareShares({ entries, number, server, calls }, { surely, maybe }, { ledger }) {
  // Before its first wait a thread loads its program.
  const from = entries.find(({ event }) => event.type === 'blocked')?.at ?? Infinity;
  const to = Math.min(entries.at(-1)?.at ?? 0, calls.at(-1)?.entry ?? 0);
  const told = sleepsTold(entries);
  for (let start = from; start + WINDOW <= to; start += WINDOW) {
    const says = within(told, start, start + WINDOW) / WINDOW;
    const least = within(surely, start, start + WINDOW) / WINDOW;
    const most = within(maybe, start, start + WINDOW) / WINDOW;
    ledger.compare(
      'shares of work, a thread and second',
      says >= least - SHARE && says <= most + SHARE,
      () =>
        `thread ${number} of ${server}, second from ${(start / 1e6).toFixed(3)} s: awake ${percent(1 - most)} to ${percent(1 - least)}, the log says ${percent(1 - says)}`,
    );
  }
}

/**
 * When a thread slept, by its calls: from, to, and the share of that time. Surely in the call itself; between that and
 * the log's stamp it may have had to wait for strace and for a processor, of which the log cannot know.
 *
 * @typedef {{ surely: number[][], maybe: number[][] }} Sleeps
 */

/** @param {Thread} thread @param {readonly Wait[]} waits @param {SocketBook} book @returns {Sleeps} */
function sleepsOf({ calls }, waits, book) {
  const asleep = new Set(waits.flatMap((wait) => wait.calls));
  /** @type {Sleeps} */
  const sleeps = { surely: [], maybe: [] };
  // What the layer does for itself beside a wait, such as to hand on what it has to report, is told as a part of it.
  const own = calls.filter((call) => asleep.has(call) || !isOwnWork(call, book));
  let until = -Infinity;
  for (const [i, call] of own.entries()) {
    if (!asleep.has(call)) continue;
    const { entry, exit } = call;
    const from = Math.max(until, own[i - 1]?.exit ?? 0);
    until = own[i + 1]?.entry ?? exit;
    sleeps.surely.push([entry, exit, 1]);
    sleeps.maybe.push([from, until, 1]);
  }
  return sleeps;
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
    if (event.type === 'blocked') {
      const next = entries[i + 1];
      const stretch = next?.event.type === 'summed' ? next.event.micros : 0;
      sleeps.push([at, (next?.at ?? Infinity) - stretch, 1]);
    }
    if (event.type === 'summed' && event.waited > 0)
      sleeps.push([at - event.micros, at, event.waited / event.micros]);
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
