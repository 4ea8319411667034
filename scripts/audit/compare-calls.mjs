/**
 * Holds what each thread reported against what it called: one event for each call, in the same order, with
 * the same descriptors and bytes; of a rush the sums.
 */

import { factsOf, shown } from './threads.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').LabEvent} LabEvent */
/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').Flow} Flow */
/** @typedef {import('./ledger.mjs').Ledger} Ledger */
/** @typedef {import('./log-reader.mjs').Entry} Entry */
/** @typedef {import('./sockets.mjs').Socket} Socket */
/** @typedef {import('./sockets.mjs').SocketBook} SocketBook */
/** @typedef {import('./threads.mjs').Fact} Fact */
/** @typedef {import('./threads.mjs').Thread} Thread */

/** An event and the call that it tells of. @typedef {{ entry: Entry, fact: Fact }} Match */

/** @type {Partial<Record<LabEvent['type'], string>>} */
const kinds = {
  listening: 'listen: descriptor',
  listenerClosed: 'listener closed: descriptor',
  accepted: 'accept: descriptor, address, port',
  received: 'recv: descriptor, bytes, preview',
  peerClosed: 'recv of the end',
  sent: 'send: descriptor, bytes, preview',
  shutdown: 'shutdown',
  closed: 'close: descriptor, totals',
  selected: 'select: the sets, what was ready',
};

/** In the order of the table. */
export const callKinds = [
  ...Object.values(kinds),
  "select: the layer's own",
  'select: how long it waited',
  'sums of a rush: calls and bytes of each connection',
  'sums of a rush: turns of select',
  'endings: how, errno, what was drained',
  'refusals: the bytes of the line',
  'stamps: when the call returned',
  'order within a thread',
];

/**
 * `tolerance`: so many microseconds a stamp may lie beside the call, for the clocks' sake.
 *
 * @param {Thread} thread
 * @param {{ book: SocketBook, ledger: Ledger, tolerance: number }} context
 * @returns {Match[]}
 */
export function compareCalls(thread, context) {
  return new Comparison(thread, context).run();
}

class Comparison {
  #thread;
  #ledger;
  #tolerance;
  /** Those that no event has told of yet, in order. @type {Fact[]} */
  #open = [];
  #coming;
  #arrived = 0;
  /** @type {Match[]} */
  #matches = [];

  /** @param {Thread} thread @param {{ book: SocketBook, ledger: Ledger, tolerance: number }} context */
  constructor(thread, { book, ledger, tolerance }) {
    this.#thread = thread;
    this.#ledger = ledger;
    this.#tolerance = tolerance;
    this.#coming = factsOf(thread, book);
  }

  run() {
    let last = -Infinity;
    for (const entry of this.#thread.entries) {
      this.#arrive(entry.at);
      if (entry.event.type === 'summed') this.#compareSums(entry, entry.event);
      else if (entry.event.type === 'refused') this.#compareRefusal(entry, entry.event);
      else if (entry.event.type in kinds) {
        const match = this.#match(entry);
        if (!match) continue;
        this.#matches.push(match);
        this.#compare(match);
        const { entry: begun } = match.fact.call;
        this.#ledger.compare('order within a thread', match.fact.latest > last, () =>
          shown(entry, [match.fact.call]),
        );
        last = Math.max(last, begun);
      }
    }
    this.#arrive(Infinity);
    for (const fact of this.#open) {
      if (fact.optional || fact.call.exit === Infinity) continue;
      this.#ledger.compare(
        kinds[fact.type] ?? '',
        false,
        () =>
          `thread ${this.#thread.number} of ${this.#thread.server}: not in the log: ${fact.type}\n${shown(undefined, [fact.call])}`,
      );
    }
    return this.#matches;
  }

  /** @param {number} at */
  #arrive(at) {
    for (
      let fact = this.#coming[this.#arrived];
      fact && fact.earliest <= at + this.#tolerance;
      fact = this.#coming[++this.#arrived]
    )
      this.#open.push(fact);
  }

  /** @param {Entry} entry @returns {Match | undefined} */
  #match(entry) {
    const { event } = entry;
    const fits = (/** @type {Fact} */ fact) =>
      fact.type === event.type && (!('fd' in event) || event.fd === fact.fd);
    // Of selects that came back with nothing only the last is told: the layer asked again.
    const at =
      event.type === 'selected'
        ? this.#selectBefore(entry)
        : this.#open.findIndex((fact) => fits(fact));
    const [fact] = at < 0 ? [] : this.#open.splice(at, 1);
    if (fact) return { entry, fact };
    this.#ledger.compare(kinds[event.type] ?? '', false, () => {
      const next = this.#coming.slice(this.#arrived).find(fits);
      const late = next ? `; the next one could be told ${next.earliest - entry.at} µs later` : '';
      return `no such call of this thread (${this.#thread.tid})${late}\n${shown(entry, next ? [next.call] : [])}`;
    });
    return undefined;
  }

  /** @param {Entry} entry */
  #selectBefore({ event }) {
    if (event.type !== 'selected') return -1;
    const nothing = event.readable.length + event.writable.length === 0;
    const first = this.#open.findIndex(
      ({ type, optional }) => type === 'selected' && (nothing || !optional),
    );
    if (!nothing || first < 0) return first;
    // The last of a row of those that brought nothing.
    let last = first;
    for (let i = first; i < this.#open.length; i++) {
      const fact = this.#open[i];
      if (fact?.type !== 'selected' || !fact.optional) break;
      last = i;
    }
    return last;
  }

  /** @param {Match} match */
  #compare({ entry, fact }) {
    const { event, at } = entry;
    const kind = kinds[event.type] ?? '';
    const tell = () => shown(entry, [fact.call]);
    if (event.type === 'accepted') {
      const { address, port } = fact.socket ?? {};
      this.#ledger.compare(kind, event.address === address && event.port === port, tell);
    } else if (event.type === 'received' || event.type === 'sent') {
      const isRight =
        event.bytes === fact.bytes &&
        event.preview === fact.preview &&
        (event.type === 'received' || event.requested === fact.requested);
      this.#ledger.compare(kind, isRight, tell);
    } else if (event.type === 'selected') {
      const { watch } = fact;
      const isRight =
        watch !== undefined &&
        same(event.read, watch.read) &&
        same(event.write, watch.write) &&
        same(event.readable, watch.readable) &&
        same(event.writable, watch.writable);
      this.#ledger.compare(kind, isRight, tell);
      this.#ledger.compare("select: the layer's own", same(event.own, watch?.own ?? []), tell);
      const [least, most] = [fact.call.exit - fact.call.entry, at - fact.waitedSince];
      this.#ledger.compare(
        'select: how long it waited',
        event.micros >= least - this.#tolerance && event.micros <= most + this.#tolerance,
        () => `at least ${ms(least)}, at most ${ms(most)}\n${tell()}`,
      );
    } else if (event.type === 'closed') {
      const { socket } = fact;
      this.#ledger.compare(
        kind,
        event.received === socket?.received && event.sent === socket.sent,
        () => `recv took ${socket?.received}, send ${socket?.sent}\n${tell()}`,
      );
      if (socket) this.#compareEnding(entry, fact, socket);
    } else this.#ledger.compare(kind, true, tell);
    this.#ledger.compare(
      'stamps: when the call returned',
      at >= fact.earliest - this.#tolerance && at <= fact.latest + this.#tolerance,
      () =>
        `stamped ${ms(at - fact.earliest)} behind the call's return, ${ms(at - fact.latest)} behind the next call\n${tell()}`,
    );
  }

  /** @param {Entry} entry @param {Fact} fact @param {Socket} socket */
  #compareEnding(entry, { call }, socket) {
    const { event } = entry;
    if (event.type !== 'closed') return;
    // The first that failed tells how.
    const errno = socket.failure ?? socket.shutdownFailure ?? socket.drainFailure;
    const lost = errno === 'ETIMEDOUT' ? 'timeout' : 'rst';
    const ended = socket.endSeen || (socket.mayHaveEnded && event.how === 'fin');
    const how = errno !== null ? lost : ended ? 'fin' : 'local';
    this.#ledger.compare(
      'endings: how, errno, what was drained',
      event.how === how && event.errno === errno && event.drained === socket.drained,
      () =>
        `it ended ${how} (${errno ?? 'no errno'}), ${socket.drained} bytes were drained\n` +
        shown(entry, [...this.#lastCallsOn(socket), call]),
    );
  }

  /** @param {Socket} socket */
  #lastCallsOn({ fd, opened, closed }) {
    return this.#thread.calls
      .filter(
        ({ name, args, entry }) =>
          ['recvfrom', 'sendto', 'shutdown'].includes(name) &&
          parseInt(args, 10) === fd &&
          entry > opened.entry &&
          entry < (closed?.entry ?? Infinity),
      )
      .slice(-4);
  }

  /** @param {Entry} entry @param {Extract<LabEvent, { type: 'refused' }>} event */
  #compareRefusal(entry, event) {
    const accepted = this.#matches.find(
      ({ entry: { event: other } }) =>
        other.type === 'accepted' && other.connection === event.connection,
    );
    const since = accepted?.fact.call.exit ?? Infinity;
    const calls = this.#thread.calls.filter(
      ({ name, args, entry: begun }) =>
        name === 'sendto' &&
        parseInt(args, 10) === event.fd &&
        begun > since &&
        begun < entry.at + this.#tolerance,
    );
    const bytes = calls.reduce((sum, { result }) => sum + Math.max(0, result ?? 0), 0);
    this.#ledger.compare(
      'refusals: the bytes of the line',
      event.sent === bytes,
      () =>
        `the log tells of ${event.sent} bytes, send took ${bytes}\n${shown(entry, calls.slice(-1))}`,
    );
  }

  /** @param {Entry} entry @param {Extract<LabEvent, { type: 'summed' }>} event */
  #compareSums(entry, event) {
    const fitting = this.#countedIn(event);
    const isCounted = new Set(fitting);
    this.#open = this.#open.filter((fact) => !isCounted.has(fact));
    const flows = flowsOf(fitting);
    const told = toldFlows(event);
    for (const fd of new Set([...flows.keys(), ...told.keys()])) {
      const [is, says] = [flows.get(fd), told.get(fd)];
      this.#ledger.compare(
        'sums of a rush: calls and bytes of each connection',
        sameFlows(is, says),
        () =>
          `descriptor ${fd}: the calls sum up to ${JSON.stringify(is)}, the log has ${JSON.stringify(says)}\n` +
          shown(
            entry,
            fitting
              .filter((fact) => fact.fd === fd)
              .slice(0, 3)
              .map(({ call }) => call),
          ),
      );
    }
    const { least, most } = turnsOf(fitting);
    this.#ledger.compare(
      'sums of a rush: turns of select',
      event.turns >= least && event.turns <= most,
      () => `select came back ${least} times\n${shown(entry, [])}`,
    );
  }

  /**
   * The first of those that no event has told of, as many as were counted: what comes behind them is told later.
   *
   * @param {Extract<LabEvent, { type: 'summed' }>} event
   */
  #countedIn({ turns, connections }) {
    let moves = connections.reduce(
      (sum, { received, sent }) => sum + received.calls + sent.calls,
      0,
    );
    let selects = turns;
    /** @type {Fact[]} */
    const counted = [];
    for (const fact of this.#open) {
      if (moves === 0 && selects <= 0) break;
      if (fact.type === 'received' || fact.type === 'sent') {
        if (moves === 0) break;
        moves -= 1;
      } else if (fact.type === 'selected') {
        if (!fact.optional) selects -= 1;
      } else continue;
      counted.push(fact);
    }
    return counted;
  }
}

/** @typedef {{ received: Flow, sent: Flow }} Flows */

/** @param {readonly Fact[]} facts @returns {Map<number, Flows>} */
function flowsOf(facts) {
  /** @type {Map<number, Flows>} */
  const flows = new Map();
  for (const { type, fd, bytes } of facts) {
    if (type !== 'received' && type !== 'sent') continue;
    const flow = flows.get(fd) ?? {
      received: { calls: 0, bytes: 0 },
      sent: { calls: 0, bytes: 0 },
    };
    flows.set(fd, flow);
    flow[type].calls += 1;
    flow[type].bytes += bytes;
  }
  return flows;
}

/** Two connections, one after the other, may have had the same descriptor. @param {Extract<LabEvent, { type: 'summed' }>} event */
function toldFlows({ connections }) {
  /** @type {Map<number, Flows>} */
  const flows = new Map();
  for (const { fd, received, sent } of connections) {
    const before = flows.get(fd);
    const add = (/** @type {Flow} */ flow, /** @type {Flow | undefined} */ to) => ({
      calls: flow.calls + (to?.calls ?? 0),
      bytes: flow.bytes + (to?.bytes ?? 0),
    });
    flows.set(fd, { received: add(received, before?.received), sent: add(sent, before?.sent) });
  }
  return flows;
}

/** How often a server was told of a select, at least and at most. @param {readonly Fact[]} facts */
function turnsOf(facts) {
  const selects = facts.filter(({ type }) => type === 'selected');
  return { least: selects.filter(({ optional }) => !optional).length, most: selects.length };
}

/** @param {Flows | undefined} is @param {Flows | undefined} says */
function sameFlows(is, says) {
  const nothing = { calls: 0, bytes: 0 };
  const same = (/** @type {'received' | 'sent'} */ way) =>
    (is?.[way] ?? nothing).calls === (says?.[way] ?? nothing).calls &&
    (is?.[way] ?? nothing).bytes === (says?.[way] ?? nothing).bytes;
  return same('received') && same('sent');
}

/** @param {readonly number[]} a @param {readonly number[]} b */
export function same(a, b) {
  const [one, other] = [new Set(a), new Set(b)];
  return one.size === other.size && [...one].every((fd) => other.has(fd));
}

/** @param {number} micros */
export function ms(micros) {
  return `${(micros / 1000).toFixed(1)} ms`;
}
