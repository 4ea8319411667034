/**
 * Proves that a connection of the gateway reached a server of its own. While a server does not listen
 * (stopped, crashed, policy `refuse`), another program may listen at its address; connect(2)
 * succeeds then all the same, and nothing that a browser client says is for that program.
 *
 * - The same listener of the server was open before the connect and after it: nobody else can have
 *   listened there meanwhile.
 * - Or it is closed by now, because the server has taken this client and wants no other: then the log
 *   will say `accepted` in a moment.
 * - Or nobody here has the connection's other end, and it has not ended: another program has it.
 */

import type { Socket } from 'node:net';
import {
  isEstablished,
  isOwnConnection,
  ownListener,
} from '@sockscope/tcp-core/sockets/own-sockets';
import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { plainAddress } from '@sockscope/tcp-core/trace/addresses';

/** Milliseconds that the event may take. */
const REPORT_MS = 3000;

/** What the log says of a server. */
export type ListeningServer = Pick<ServerState, 'id' | 'status' | 'fd' | 'address' | 'port'>;

export interface Outcome {
  ours: () => void;
  /** Another program has the connection. */
  foreign: () => void;
}

interface Waiting {
  accepted: () => void;
}

export class PeerProofs {
  /** Connections that have begun, and are neither decided nor closed. */
  readonly #open = new Set<Socket>();
  /** What was accepted meanwhile, by server, address and port: the event may come first. */
  readonly #accepted = new Set<string>();
  /** Those whose `accepted` is awaited. */
  readonly #waiting = new Map<string, Waiting>();

  /**
   * To be called before the connect(2) of a socket; `server` is what the log says at the time. Returns
   * what decides, to be called when it is connected.
   */
  begin(server: () => ListeningServer, socket: Socket): (outcome: Outcome) => void {
    const before = listenerOf(server());
    this.#open.add(socket);
    socket.once('close', () => this.#settle(socket));
    return (outcome) => {
      const after = listenerOf(server());
      if (after !== undefined && after === before) {
        this.#settle(socket);
        outcome.ours();
      } else this.#decide(server(), socket, after !== undefined, outcome);
    };
  }

  /** Reads the log. */
  observe(event: LabEvent): void {
    if (event.type !== 'accepted' || this.#open.size === 0) return;
    const key = keyOf(event.server, event);
    const waiting = this.#waiting.get(key);
    if (waiting) waiting.accepted();
    else this.#accepted.add(key);
  }

  #settle(socket: Socket): void {
    this.#open.delete(socket);
    if (this.#open.size === 0) this.#accepted.clear();
  }

  #decide(
    { id, port }: ListeningServer,
    socket: Socket,
    mayBeQueued: boolean,
    outcome: Outcome,
  ): void {
    const { localAddress = '', localPort = 0 } = socket;
    const client = { address: plainAddress(localAddress), port: localPort };
    const key = keyOf(id, client);
    if (this.#accepted.delete(key)) {
      this.#settle(socket);
      outcome.ours();
      return;
    }
    // In this order: no listener, so no more accepts; no end of it here; and none that came and went.
    const isHere = mayBeQueued || isOwnConnection(client, port ?? 0);
    if (!isHere && isEstablished(descriptorOf(socket))) {
      this.#settle(socket);
      outcome.foreign();
      return;
    }
    const end = (act: () => void): void => {
      clearTimeout(timer);
      this.#waiting.delete(key);
      this.#settle(socket);
      act();
    };
    const timer = setTimeout(() => end(outcome.foreign), REPORT_MS);
    this.#waiting.set(key, { accepted: () => end(outcome.ours) });
    socket.once('close', () => end(() => undefined));
  }
}

function listenerOf({ status, fd, address, port }: ListeningServer): number | undefined {
  if (status !== 'listening' || address === null || port === null) return undefined;
  return ownListener({ address, port }, fd);
}

function keyOf(server: ServerId, { address, port }: { address: string; port: number }): string {
  return `${server} ${plainAddress(address)} ${port}`;
}

function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  return handle?.fd ?? -1;
}
