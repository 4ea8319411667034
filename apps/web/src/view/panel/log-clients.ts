/**
 * Whom the events of a log are about: each connection's name and port, and whose a descriptor was when.
 * It follows a history as that grows, and is asked about any event in it.
 */

import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import type { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { ConnectionState, LabState } from '@sockscope/tcp-core/trace/lab-state';
import { clientName } from '../words/names.ts';
import type { Named } from '../words/describe-event.ts';
import { shortEndpoint } from '../words/words.ts';

/** A client as the log knows it. */
export interface LogClient {
  /** Null where its run began before what is known. */
  name: string | null;
  fd: number;
  /** ":53140"; from another machine with its address. */
  endpoint: string;
}

/** One that was met, and the events between which its descriptor was its own. */
interface Met {
  id: number;
  fd: number;
  endpoint: string;
  given: string | null;
  from: number;
  to: number;
  /** Made when it is first asked for. */
  client?: LogClient | undefined;
}

/** Ended connections are forgotten when so many events of theirs were. */
const FORGET_AFTER = 2_000;

class ServerClients {
  /** The numbers of the first connections of the runs that are known, ascending. */
  readonly starts: number[] = [];
  readonly met = new Map<number, Met>();
  /** Of each descriptor those that had it, the first in front. */
  readonly byFd = new Map<number, Met[]>();
  /** The listener's descriptors, and since which event. */
  readonly listeners: { fd: number; from: number }[] = [];
  /** How often somebody was given another name. */
  renamed = 0;
  #beginsRun = false;

  /** What a state knows besides the events before it. */
  know(
    { firstConnection, connections, ended, fd }: LabState['servers'][ServerId],
    seq: number,
  ): void {
    if (!this.starts.includes(firstConnection)) this.starts.push(firstConnection);
    this.#beginsRun = false;
    if (fd !== null && this.listeners.at(-1)?.fd !== fd) this.listeners.push({ fd, from: 0 });
    for (const each of ended) this.#knowOne(each, seq);
    for (const each of Object.values(connections)) this.#knowOne(each, Infinity);
  }

  #knowOne({ id, fd, address, port, name }: ConnectionState, to: number): void {
    if (this.met.has(id)) return;
    this.#add({ id, fd, endpoint: shortEndpoint(address, port), given: name, from: 0, to });
  }

  take(event: LabEvent): void {
    if (event.type === 'starting') this.#beginsRun = true;
    else if (event.type === 'listening') this.listeners.push({ fd: event.fd, from: event.seq });
    else if (event.type === 'accepted') this.#accept(event);
    else if (event.type === 'identified') this.#callIt(event.connection, event.name ?? null);
    else if (event.type === 'closed') {
      const met = this.met.get(event.connection);
      if (met) met.to = event.seq;
    }
  }

  #accept(event: Extract<LabEvent, { type: 'accepted' }>): void {
    const { connection: id, fd, address, port, seq } = event;
    if (this.#beginsRun && !this.starts.includes(id)) this.starts.push(id);
    this.#beginsRun = false;
    const endpoint = shortEndpoint(address, port);
    this.#add({ id, fd, endpoint, given: null, from: seq, to: Infinity });
  }

  #callIt(id: number, name: string | null): void {
    const met = this.met.get(id);
    if (!met || met.given === name) return;
    met.given = name;
    met.client = undefined;
    this.renamed += 1;
  }

  #add(met: Met): void {
    this.met.set(met.id, met);
    const others = this.byFd.get(met.fd);
    if (others) others.push(met);
    else this.byFd.set(met.fd, [met]);
  }

  nameOf({ id, given }: Met): string | null {
    const firstConnection = this.starts.findLast((start) => start <= id);
    if (firstConnection === undefined) return given;
    return clientName({ firstConnection }, { id, name: given });
  }

  /** Whose a descriptor is in an event. */
  descriptor(fd: number, seq: number): string | null {
    if (this.listeners.findLast(({ from }) => from <= seq)?.fd === fd) return 'listener';
    const met = this.byFd.get(fd)?.findLast(({ from, to }) => from <= seq && seq <= to);
    return met ? this.nameOf(met) : null;
  }

  forget(before: number): void {
    for (const [fd, all] of this.byFd) {
      const kept = all.filter(({ to }) => to >= before);
      if (kept.length === all.length) continue;
      for (const { id, to } of all) if (to < before) this.met.delete(id);
      if (kept.length > 0) this.byFd.set(fd, kept);
      else this.byFd.delete(fd);
    }
  }
}

export class LogClients {
  readonly #history: LabHistory | null;
  readonly #servers = new Map<ServerId, ServerClients>();
  #seen: number;
  #forgotten: number;

  /** Of a history, or of a state and its last events alone. */
  constructor(of: LabHistory | LabState) {
    const base = 'base' in of ? of.base : of;
    this.#history = 'base' in of ? of : null;
    this.#seen = this.#forgotten = base.seq;
    for (const event of base.log) this.#of(event.server).take(event);
    for (const server of Object.values(base.servers)) this.#of(server.id).know(server, base.seq);
  }

  /** Takes what the history has got since; cheap when that is nothing. */
  follow(): this {
    const history = this.#history;
    if (!history || history.last === this.#seen) return this;
    for (const event of history.events(this.#seen)) this.#of(event.server).take(event);
    this.#seen = history.last;
    if (history.first - this.#forgotten > FORGET_AFTER) {
      this.#forgotten = history.first;
      for (const server of this.#servers.values()) server.forget(history.first);
    }
    return this;
  }

  /** It changes when anybody is called something else than before. */
  get version(): number {
    let version = 0;
    for (const { renamed } of this.#servers.values()) version += renamed;
    return version;
  }

  /** The same object as long as nothing else is known of it; null for one that is not known. */
  client(server: ServerId, connection: number): LogClient | null {
    const clients = this.#servers.get(server);
    const met = clients?.met.get(connection);
    if (!clients || !met) return null;
    return (met.client ??= { name: clients.nameOf(met), fd: met.fd, endpoint: met.endpoint });
  }

  /** Who is meant by the numbers in an event. */
  named(event: LabEvent): Named {
    const { server, seq } = event;
    const client = 'connection' in event ? this.client(server, event.connection) : null;
    return {
      client: client?.name ?? null,
      descriptor: (fd) => this.#servers.get(server)?.descriptor(fd, seq) ?? null,
    };
  }

  #of(id: ServerId): ServerClients {
    const known = this.#servers.get(id);
    if (known) return known;
    const made = new ServerClients();
    this.#servers.set(id, made);
    return made;
  }
}

const ofHistories = new WeakMap<LabHistory, LogClients>();

/** The clients of a history, up to its newest event. */
export function clientsOf(history: LabHistory): LogClients {
  let clients = ofHistories.get(history);
  if (!clients) ofHistories.set(history, (clients = new LogClients(history)));
  return clients.follow();
}
