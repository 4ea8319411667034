/**
 * The lab: its servers, those that were there from the beginning and those that joined, and the one event
 * log of what they do (event-log.ts).
 */

import { assignment } from '@sockscope/tcp-core/designs/all';
import type { Control } from '@sockscope/tcp-core/trace/control';
import type { LabFact, ServerId } from '@sockscope/tcp-core/trace/events';
import type { Joined, LabState } from '@sockscope/tcp-core/trace/lab-state';
import { EventLog, type EventListener } from './event-log.ts';
import type { Hosted, Witness } from './hosted.ts';
import { DescriptorBook } from './ours/descriptor-book.ts';
import { type ListenAddress, OurServer } from './ours/our-server.ts';
import type { ServerOptions } from './ours/server-options.ts';
import { KernelSampler } from './watch/kernel-sampler.ts';

/** What the gateway adds to the log of its own. */
export type GatewayFact = Extract<LabFact, { type: 'identified' | 'connectFailed' }>;

export interface LabOptions {
  /** Names this run of the lab. */
  epoch?: string;
  /** Whether to look into the kernel's table of sockets while a server listens. */
  observeKernel?: boolean;
  /** Which servers there are from the beginning; without it the four of the assignment. */
  servers?: readonly Joined[];
}

export class Lab {
  /** Names this run of the lab. */
  readonly epoch: string;
  readonly #log: EventLog;
  readonly #descriptors = new DescriptorBook();
  readonly #servers = new Map<ServerId, OurServer>();
  readonly #witnesses: Witness[] = [];
  #threads = 0;
  // A thread in a system call would keep the process from exiting for ever.
  readonly #wakeAll = (): void => {
    for (const server of this.#hosted()) server.wakeAll();
  };

  constructor({
    epoch = Date.now().toString(36),
    observeKernel = true,
    servers = assignment,
  }: LabOptions = {}) {
    this.epoch = epoch;
    this.#log = new EventLog(epoch, servers);
    if (observeKernel) this.#witnesses.push(this.#kernelSampler());
    this.onEvents((events) => {
      for (const event of events) for (const witness of this.#witnesses) witness.observe(event);
    });
    for (const server of servers) this.#enter(server);
    process.on('exit', this.#wakeAll);
  }

  /** The log so far, folded. */
  get state(): LabState {
    return this.#log.state;
  }

  /** The lab's clock: microseconds since its epoch began, as in the events' `t`. */
  now(): number {
    return this.#log.now();
  }

  /** The last events, and the state after each of them. */
  get history(): EventLog['history'] {
    return this.#log.history;
  }

  /** Calls `listener` with each batch, numbered and folded already. Returns what ends that. */
  onEvents(listener: EventListener): () => void {
    return this.#log.onEvents(listener);
  }

  /** One more server; it is stopped until somebody starts it. Error: there is one with this id already. */
  async join(server: Joined): Promise<void> {
    if (this.#servers.has(server.id)) throw new Error(`there is a server ${server.id} already`);
    this.#enter(server);
    const { id, number, design } = server;
    await this.#log.add(id, [{ type: 'joined', number, design }]);
  }

  /** What page and HTTP ask of a server. Rejects with a SocketError if it cannot listen. */
  control(server: ServerId, control: Control): Promise<void> {
    return this.#server(server).control(control);
  }

  /** The options of the server's present or last run. */
  optionsOf(server: ServerId): ServerOptions {
    return this.#server(server).options;
  }

  /**
   * Starts a server and resolves when it listens; at once if it runs already. Rejects with a
   * SocketError (EADDRINUSE, EADDRNOTAVAIL, EACCES …), or with a sentence on other platforms.
   */
  start(server: ServerId, options: Partial<ServerOptions> = {}): Promise<ListenAddress> {
    return this.#server(server).start(options);
  }

  /** Stops a server within two seconds: its threads end, its sockets are closed. */
  stop(server: ServerId): Promise<void> {
    return this.#server(server).stop();
  }

  /** Stops and starts a server, on the same port, with changed options. */
  restart(server: ServerId, changes: Partial<ServerOptions> = {}): Promise<ListenAddress> {
    return this.#server(server).restart(changes);
  }

  /** Adds a fact of the gateway's own to the log. */
  record(server: ServerId, fact: GatewayFact): void {
    void this.#log.add(server, [fact]);
  }

  /** Stops all servers. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#hosted(), (server) => server.close()));
    await Promise.all(this.#witnesses.map((witness) => witness.stop()));
    process.off('exit', this.#wakeAll);
  }

  #kernelSampler(): Witness {
    return new KernelSampler({
      state: () => this.state,
      now: () => this.now(),
      report: (server, facts) => {
        void this.#log.add(server, facts);
      },
    });
  }

  #hosted(): Iterable<Hosted> {
    return this.#servers.values();
  }

  #enter(server: Joined): void {
    this.#servers.set(
      server.id,
      new OurServer(server, {
        log: this.#log,
        descriptors: this.#descriptors,
        nextThread: () => ++this.#threads,
      }),
    );
  }

  /** Error: no server with this id has joined. */
  #server(id: ServerId): OurServer {
    const server = this.#servers.get(id);
    if (!server) throw new Error(`no server ${id} has joined`);
    return server;
  }
}
