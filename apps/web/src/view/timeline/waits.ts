/**
 * Who waits on a server, followed event by event as the reducer does: for a recv, for accept, for a free
 * thread, for a calculation. While nobody does, its time is quiet.
 */

import type { KernelSocket, LabEvent, WaitingSocket } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { hasUnread, indexOfAccepted, withoutTaken } from '@sockscope/tcp-core/trace/reducer';

/** When it began, in microseconds, and the event that told so; 0 if that came before. */
export interface Wait {
  t: number;
  seq: number;
}

type Waiting = readonly (WaitingSocket & { since: number })[];

interface Receiving {
  fd: number;
  /** The last recv, in microseconds. */
  readAt: number;
  kernel: KernelSocket | null;
  peerClosed: boolean;
}

export class Waits {
  readonly #sockets = new Map<number, Receiving>();
  readonly #unread = new Map<number, Wait>();
  readonly #calculations = new Set<number>();
  /** Threads that wait for a free one. */
  readonly #starved = new Set<number>();
  #waiting: Waiting = [];
  #queued = 0;
  #sampledAt: number;
  /** The last return of select. */
  #selected: Extract<LabEvent, { type: 'selected' }> | null = null;

  /** `before`: the server's state before the first event. */
  constructor(before: ServerState) {
    this.#sampledAt = before.kernel?.t ?? 0;
    this.#waiting = before.kernel?.waiting ?? [];
    this.#queued = before.kernel?.acceptQueue ?? 0;
    for (const connection of Object.values(before.connections)) {
      const { id, fd, kernel, peerClosed, unreadSince } = connection;
      this.#sockets.set(id, { fd, readAt: 0, kernel, peerClosed });
      if (unreadSince !== null) this.#unread.set(id, { t: unreadSince, seq: 0 });
    }
    for (const { id, call, last } of Object.values(before.threads)) {
      if (call === 'handoff') this.#starved.add(id);
      if (last?.type === 'evaluating' && last.connection !== null)
        this.#calculations.add(last.connection);
    }
  }

  /** Somebody waits, or something is calculated. */
  get any(): boolean {
    return (
      this.#queued > 0 ||
      this.#calculations.size > 0 ||
      this.#unread.size > 0 ||
      this.#starved.size > 0
    );
  }

  /** How many wait in the accept queue. */
  get queued(): number {
    return this.#queued;
  }

  /** When the longest of those who wait in the accept queue came; null if nobody is listed. */
  get queuedSince(): number | null {
    return this.#waiting.reduce<number | null>(
      (first, { since }) => Math.min(first ?? since, since),
      null,
    );
  }

  /** Since when bytes of a connection lie unread; the same object as long as it is the same wait. */
  unread(connection: number): Wait | undefined {
    return this.#unread.get(connection);
  }

  /** The connections of which bytes lie unread. */
  get unreadConnections(): Iterable<number> {
    return this.#unread.keys();
  }

  take(event: LabEvent): void {
    if (event.thread !== null) this.#starved.delete(event.thread);
    switch (event.type) {
      case 'blocked':
        if (event.call === 'handoff' && event.thread !== null) this.#starved.add(event.thread);
        return;
      case 'accepted':
        this.#sockets.set(event.connection, {
          fd: event.fd,
          readAt: 0,
          kernel: null,
          peerClosed: false,
        });
        this.#accepted(event);
        return;
      case 'selected':
        this.#selected = event;
        return;
      case 'sampled':
        this.#sampled(event);
        return;
      case 'received':
        this.#received(event);
        return;
      case 'peerClosed': {
        const socket = this.#sockets.get(event.connection);
        if (socket) socket.peerClosed = true;
        return;
      }
      case 'evaluating':
        this.#calculations.add(event.connection);
        return;
      case 'evaluated':
        this.#calculations.delete(event.connection);
        return;
      case 'closed':
        this.#calculations.delete(event.connection);
        this.#unread.delete(event.connection);
        this.#sockets.delete(event.connection);
        return;
      case 'listenerClosed':
        this.#emptyQueue();
        return;
      case 'stopped':
      case 'crashed':
        this.#emptyQueue();
        this.#calculations.clear();
        this.#unread.clear();
        this.#starved.clear();
        return;
      default:
    }
  }

  #accepted(event: Extract<LabEvent, { type: 'accepted' }>): void {
    const at = indexOfAccepted(this.#waiting, event);
    // It is none of the listed: one of the others, or it came after the sample.
    if (at < 0 && this.#queued <= this.#waiting.length) return;
    if (at >= 0) this.#waiting = this.#waiting.toSpliced(at, 1);
    this.#queued = Math.max(0, this.#queued - 1);
  }

  #sampled(event: Extract<LabEvent, { type: 'sampled' }>): void {
    const key = ({ address, port, batch }: WaitingSocket): string => `${address} ${port} ${batch}`;
    if (event.waiting.length > 0 || this.#waiting.length > 0) {
      const since = new Map(this.#waiting.map((each) => [key(each), each.since]));
      this.#waiting = event.waiting.map((each) => ({
        ...each,
        since: since.get(key(each)) ?? event.t,
      }));
    }
    this.#queued = event.acceptQueue ?? 0;
    this.#sampledAt = event.t;
    for (const { connection: id, ...kernel } of event.connections) {
      const socket = this.#sockets.get(id);
      if (!socket) continue;
      socket.kernel = kernel;
      if (!hasUnread(socket)) this.#unread.delete(id);
      else if (!this.#unread.has(id)) this.#unread.set(id, this.#beganBy(event, socket));
    }
  }

  /** A sample shows that it waits: what select had returned lay there before. */
  #beganBy({ t, seq }: LabEvent, { fd, readAt }: Receiving): Wait {
    const select = this.#selected;
    const isKnown = select !== null && select.t > readAt && select.readable.includes(fd);
    return isKnown ? { t: select.t, seq: select.seq } : { t, seq };
  }

  #received(event: Extract<LabEvent, { type: 'received' }>): void {
    const socket = this.#sockets.get(event.connection);
    if (!socket) return;
    socket.readAt = event.t;
    socket.kernel = withoutTaken(socket.kernel, event, this.#sampledAt);
    // What is left waits for the next recv, from now on.
    if (this.#unread.delete(event.connection) && hasUnread(socket))
      this.#unread.set(event.connection, { t: event.t, seq: event.seq });
  }

  #emptyQueue(): void {
    this.#queued = 0;
    this.#waiting = [];
  }
}
