/** The servers' threads: what each one called, and what of it must stand in the log. */

import { bytesOf, firstArgument, watchOf } from './strace-reader.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').ServerId} ServerId */
/** @typedef {import('./log-reader.mjs').Entry} Entry */
/** @typedef {import('./sockets.mjs').Socket} Socket */
/** @typedef {import('./sockets.mjs').SocketBook} SocketBook */
/** @typedef {import('./strace-reader.mjs').Call} Call */
/** @typedef {import('./strace-reader.mjs').Watch} Watch */

/**
 * A thread of a server: its calls as strace saw them, its events as the log has them.
 *
 * @typedef {{ number: number, server: ServerId, tid: number, role: string, calls: Call[], entries: Entry[] }} Thread
 */

/**
 * What a call brought about. `optional`: the server need not have been told of it. `waitedSince`: a select
 * cannot have begun before. `earliest` and `latest`: between these two the log's stamp must lie, since the thread did
 * nothing else that strace could see.
 *
 * @typedef {{
 *   type: 'listening' | 'listenerClosed' | 'accepted' | 'received' | 'peerClosed' | 'sent' | 'shutdown' | 'closed' | 'selected',
 *   fd: number,
 *   socket: Socket | undefined,
 *   call: Call,
 *   bytes: number,
 *   requested: number,
 *   preview: string,
 *   watch: OwnWatch | undefined,
 *   optional: boolean,
 *   waitedSince: number,
 *   earliest: number,
 *   latest: number,
 * }} Fact
 */

/** What was watched for the server, what for the layer itself, whether that was to stop. @typedef {Watch & { own: number[], isStop: boolean }} OwnWatch */

/** @param {readonly Entry[]} entries @param {readonly Call[]} calls @returns {Thread[]} */
export function threadsOf(entries, calls) {
  /** @type {Map<number, Thread>} */
  const threads = new Map();
  for (const { event } of entries) {
    if (event.type !== 'threadStarted' || event.thread === null) continue;
    const { thread: number, server, tid, role } = event;
    threads.set(number, { number, server, tid, role, calls: [], entries: [] });
  }
  for (const entry of entries) {
    if (entry.event.thread !== null) threads.get(entry.event.thread)?.entries.push(entry);
  }
  const byTid = groupByTid(calls);
  for (const thread of threads.values()) thread.calls = byTid.get(thread.tid) ?? [];
  return [...threads.values()];
}

/** @param {readonly Call[]} calls */
function groupByTid(calls) {
  /** @type {Map<number, Call[]>} */
  const groups = new Map();
  for (const call of calls) {
    const group = groups.get(call.tid);
    if (group) group.push(call);
    else groups.set(call.tid, [call]);
  }
  return groups;
}

/** @param {Thread} thread @param {SocketBook} book @returns {Fact[]} */
export function factsOf({ calls }, book) {
  /** @type {Fact[]} */
  const facts = [];
  const ended = new Set();
  const nextBegun = beginnings(calls, book);
  let waitedSince = 0;
  for (const [i, call] of calls.entries()) {
    const fd = call.name === 'accept4' ? (call.result ?? -1) : firstArgument(call);
    const result = call.result ?? -1;
    const add = (/** @type {Fact['type']} */ type, /** @type {Partial<Fact>} */ more) => {
      facts.push({
        ...{ type, fd, socket: undefined, call, bytes: 0, requested: 0, preview: '' },
        ...{ watch: undefined, optional: false, waitedSince },
        earliest: type === 'closed' || type === 'listenerClosed' ? endBefore(calls, i) : call.exit,
        latest: nextBegun[i] ?? Infinity,
        ...more,
      });
    };
    if (call.name === 'select' || call.name === 'pselect6') {
      const watch = ownWatch(call, book);
      // Whether the server was told that nothing is ready depends on its own time limit. When the
      // pipe is ready it is told nothing: it is stopped.
      const isTold = watch.readable.length + watch.writable.length > 0;
      if (result >= 0 && !watch.isStop) add('selected', { watch, optional: !isTold });
      if (isTold) waitedSince = call.exit;
      continue;
    }
    if (!isOwnWork(call, book)) waitedSince = call.exit;
    if (call.name === 'listen') {
      if (result === 0) add('listening', {});
      continue;
    }
    if (call.name === 'accept4') {
      if (result >= 0) {
        const socket = book.socketAt(fd, calls[i + 1] ?? { ...call, entry: call.exit });
        add('accepted', { socket });
      }
      continue;
    }
    const socket = book.socketAt(fd, call);
    if (!socket) continue;
    if (call.name === 'close') {
      add(socket.kind === 'listener' ? 'listenerClosed' : 'closed', { socket });
    } else if (call.name === 'shutdown') {
      if (result === 0 && call.args.includes('SHUT_WR')) add('shutdown', { socket });
    } else if (call.name === 'sendto') {
      if (result >= 0) {
        const { length, preview } = payloadOf(call);
        add('sent', {
          socket,
          bytes: result,
          requested: length,
          preview: preview.slice(0, result),
        });
      }
    } else if (call.name === 'recvfrom' && call.entry < socket.drainedSince) {
      if (result > 0) add('received', { socket, bytes: result, preview: payloadOf(call).preview });
      if (result === 0 && !ended.has(socket)) {
        ended.add(socket);
        add('peerClosed', { socket, optional: call.exit > socket.readingEndedSince });
      }
    }
  }
  return facts;
}

/**
 * When the call before this one returned. An event of close is stamped ahead of the call, and a futex
 * may lie in between: the engine's own, at any time (it waits for its collector of garbage).
 *
 * @param {readonly Call[]} calls
 * @param {number} i
 */
function endBefore(calls, i) {
  let before = i - 1;
  while (calls[before]?.name === 'futex') before -= 1;
  return calls[before]?.exit ?? 0;
}

/**
 * Of each call when the server's next one began. What the layer does for itself in between may come before the
 * event: it waits for memory, drains and closes what the server has ended, asks for a listener's name.
 *
 * @param {readonly Call[]} calls
 * @param {SocketBook} book
 */
function beginnings(calls, book) {
  /** @type {number[]} */
  const begun = [];
  let next = Infinity;
  for (let i = calls.length - 1; i >= 0; i--) {
    begun[i] = next;
    const call = calls[i];
    if (call && !isOwnWork(call, book)) next = call.entry;
  }
  return begun;
}

/** Whether the layer made this call for itself. @param {Call} call @param {SocketBook} book */
export function isOwnWork(call, book) {
  if (call.name === 'futex' || call.name === 'getsockname') return true;
  if (call.name.endsWith('poll') || call.name.includes('select')) return false;
  const socket = book.socketAt(firstArgument(call), call);
  return !socket || (socket.kind === 'connection' && socket.drainedSince < call.entry);
}

/** What a select or poll asked and was told, and what of it was the layer's own. @param {Call} call @param {SocketBook} book @returns {OwnWatch} */
export function ownWatch(call, book) {
  const watch = watchOf(call);
  const isOwn = (/** @type {number} */ fd) => {
    const socket = book.socketAt(fd, call);
    return !socket || socket.drainedSince < call.entry;
  };
  const asked = (/** @type {number[]} */ fds) => fds.filter((fd) => !isOwn(fd));
  return {
    read: asked(watch.read),
    write: asked(watch.write),
    readable: asked(watch.readable),
    writable: asked(watch.writable),
    limitMs: watch.limitMs,
    own: watch.read.filter(isOwn),
    isStop: watch.readable.some((fd) => !book.socketAt(fd, call)),
  };
}

/** The beginning of what a recv or send moved, one character a byte, and the length that it was given. @param {Call} call */
function payloadOf({ args }) {
  const [, hex = '', length = '0'] = /^\d+, "([^"]*)"(?:\.\.\.)?, (\d+), /.exec(args) ?? [];
  return { preview: bytesOf(hex).toString('latin1'), length: Number(length) };
}

/** The calls in which a thread sleeps, whatever it waits for. @param {Call} call */
export function isWait(call) {
  switch (call.name) {
    case 'select':
    case 'pselect6':
    case 'poll':
    case 'ppoll':
      return watchOf(call).limitMs !== 0;
    case 'recvfrom':
      return !call.args.includes('MSG_DONTWAIT');
    case 'futex':
      // On a condition, not for a lock: those are the engine's and the C library's own.
      return call.args.includes('FUTEX_WAIT_BITSET');
    default:
      return false;
  }
}

/** An event and the calls, to be shown. @param {Entry | undefined} entry @param {readonly (Call | undefined)[]} calls */
export function shown(entry, calls) {
  const lines = calls
    .flatMap((call) => call?.lines ?? [])
    .map((line) => `    strace: ${cut(line)}`);
  const event = entry ? [`    log:    ${cut(JSON.stringify(entry.event))}`] : [];
  return [...event, ...lines].join('\n');
}

/** @param {string} text */
function cut(text) {
  return text.length > 400 ? `${text.slice(0, 400)} … (${text.length} characters)` : text;
}
