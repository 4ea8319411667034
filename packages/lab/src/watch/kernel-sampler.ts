/**
 * Looks into the kernel's table of sockets while a server listens, and reports what has changed:
 * how deep the accept queues are, who waits in them, and of each connection its TCP state and queues.
 *
 * The table is the whole machine's, and the kernel walks all of its hash buckets for it: some
 * milliseconds, even when no socket is open. So it is read off this thread, and not too often.
 */

import { join } from 'node:path';
import { isWildcard } from '@sockscope/tcp-core/trace/addresses';
import {
  type KernelSocket,
  type LabEvent,
  type LabFact,
  type ServerId,
  type TcpState,
  type WaitingSocket,
  WAITING_LISTED,
} from '@sockscope/tcp-core/trace/events';
import type {
  ConnectionState,
  LabState,
  QueuedSocket,
  ServerState,
} from '@sockscope/tcp-core/trace/lab-state';
import type { Witness } from '../hosted.ts';
import { AcceptQueue } from './accept-queue.ts';
import { ProcFile } from './proc-file.ts';
import { isTable, parseTable, type TableLine } from './proc-net-tcp.ts';

/** Milliseconds between two samples at least … */
const INTERVAL_MS = 50;
/** … and so many times what one takes, for 5 % of one core at most … */
const PAUSE_PER_COST = 20;
/** … at the best of so many: the others waited for a busy processor or event loop … */
const COSTS_KEPT = 8;
/** … but never longer than this. */
const INTERVAL_MAX_MS = 1000;
/** While somebody waits in an accept queue it is what there is to see. */
const INTERVAL_WAITING_MAX_MS = 250;
/** With no client there is nothing to see but old sockets that end their TIME_WAIT. */
const INTERVAL_NO_CLIENT_MS = 500;

export type SampleFact = Extract<LabFact, { type: 'sampled' | 'unobservable' }>;

export interface SamplerContext {
  /** The lab's state now. What it says of the kernel is what was reported last. */
  state(): LabState;
  /** The lab's clock. */
  now(): number;
  /** Adds facts to the log; called with the server's state at their place there. */
  report(server: ServerId, facts: (server: ServerState) => SampleFact[]): void;
}

/** What must be known of a server's last sample beyond what was reported. */
interface Memory {
  queue: AcceptQueue;
  /** When its listener was opened or closed last: what was read before is of another one. */
  since: number;
  /** The inode of each connection's socket, by its number. */
  inodes: Map<number, number>;
  /** Connections that had no line. */
  missing: Set<number>;
}

export class KernelSampler implements Witness {
  readonly #context: SamplerContext;
  readonly #tcp: ProcFile;
  readonly #tcp6: ProcFile;
  readonly #memories = new Map<ServerId, Memory>();
  /** Milliseconds that the last readings took, the last one first. */
  #costs: number[] = [];
  /** Why the table cannot be read. */
  #reason: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sampling: Promise<void> | undefined;
  /** In terms of performance.now(): the earliest time of the next sample. */
  #notBefore = 0;

  /** `folder` holds the tables `tcp` and `tcp6`. */
  constructor(context: SamplerContext, folder = '/proc/net') {
    this.#context = context;
    this.#tcp = new ProcFile(join(folder, 'tcp'));
    this.#tcp6 = new ProcFile(join(folder, 'tcp6'));
  }

  observe(event: LabEvent): void {
    if (event.type === 'accepted' && this.#reason === undefined)
      this.#memoryOf(event.server).queue.accepted(event);
    if (LISTENER_CHANGES.has(event.type)) {
      const memory = this.#memoryOf(event.server);
      memory.queue = new AcceptQueue();
      memory.since = event.t;
    }
    if (event.type === 'accepted' || event.type === 'listening') this.#wake();
  }

  /** A server listens, or a client came: samples follow, if they do not already. */
  #wake(): void {
    if (!this.#sampling) this.#sampleIn(this.#notBefore - performance.now());
  }

  async stop(): Promise<void> {
    await this.#sampling;
    clearTimeout(this.#timer);
    await Promise.all([this.#tcp.close(), this.#tcp6.close()]);
  }

  #sampleIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#sampling = this.#sample().finally(() => (this.#sampling = undefined));
      },
      Math.max(0, delayMs),
    ).unref();
  }

  async #sample(): Promise<void> {
    const watched = this.#watched();
    if (watched.length === 0) return;
    const t = this.#context.now();
    const began = performance.now();
    const lines = this.#reason === undefined ? await this.#read(watched) : [];
    if (this.#reason !== undefined) {
      this.#tellWhyNot(this.#reason);
      return;
    }
    for (const { id } of lines ? watched : [])
      this.#context.report(id, (server) => this.#compare(server, lines ?? [], t));
    this.#costs = [performance.now() - began, ...this.#costs].slice(0, COSTS_KEPT);
    const cost = Math.min(...this.#costs);
    const isWaitedIn = this.#watched().some(({ kernel }) => (kernel?.acceptQueue ?? 0) > 0);
    const most = isWaitedIn ? INTERVAL_WAITING_MAX_MS : INTERVAL_MAX_MS;
    const pauseMs = Math.min(Math.max(INTERVAL_MS, PAUSE_PER_COST * cost), most);
    this.#notBefore = performance.now() + pauseMs;
    const hasClients = this.#watched().some(
      ({ connections }) => Object.keys(connections).length > 0,
    );
    this.#sampleIn(hasClients || isWaitedIn ? pauseMs : Math.max(pauseMs, INTERVAL_NO_CLIENT_MS));
  }

  /** The servers that listen, or serve without: server 1 with policy `refuse`. */
  #watched(): ServerState[] {
    return Object.values(this.#context.state().servers).filter(isUp);
  }

  /** The table's lines of these servers; undefined if it could not be read this time. */
  async #read(servers: readonly ServerState[]): Promise<TableLine[] | undefined> {
    const ports = new Set(servers.map(({ port }) => port ?? 0));
    const isIPv6 = ({ address }: ServerState): boolean => address?.includes(':') ?? false;
    const lines: TableLine[] = [];
    try {
      for (const file of [this.#tcp, this.#tcp6]) {
        if (!servers.some((server) => isIPv6(server) === (file === this.#tcp6))) continue;
        const text = await file.text();
        if (!isTable(text)) throw new Error(`${file.path} is not a table of sockets`);
        lines.push(...parseTable(text, ports));
      }
      return lines;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // No descriptor is left to open it: that passes.
      if (code !== 'EMFILE' && code !== 'ENFILE') this.#reason = message;
      return undefined;
    }
  }

  #tellWhyNot(reason: string): void {
    for (const { id } of this.#watched())
      this.#context.report(id, ({ unobservable }) =>
        unobservable === reason ? [] : [{ type: 'unobservable', reason }],
      );
  }

  #memoryOf(id: ServerId): Memory {
    let memory = this.#memories.get(id);
    if (!memory) {
      memory = { queue: new AcceptQueue(), since: 0, inodes: new Map(), missing: new Set() };
      this.#memories.set(id, memory);
    }
    return memory;
  }

  /** What is new since the last sample, if anything is. `t` is when the table's reading began. */
  #compare(server: ServerState, table: readonly TableLine[], t: number): SampleFact[] {
    const { id } = server;
    if (!isUp(server)) return []; // it was stopped meanwhile
    const memory = this.#memoryOf(id);
    if (t < memory.since) return [];

    let depth: number | null = null;
    let timeWait = 0;
    const queued: TableLine[] = [];
    const sockets = new Map<string, TableLine>();
    for (const line of table) {
      const { tcp, receive, local, remote, inode } = line;
      if (local.port !== server.port) continue;
      if (local.address !== server.address && !isWildcard(server.address ?? '')) continue;
      if (tcp === 'LISTEN') {
        // For a listener the kernel writes the depth of its queue here.
        if (local.address === server.address) depth = receive;
        continue;
      }
      if (tcp === 'TIME_WAIT') timeWait += 1;
      // Others without an inode are closed already, or not yet connected.
      if (inode === 0 && QUEUED.has(tcp)) queued.push(line);
      sockets.set(keyOf(remote), line);
    }
    if (depth !== null) memory.queue.read(depth, queued, t);
    const acceptQueue = depth === null ? null : memory.queue.depth;
    const waiting = depth === null ? [] : memory.queue.waiting.slice(0, WAITING_LISTED);
    const unnamed = depth === null ? 0 : memory.queue.unnamed;
    const connections = changes(memory, server, sockets, t);
    const { kernel } = server;
    if (
      kernel?.acceptQueue === acceptQueue &&
      kernel.timeWait === timeWait &&
      kernel.unnamed === unnamed &&
      connections.length === 0 &&
      JSON.stringify(kernel.waiting.map(asReported)) === JSON.stringify(waiting)
    )
      return [];
    const more = unnamed > 0 && { unnamed };
    return [{ type: 'sampled', acceptQueue, waiting, ...more, timeWait, connections }];
  }
}

/** After these a server has another listener, or none, and so another accept queue. */
const LISTENER_CHANGES: ReadonlySet<LabEvent['type']> = new Set<LabEvent['type']>([
  'listening',
  'listenerClosed',
  'stopped',
  'crashed',
]);

/** The states of a connection that no accept has taken. */
const QUEUED: ReadonlySet<TcpState> = new Set<TcpState>(['ESTABLISHED', 'CLOSE_WAIT']);

/** What the table does not list any more has been reset: it is in no queue and has no state. */
const RESET: KernelSocket = { tcp: 'CLOSE', receive: 0, send: 0 };

/**
 * The connections whose socket looks different from what was reported last. A line belongs to a
 * connection by its address and port; but a client may come again from the same port before the end of
 * its last connection is reported. So a connection keeps the inode that it was first seen with, and
 * of two with the same port only the newer can get a first one.
 */
function changes(
  memory: Memory,
  server: ServerState,
  sockets: ReadonlyMap<string, TableLine>,
  t: number,
): (KernelSocket & { connection: number })[] {
  const all = Object.values(server.connections);
  const newest = new Map(all.map((connection) => [keyOf(connection), connection.id]));
  const { inodes, missing } = memory;
  memory.inodes = new Map();
  memory.missing = new Set();
  const changed: (KernelSocket & { connection: number })[] = [];
  for (const connection of all) {
    const { id, openedAt, activeAt, kernel } = connection;
    if (openedAt >= t) continue; // accepted after the reading began
    const line = sockets.get(keyOf(connection));
    const inode =
      inodes.get(id) ?? (newest.get(keyOf(connection)) === id ? line?.inode : undefined);
    if (inode) memory.inodes.set(id, inode);
    if (!line) memory.missing.add(id);
    // A socket that is added or removed meanwhile can hide another from one reading, not from two.
    if (line ? line.inode === 0 || line.inode !== inode : !missing.has(id)) continue;
    if (activeAt >= t) continue; // a recv or send has changed it since
    const { tcp, receive, send } = line ?? RESET;
    if (kernel?.tcp === tcp && kernel.receive === receive && kernel.send === send) continue;
    changed.push({ connection: id, tcp, receive, send });
  }
  return changed;
}

function asReported({ since: _, position: __, ...socket }: QueuedSocket): WaitingSocket {
  return socket;
}

function isUp({ status, port }: ServerState): boolean {
  return port !== null && (status === 'listening' || status === 'not listening');
}

function keyOf({ address, port }: Pick<ConnectionState, 'address' | 'port'>): string {
  return `${address} ${port}`;
}
