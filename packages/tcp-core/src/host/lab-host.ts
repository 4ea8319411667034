/**
 * The lab: runs its servers in threads of this process, looks after them, and has the one event
 * log of what they do (event-log.ts).
 */

import { unsupportedPlatform } from '../sockets/calls/this-platform.ts';
import { assignment } from '../designs/all.ts';
import type { LabFact, ServerId } from '../trace/events.ts';
import type { Joined, LabState, ServerState } from '../trace/lab-state.ts';
import { settingsOf } from '../trace/settings.ts';
import { EventLog, type EventListener } from './event-log.ts';
import { KernelSampler } from './kernel-sampler.ts';
import { defaultOptions, type ServerOptions } from './server-options.ts';
import { ServerRun } from './server-run.ts';
import { DescriptorBook } from './shared-memory.ts';

/** What the gateway adds to the log of its own. */
export type GatewayFact = Extract<LabFact, { type: 'identified' | 'connectFailed' }>;

/** Where a server listens. */
export interface ListenAddress {
  address: string;
  port: number;
}

/** A server that broke down is restarted after this long, twice as long each time, up to a bound. */
const RESTART_AFTER_MS = { first: 100, most: 3000 };
/** After so long without trouble the count starts anew. */
const STEADY_AFTER_MS = 30_000;

export interface LabOptions {
  /** Names this run of the lab. */
  epoch?: string;
  /** Whether to look into the kernel's table of sockets while a server listens. */
  observeKernel?: boolean;
  /** Which servers there are from the beginning; without it the four of the assignment. */
  servers?: readonly Joined[];
}

interface Entry {
  joined: Joined;
  options: ServerOptions;
  run: ServerRun | undefined;
  /** Kept over restarts, so that no two connections of an epoch share a number. */
  connections: SharedArrayBuffer;
  restarts: number;
  restartTimer: NodeJS.Timeout | undefined;
  steadyTimer: NodeJS.Timeout | undefined;
  /** Starts and stops wait for each other. */
  queue: Promise<unknown>;
}

export class LabHost {
  /** Names this run of the lab. */
  readonly epoch: string;
  readonly #log: EventLog;
  readonly #descriptors = new DescriptorBook();
  readonly #entries = new Map<ServerId, Entry>();
  readonly #sampler: KernelSampler | undefined;
  #threads = 0;
  // A thread in a system call would keep the process from exiting for ever.
  readonly #wakeAll = (): void => {
    for (const { run } of this.#entries.values()) run?.wakeAll();
  };

  constructor({
    epoch = Date.now().toString(36),
    observeKernel = true,
    servers = assignment,
  }: LabOptions = {}) {
    this.epoch = epoch;
    this.#log = new EventLog(epoch, servers);
    if (observeKernel) {
      const sampler = new KernelSampler({
        state: () => this.state,
        now: () => this.#log.now(),
        report: (server, facts) => {
          void this.#log.add(server, facts);
        },
      });
      this.#sampler = sampler;
      this.onEvents((events) => {
        for (const event of events) sampler.observe(event);
      });
    }
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
    if (this.#entries.has(server.id)) throw new Error(`there is a server ${server.id} already`);
    this.#enter(server);
    const { id, number, design } = server;
    await this.#log.add(id, [{ type: 'joined', number, design }]);
  }

  /** The options of the server's present or last run. */
  optionsOf(server: ServerId): ServerOptions {
    return this.#entry(server).options;
  }

  /**
   * Starts a server and resolves when it listens; at once if it runs already. Rejects with a
   * SocketError (EADDRINUSE, EADDRNOTAVAIL, EACCES …), or with a sentence on other platforms.
   */
  start(server: ServerId, options: Partial<ServerOptions> = {}): Promise<ListenAddress> {
    const entry = this.#entry(server);
    return this.#inTurn(entry, async () => {
      const { address, port } = this.#stateOf(server);
      if (entry.run) return { address: address ?? '', port: port ?? 0 };
      entry.options = { ...entry.options, ...options };
      return this.#start(server, entry);
    });
  }

  /** Stops a server within two seconds: its threads end, its sockets are closed. */
  stop(server: ServerId): Promise<void> {
    const entry = this.#entry(server);
    return this.#inTurn(entry, () => this.#stop(server, entry, { type: 'stopped' }));
  }

  /** Stops and starts a server, on the same port, with changed options. */
  restart(server: ServerId, changes: Partial<ServerOptions> = {}): Promise<ListenAddress> {
    const entry = this.#entry(server);
    return this.#inTurn(entry, async () => {
      await this.#stop(server, entry, { type: 'stopped' });
      entry.options = { ...entry.options, ...changes };
      return this.#start(server, entry);
    });
  }

  /** Adds a fact of the gateway's own to the log. */
  record(server: ServerId, fact: GatewayFact): void {
    void this.#log.add(server, [fact]);
  }

  /** Stops all servers. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#entries.keys(), (server) => this.stop(server)));
    await this.#sampler?.stop();
    process.off('exit', this.#wakeAll);
  }

  async #start(server: ServerId, entry: Entry, restarting = false): Promise<ListenAddress> {
    const unsupported = unsupportedPlatform();
    if (unsupported) throw new Error(unsupported);
    await this.#log.add(server, [{ type: 'starting', settings: settingsOf(entry.options) }]);
    try {
      const run: ServerRun = new ServerRun(entry.joined, entry.options, {
        log: this.#log,
        descriptors: this.#descriptors,
        connections: entry.connections,
        nextThread: () => ++this.#threads,
        broke: (error) => {
          this.#broke(server, run, error);
        },
      });
      entry.run = run;
      const at = await run.start();
      await this.#log.add(server, []); // the state knows it, too
      // A restart must come back on the same port, also when the kernel had picked it.
      entry.options = { ...entry.options, port: at.port };
      entry.steadyTimer = setTimeout(() => (entry.restarts = 0), STEADY_AFTER_MS).unref();
      return at;
    } catch (error) {
      entry.run = undefined;
      const { message } = error as Error;
      await this.#log.add(server, [{ type: 'crashed', error: message, restarting }]);
      throw error;
    }
  }

  async #stop(server: ServerId, entry: Entry, last: LabFact): Promise<void> {
    clearTimeout(entry.restartTimer);
    clearTimeout(entry.steadyTimer);
    const { run } = entry;
    await run?.stop();
    entry.run = undefined;
    await this.#log.add(server, (state) =>
      // Without a run it is stopped already, or it crashed and was to be started again.
      run || state.status !== 'stopped' ? [...closedWithTheirThreads(state), last] : [],
    );
  }

  /** A thread died: the server is stopped, and started again after a while. */
  #broke(server: ServerId, run: ServerRun, error: Error): void {
    const entry = this.#entry(server);
    const crashed: LabFact = { type: 'crashed', error: error.message, restarting: true };
    void this.#inTurn(entry, async () => {
      if (entry.run !== run) return; // somebody stopped it meanwhile
      await this.#stop(server, entry, crashed);
      this.#restartLater(server, entry);
    });
  }

  /** It served before, so what keeps it from it now (its port taken, no descriptor left) may pass. */
  #restartLater(server: ServerId, entry: Entry): void {
    const { first, most } = RESTART_AFTER_MS;
    const delayMs = Math.min(first * 2 ** entry.restarts++, most);
    entry.restartTimer = setTimeout(() => {
      void this.#inTurn(entry, async () => {
        // Stopped, or started by hand, while this waited for its turn.
        if (entry.run || this.#stateOf(server).status !== 'crashed') return;
        await this.#start(server, entry, true).catch(() => this.#restartLater(server, entry));
      });
    }, delayMs);
  }

  #inTurn<T>(entry: Entry, action: () => Promise<T>): Promise<T> {
    const done = entry.queue.then(action);
    entry.queue = done.catch(() => undefined);
    return done;
  }

  #enter(joined: Joined): void {
    this.#entries.set(joined.id, {
      joined,
      options: defaultOptions,
      run: undefined,
      connections: new SharedArrayBuffer(4),
      restarts: 0,
      restartTimer: undefined,
      steadyTimer: undefined,
      queue: Promise.resolve(),
    });
  }

  /** Error: no server with this id has joined. */
  #entry(server: ServerId): Entry {
    const entry = this.#entries.get(server);
    if (!entry) throw new Error(`no server ${server} has joined`);
    return entry;
  }

  #stateOf(server: ServerId): ServerState {
    return this.state.servers[server]!;
  }
}

/** What a dead thread could not report any more: the kernel closed its connections with it. */
function closedWithTheirThreads({ connections }: ServerState): LabFact[] {
  return Object.values(connections).map(({ id, fd, received, sent }) => ({
    type: 'closed',
    connection: id,
    fd,
    how: 'local',
    errno: null,
    received: received.bytes,
    sent: sent.bytes,
    drained: 0,
  }));
}
