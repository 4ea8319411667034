/**
 * Tells the browser clients' TCP connections from everybody else's. The gateway makes the browser
 * clients' sockets itself, so it knows their ports, and a server's `accepted` event carries the
 * client's port. Both facts come at their own time: until enough is known the connection stays
 * `pending`, and is never labelled by a guess.
 *
 * Why a port is enough: while a connection sits in the accept queue, the kernel gives its address
 * pair to nobody else, not even when the client's end is long closed.
 */

import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import { isLoopback, plainAddress } from './addresses.ts';

/** What was found out about a connection. */
export interface Verdict {
  server: ServerId;
  connection: number;
  client: 'browser' | 'external';
  session: string | null;
}

/** One connect(2) of the gateway, from its call until what became of it is known. */
export interface Attempt {
  readonly server: ServerId;
  readonly session: string;
  readonly target: string;
  readonly number: number;
}

/** A socket of the gateway that a server has not been seen to accept yet. */
export interface OwnSocket {
  readonly server: ServerId;
  readonly session: string;
  readonly key: string;
  /** The listener that it is queued at was closed: the server's RST is on its way. */
  doomed?: boolean;
  /** When the gateway's end was closed, on the clock given to Identifier; undefined while open. */
  closedAt?: number;
  /** Whether the server's FIN or RST had come by then. */
  endedByServer?: boolean;
}

interface Pending {
  connection: number;
  key: string;
  address: string;
  /** Attempts from this number on began too late to be this connection. */
  before: number;
}

interface Line {
  attempts: Set<Attempt>;
  /** By `address port`; more than one only after the kernel gave a port out again: oldest first. */
  sockets: Map<string, OwnSocket[]>;
  pending: Pending[];
  /** Whether the kernel's table last showed an empty accept queue. */
  queueIsEmpty: boolean;
}

/**
 * A server that sent FIN or RST has accepted before, if ever, and its report is on its way. After
 * this many milliseconds none will come: the connection died in an overflowing accept queue.
 */
export const REPORT_MS = 30_000;

/**
 * A client may be connected in its own eyes and not in the server's: an overflowing accept queue
 * dropped its last ACK. The kernel tries for a minute (tcp_synack_retries). If the queue is empty
 * this many milliseconds after such a socket was closed, nobody will accept it.
 */
export const LOST_MS = 120_000;

export class Identifier {
  readonly #report: (verdict: Verdict) => void;
  readonly #now: () => number;
  readonly #lines = new Map<ServerId, Line>();
  #attempts = 0;

  /** `report` is called once for each accepted connection. `now` is a clock in milliseconds. */
  constructor(report: (verdict: Verdict) => void, now: () => number = () => performance.now()) {
    this.#report = report;
    this.#now = now;
  }

  /** The gateway is about to connect to `server` at the address `target`. */
  connecting(server: ServerId, session: string, target: string): Attempt {
    const attempt = { server, session, target: plainAddress(target), number: ++this.#attempts };
    this.#line(server).attempts.add(attempt);
    return attempt;
  }

  /** It is connected, from this port. Call `closed` when the gateway's end is closed. */
  connected(attempt: Attempt, address: string, port: number): OwnSocket {
    const line = this.#line(attempt.server);
    const key = keyOf(address, port);
    const socket: OwnSocket = { server: attempt.server, session: attempt.session, key };
    line.sockets.set(key, [...(line.sockets.get(key) ?? []), socket]);
    this.#settle(attempt);
    return socket;
  }

  /** It could not connect: no server will accept it. */
  failed(attempt: Attempt): void {
    this.#settle(attempt);
  }

  /** The gateway's end is closed; the connection may still be waiting in the accept queue. */
  closed(socket: OwnSocket, endedByServer: boolean): void {
    socket.closedAt = this.#now();
    socket.endedByServer = endedByServer;
    if (socket.doomed) this.#forget(this.#line(socket.server), (other) => other === socket);
  }

  /** Reads the log: every event, in its order. */
  observe(event: LabEvent): void {
    if (event.type === 'accepted') this.#accepted(event);
    if (event.type === 'sampled') this.#line(event.server).queueIsEmpty = event.acceptQueue === 0;
    // With the listener its accept queue is gone: what has not been accepted never will be.
    if (event.type === 'stopped' || event.type === 'crashed')
      this.#line(event.server).sockets.clear();
    // Here the server itself may have opened the next listener before this was reported.
    if (event.type === 'listenerClosed') this.#doom(this.#line(event.server));
  }

  #accepted({ server, connection, address, port }: LabEvent & { type: 'accepted' }): void {
    const line = this.#line(server);
    this.#forget(line, (socket) => this.#isOverdue(socket, line));
    const before = this.#attempts + 1;
    line.pending.push({
      connection,
      key: keyOf(address, port),
      address: plainAddress(address),
      before,
    });
    this.#decide(server);
  }

  #settle(attempt: Attempt): void {
    this.#line(attempt.server).attempts.delete(attempt);
    this.#decide(attempt.server);
  }

  #decide(server: ServerId): void {
    const line = this.#line(server);
    const decided: Verdict[] = [];
    line.pending = line.pending.filter(({ connection, key, address, before }) => {
      const own = take(line.sockets, key);
      if (own) {
        decided.push({ server, connection, client: 'browser', session: own.session });
        return false;
      }
      const mayBeOwn = [...line.attempts].some(
        ({ number, target }) => number < before && mayMeet(target, address),
      );
      if (!mayBeOwn) decided.push({ server, connection, client: 'external', session: null });
      return mayBeOwn;
    });
    for (const verdict of decided) this.#report(verdict);
  }

  #doom(line: Line): void {
    for (const socket of [...line.sockets.values()].flat()) socket.doomed = true;
    this.#forget(line, ({ closedAt }) => closedAt !== undefined);
  }

  #isOverdue({ closedAt = Infinity, endedByServer = false }: OwnSocket, line: Line): boolean {
    const age = this.#now() - closedAt;
    return (endedByServer && age > REPORT_MS) || (line.queueIsEmpty && age > LOST_MS);
  }

  #forget(line: Line, gone: (socket: OwnSocket) => boolean): void {
    for (const [key, sockets] of line.sockets) {
      const kept = sockets.filter((socket) => !gone(socket));
      if (kept.length === sockets.length) continue;
      if (kept.length > 0) line.sockets.set(key, kept);
      else line.sockets.delete(key);
    }
  }

  #line(server: ServerId): Line {
    let line = this.#lines.get(server);
    if (!line) {
      line = { attempts: new Set(), sockets: new Map(), pending: [], queueIsEmpty: false };
      this.#lines.set(server, line);
    }
    return line;
  }
}

/** Takes the oldest socket with this address and port. */
function take(sockets: Map<string, OwnSocket[]>, key: string): OwnSocket | undefined {
  const [first, ...rest] = sockets.get(key) ?? [];
  if (rest.length > 0) sockets.set(key, rest);
  else sockets.delete(key);
  return first;
}

/** Whether a connect to `target` can come from `address`: itself, or both on the loopback net. */
function mayMeet(target: string, address: string): boolean {
  return target === address || (isLoopback(target) && isLoopback(address));
}

function keyOf(address: string, port: number): string {
  return `${plainAddress(address)} ${port}`;
}
