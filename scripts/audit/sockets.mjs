/**
 * Which socket a descriptor was, at any time: the numbers are used again as soon as they are free. Told by
 * the calls alone, so that it can be held against what the log says.
 */

import { addressOf, firstArgument } from './strace-reader.mjs';

/** @typedef {import('./strace-reader.mjs').Call} Call */

/**
 * A connection or a listener. `drainedSince`: the server has ended it, what still comes is dropped.
 * `failure` is the errno of the first recv or send that failed for good. Of `received` and `drained` recv took the bytes.
 *
 * @typedef {{
 *   kind: 'connection' | 'listener',
 *   fd: number,
 *   address: string,
 *   port: number,
 *   tid: number,
 *   opened: Call,
 *   closed: Call | undefined,
 *   drainedSince: number,
 *   readingEndedSince: number,
 *   failure: string | null,
 *   shutdownFailure: string | null,
 *   drainFailure: string | null,
 *   endSeen: boolean,
 *   mayHaveEnded: boolean,
 *   received: number,
 *   sent: number,
 *   drained: number,
 * }} Socket
 */

export class SocketBook {
  /** Of each descriptor its sockets, one after the other. @type {Map<number, Socket[]>} */
  #byFd = new Map();

  /** @param {readonly Call[]} calls */
  constructor(calls) {
    for (const call of calls.filter(changesDescriptors).sort((a, b) => momentOf(a) - momentOf(b))) {
      if (call.name === 'close') {
        const open = this.#last(firstArgument(call));
        if (open && !open.closed && call.result === 0) open.closed = call;
      } else if (call.name === 'listen') this.#open('listener', firstArgument(call), call);
      else this.#open('connection', call.result ?? -1, call);
    }
    // First what others end from outside: a recv that this wakes began before it.
    for (const call of calls) if (call.name === 'shutdown') this.#note(call);
    for (const call of calls)
      if (call.name === 'recvfrom' || call.name === 'sendto') this.#note(call);
  }

  /** What the descriptor was when the call was made; undefined: no socket of a server's. @param {number} fd @param {Call} call */
  socketAt(fd, { entry }) {
    return this.#byFd
      .get(fd)
      ?.find(({ opened, closed }) => opened.exit <= entry && entry <= (closed?.entry ?? Infinity));
  }

  /** All connections, in the order in which accept returned them. */
  get connections() {
    return [...this.#byFd.values()]
      .flat()
      .filter(({ kind }) => kind === 'connection')
      .sort((a, b) => a.opened.exit - b.opened.exit);
  }

  /** @param {'connection' | 'listener'} kind @param {number} fd @param {Call} opened */
  #open(kind, fd, opened) {
    const { address = '', port = 0 } = addressOf(opened.args) ?? {};
    const sockets = this.#byFd.get(fd) ?? [];
    this.#byFd.set(fd, sockets);
    sockets.push({
      ...{ kind, fd, address, port, tid: opened.tid, opened, closed: undefined },
      ...{ drainedSince: Infinity, readingEndedSince: Infinity, failure: null },
      ...{ shutdownFailure: null, drainFailure: null, endSeen: false, mayHaveEnded: false },
      ...{ received: 0, sent: 0, drained: 0 },
    });
  }

  /** @param {number} fd */
  #last(fd) {
    return this.#byFd.get(fd)?.at(-1);
  }

  /** What a call tells of its socket's fate. @param {Call} call */
  #note(call) {
    const socket = this.socketAt(firstArgument(call), call);
    if (!socket) return;
    const failed = call.errno !== null && call.errno !== 'EAGAIN' && call.errno !== 'EINTR';
    const isDraining = call.entry > socket.drainedSince;
    if (call.name === 'shutdown') {
      // From outside of the server's threads reading is ended, to wake a thread that blocks in recv.
      if (call.args.includes('SHUT_RD')) socket.readingEndedSince = call.entry;
      else {
        socket.drainedSince = Math.min(socket.drainedSince, call.entry);
        if (failed) socket.shutdownFailure = call.errno;
      }
    } else if (failed) {
      if (isDraining) socket.drainFailure ??= call.errno;
      else socket.failure ??= call.errno;
    } else if (call.name === 'sendto') socket.sent += Math.max(0, call.result ?? 0);
    else if (isDraining) socket.drained += Math.max(0, call.result ?? 0);
    else {
      socket.received += Math.max(0, call.result ?? 0);
      if (call.result === 0) {
        // Else it may be the client's FIN or the end from outside: the layer asks for the socket's state.
        if (call.exit < socket.readingEndedSince) socket.endSeen = true;
        else socket.mayHaveEnded = true;
      }
    }
  }
}

/** @param {Call} call */
function changesDescriptors({ name, result }) {
  return (
    name === 'close' ||
    (name === 'listen' && result === 0) ||
    (name === 'accept4' && (result ?? -1) >= 0)
  );
}

/** A descriptor is free from the beginning of close on, and taken at the latest when the call is back. @param {Call} call */
function momentOf({ name, entry, exit }) {
  return name === 'close' ? entry : exit;
}
