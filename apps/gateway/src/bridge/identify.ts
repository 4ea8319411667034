/**
 * Tells the browser clients' TCP connections from everybody else's. The gateway makes the browser
 * clients' sockets itself, so it knows their ports and when it had them, and a server's `accepted`
 * event carries the client's port. A connection stays `pending` until these facts, and what the log
 * says later, leave one answer only (see accept-order.ts); if they never do, it stays pending for good.
 */

import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import { type AcceptedTimes, type OwnTimes, possibleLabels } from './accept-order.ts';
import { isLoopback, plainAddress } from '@sockscope/tcp-core/trace/addresses';

/** What was found out about a connection. */
export interface Verdict {
  server: ServerId;
  connection: number;
  client: 'browser' | 'external';
  session: string | null;
  /** What the browser client's page calls it, if anything. */
  name?: string;
}

/** A socket of the gateway, from its connect(2) until its server's accept is known. */
class Own implements OwnTimes {
  readonly server: ServerId;
  readonly session: string;
  readonly target: string;
  readonly began: number;
  /** `address port`; undefined until the kernel has given it one. */
  key: string | undefined;
  boundAt = Infinity;
  connectedAt = Infinity;
  leftAt = Infinity;
  resetAt = Infinity;
  /** When the gateway's end was closed. */
  closedAt = Infinity;
  resetFrom = Infinity;
  doomedAt = Infinity;
  acceptedBy = Infinity;
  mayBeLost = false;
  endedByServer = false;
  name: string | null = null;
  /** The connection that it is, once that is reported. */
  connection: number | null = null;

  constructor(server: ServerId, session: string, target: string, began: number) {
    this.server = server;
    this.session = session;
    this.target = target;
    this.began = began;
  }
}

/** What stands for such a socket outside: it is told what happens to it, and hides the rest. */
export type OwnSocket = Own;

interface Accepted extends AcceptedTimes<Own> {
  readonly connection: number;
  readonly key: string;
  readonly address: string;
}

/** All that had the same address and port, as long as something about it is open. */
interface Pair {
  owns: Own[];
  accepts: Accepted[];
}

interface Line {
  readonly server: ServerId;
  /** Sockets without a port so far. */
  readonly portless: Set<Own>;
  readonly pairs: Map<string, Pair>;
  /** Connections without a verdict, by their number. */
  readonly undecided: Map<number, Accepted>;
  /** The listener's descriptor, and how many its accept queue takes. */
  listener: number | null;
  backlog: number;
  /** What the kernel's table last showed of the accept queue. */
  queue: 'empty' | 'some' | 'full';
}

/**
 * A server that sent FIN or RST has accepted before, if ever, and its report is on its way. After
 * this many milliseconds none will come: the connection died in the accept queue.
 */
export const REPORT_MS = 30_000;

/**
 * A client may be connected in its own eyes and not in the server's: an overflowing accept queue
 * dropped its last ACK. The kernel tries for a minute (tcp_synack_retries). If the queue is empty
 * this many milliseconds after such a socket was closed, nobody will accept it.
 */
export const LOST_MS = 120_000;

/** So many connections of one pair are kept while something is open about them. */
const ACCEPTS_KEPT = 32;

/** So many signs of life are kept of a connection: the first ones and the last. */
const SIGNS_KEPT = 8;

export class Identifier {
  readonly #report: (verdict: Verdict) => void;
  readonly #now: () => number;
  readonly #lines = new Map<ServerId, Line>();

  /**
   * `report` is called at most once for each accepted connection, and again when the name of its
   * browser client changes. `now` is the lab's clock.
   */
  constructor(report: (verdict: Verdict) => void, now: () => number) {
    this.#report = report;
    this.#now = now;
  }

  /**
   * The gateway is about to connect to `server` at the address `target`. `reserved`: from a port
   * that is nobody else's already.
   */
  connecting(server: ServerId, session: string, target: string, reserved = false): OwnSocket {
    const line = this.#line(server);
    const own = new Own(server, session, plainAddress(target), this.#now());
    own.mayBeLost = line.queue === 'full';
    if (reserved) own.boundAt = own.began;
    line.portless.add(own);
    return own;
  }

  /** Its page calls it so from now on; null: by no name. */
  rename(own: OwnSocket, name: string | null): void {
    if (name === own.name) return;
    own.name = name;
    if (own.connection !== null) this.#report(verdictOf(own.server, own.connection, own));
  }

  /** connect(2) has returned: the kernel has given the socket this address and port. */
  bound(own: OwnSocket, address: string, port: number): void {
    const line = this.#line(own.server);
    if (!line.portless.delete(own)) return;
    own.boundAt = Math.min(own.boundAt, this.#now());
    own.key = keyOf(address, port);
    pairOf(line, own.key).owns.push(own);
    this.#decideAll(line);
  }

  /** It is connected. Call `closed` when the gateway's end is closed. */
  connected(own: OwnSocket, address: string, port: number): void {
    const line = this.#line(own.server);
    own.connectedAt = this.#now();
    this.bound(own, address, port);
    this.#decideAll(line);
  }

  /** It is connected to a listener that is closed by now. */
  orphaned(own: OwnSocket): void {
    own.doomedAt = Math.min(own.doomedAt, this.#now());
  }

  /** It could not connect: no server will accept it. */
  failed(own: OwnSocket): void {
    const line = this.#line(own.server);
    line.portless.delete(own);
    const pair = own.key === undefined ? undefined : line.pairs.get(own.key);
    if (pair) pair.owns = pair.owns.filter((other) => other !== own);
    this.#decideAll(line);
  }

  /** The gateway is about to close or to reset it, or has seen its end. */
  leaving(own: OwnSocket): void {
    own.leftAt = Math.min(own.leftAt, this.#now());
  }

  /** The server's FIN or RST has come: the server has accepted it before, if ever. */
  endedByServer(own: OwnSocket): void {
    this.leaving(own);
    own.endedByServer = true;
    own.acceptedBy = Math.min(own.acceptedBy, this.#now());
  }

  /** The gateway's end is closed; the connection may still be waiting in the accept queue. */
  closed(own: OwnSocket, byReset: boolean): void {
    this.leaving(own);
    own.closedAt = this.#now();
    if (byReset) own.resetAt = own.closedAt;
    // If it was closed while it was connecting, the kernel may have connected it all the same.
    if (own.key === undefined) this.failed(own);
  }

  /** Reads the log: every event, in its order. */
  observe(event: LabEvent): void {
    const line = this.#line(event.server);
    if (event.type === 'listening') {
      line.listener = event.fd;
      line.backlog = event.backlog;
    }
    if (event.type === 'accepted') this.#accepted(line, event);
    if (event.type === 'sent' && event.bytes > 0) this.#sawAlive(line, event.connection, event.t);
    if (event.type === 'selected') this.#selected(line, event);
    if (event.type === 'sampled') this.#sampled(line, event);
    if (event.type === 'listenerClosed' || event.type === 'stopped' || event.type === 'crashed')
      this.#listenerClosed(line, event.t);
  }

  #accepted(line: Line, event: LabEvent & { type: 'accepted' }): void {
    const { connection, t, reset = false } = event;
    this.#forget(line, (own) => this.#isOverdue(own, line));
    const accepted: Accepted = {
      connection,
      key: keyOf(event.address, event.port),
      address: plainAddress(event.address),
      t,
      reset,
      aliveAt: reset ? [] : [t],
      label: undefined,
    };
    const pair = pairOf(line, accepted.key);
    if (pair.accepts.length >= ACCEPTS_KEPT) giveUp(pair, line);
    pair.accepts.push(accepted);
    line.undecided.set(connection, accepted);
    this.#decide(line, accepted.key);
  }

  /** The connection had not been reset by its client then. */
  #sawAlive(line: Line, connection: number, t: number): void {
    const accepted = line.undecided.get(connection);
    if (!accepted) return;
    if (accepted.aliveAt.length >= SIGNS_KEPT) accepted.aliveAt.pop();
    accepted.aliveAt.push(t);
    this.#decide(line, accepted.key);
  }

  #selected(line: Line, { t, micros, read, readable }: LabEvent & { type: 'selected' }): void {
    const { listener } = line;
    if (line.undecided.size === 0 || listener === null) return;
    if (read.includes(listener) && !readable.includes(listener)) this.#drained(line, t - micros, t);
  }

  #sampled(line: Line, { t, acceptQueue, connections }: LabEvent & { type: 'sampled' }): void {
    for (const { connection, tcp } of line.undecided.size > 0 ? connections : [])
      if (tcp !== 'CLOSE') this.#sawAlive(line, connection, t);
    if (acceptQueue === null) return;
    line.queue = acceptQueue === 0 ? 'empty' : acceptQueue >= line.backlog ? 'full' : 'some';
    if (line.queue === 'full') for (const own of ownsOf(line)) own.mayBeLost = true;
  }

  /** Whoever was in the accept queue at `t` had been accepted by the time `by`. */
  #drained(line: Line, t: number, by: number): void {
    for (const own of ownsOf(line))
      if (own.connectedAt <= t) own.acceptedBy = Math.min(own.acceptedBy, by);
    this.#decideAll(line);
  }

  /** With the listener its accept queue is gone: what has not been accepted never will be. */
  #listenerClosed(line: Line, t: number): void {
    line.listener = null;
    line.queue = 'some';
    for (const own of ownsOf(line)) {
      if (own.began > t) continue;
      own.resetFrom = Math.min(own.resetFrom, t);
      if (own.connectedAt <= t) own.doomedAt = Math.min(own.doomedAt, t);
      else own.mayBeLost = true;
    }
    this.#decideAll(line);
    this.#forget(line, ({ doomedAt }) => doomedAt < Infinity);
  }

  #decideAll(line: Line): void {
    const keys = new Set([...line.undecided.values()].map(({ key }) => key));
    for (const key of keys) this.#decide(line, key);
  }

  /** Reports what is certain by now about the connections with this address and port. */
  #decide(line: Line, key: string): void {
    const pair = line.pairs.get(key);
    if (!pair) return;
    const { owns, accepts } = pair;
    const decided: Accepted[] = [];
    for (const [i, labels] of possibleLabels(owns, accepts).entries()) {
      const accepted = accepts[i]!;
      if (accepted.label !== undefined || labels.size !== 1) continue;
      const [label = null] = labels;
      if (label === null && mayBePortless(accepted, line)) continue;
      accepted.label = label;
      line.undecided.delete(accepted.connection);
      decided.push(accepted);
    }
    if (accepts.every(({ label }) => label !== undefined)) settle(pair);
    if (pair.owns.length + pair.accepts.length === 0) line.pairs.delete(key);
    for (const { connection, label } of decided) {
      if (label) label.connection = connection;
      this.#report(verdictOf(line.server, connection, label ?? null));
    }
    // First in, first out: who was connected before this one's connect has been accepted before it.
    const own = decided.findLast(({ label }) => label);
    if (own?.label && line.undecided.size > 0) this.#drained(line, own.label.began - 1, own.t);
  }

  #isOverdue({ closedAt, endedByServer }: Own, line: Line): boolean {
    const ageMs = (this.#now() - closedAt) / 1000;
    return (endedByServer && ageMs > REPORT_MS) || (line.queue === 'empty' && ageMs > LOST_MS);
  }

  /** What a connection might have been such a socket stays open for good. */
  #forget(line: Line, isGone: (own: Own) => boolean): void {
    for (const [key, pair] of line.pairs) {
      const kept = pair.owns.filter((own) => !isGone(own));
      if (kept.length === pair.owns.length) continue;
      giveUp(pair, line);
      pair.owns = kept;
      if (kept.length === 0) line.pairs.delete(key);
    }
  }

  #line(server: ServerId): Line {
    let line = this.#lines.get(server);
    if (!line) {
      line = {
        server,
        portless: new Set(),
        pairs: new Map(),
        undecided: new Map(),
        listener: null,
        backlog: Infinity,
        queue: 'some',
      };
      this.#lines.set(server, line);
    }
    return line;
  }
}

function verdictOf(server: ServerId, connection: number, own: Own | null): Verdict {
  if (!own) return { server, connection, client: 'external', session: null };
  const { session, name } = own;
  return { server, connection, client: 'browser', session, ...(name !== null && { name }) };
}

function pairOf(line: Line, key: string): Pair {
  let pair = line.pairs.get(key);
  if (!pair) line.pairs.set(key, (pair = { owns: [], accepts: [] }));
  return pair;
}

function ownsOf({ pairs, portless }: Line): Own[] {
  return [...portless, ...[...pairs.values()].flatMap(({ owns }) => owns)];
}

/** Whether it may be a socket whose port is not known yet. */
function mayBePortless({ t, address }: Accepted, { portless }: Line): boolean {
  return [...portless].some(({ began, target }) => began <= t && mayMeet(target, address));
}

/** The connections of this pair that have no verdict get none any more. */
function giveUp(pair: Pair, { undecided }: Line): void {
  const open = pair.accepts.filter(({ label }) => label === undefined);
  for (const { connection } of open) undecided.delete(connection);
  // One of them may have been one of these.
  if (open.length > 0) for (const own of pair.owns) own.mayBeLost = true;
  settle(pair);
}

/** Drops what is decided, and who will not be accepted any more. */
function settle(pair: Pair): void {
  const { accepts } = pair;
  pair.accepts = [];
  pair.owns = pair.owns.filter(
    (own) =>
      !accepts.some(
        ({ label, aliveAt }) =>
          label === own || (label === null && (aliveAt.at(-1) ?? 0) > own.connectedAt),
      ),
  );
}

/** Whether a connect to `target` can come from `address`: itself, or both on the loopback net. */
function mayMeet(target: string, address: string): boolean {
  return target === address || (isLoopback(target) && isLoopback(address));
}

function keyOf(address: string, port: number): string {
  return `${plainAddress(address)} ${port}`;
}
