/**
 * A server of ours: starts it, stops it, and starts it again when it broke down. Each start is a run
 * (server-run.ts).
 */

import { unsupportedPlatform } from '@sockscope/tcp-core/sockets/calls/this-platform';
import type { Control } from '@sockscope/tcp-core/trace/control';
import type { Design } from '@sockscope/tcp-core/trace/design';
import type { LabFact, ServerId } from '@sockscope/tcp-core/trace/events';
import type { Joined, ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { settingsOf } from '@sockscope/tcp-core/trace/settings';
import type { Hosted } from '../hosted.ts';
import { defaultOptions, type ServerOptions } from './server-options.ts';
import { type RunContext, ServerRun } from './server-run.ts';

/** Where a server listens. */
export interface ListenAddress {
  address: string;
  port: number;
}

/** What it needs of the lab. */
export type OurContext = Pick<RunContext, 'log' | 'descriptors' | 'nextThread'>;

/** One that broke down is restarted after this long, twice as long each time, up to a bound. */
const RESTART_AFTER_MS = { first: 100, most: 3000 };
/** After so long without trouble the count starts anew. */
const STEADY_AFTER_MS = 30_000;

export class OurServer implements Hosted {
  readonly id: ServerId;
  readonly design: Design;
  readonly #context: OurContext;
  /** Kept over restarts, so that no two connections of an epoch share a number. */
  readonly #connections = new SharedArrayBuffer(4);
  #options = defaultOptions;
  #run: ServerRun | undefined;
  #restarts = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #steadyTimer: NodeJS.Timeout | undefined;
  /** Starts and stops wait for each other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ id, design }: Joined, context: OurContext) {
    this.id = id;
    this.design = design;
    this.#context = context;
  }

  /** The options of its present or last run. */
  get options(): ServerOptions {
    return this.#options;
  }

  async control(control: Control): Promise<void> {
    switch (control.do) {
      case 'start':
        await this.start();
        break;
      case 'stop':
        await this.stop();
        break;
      case 'restart':
        await this.restart();
        break;
      case 'set':
        await this.restart(control.settings);
        break;
    }
  }

  /** Resolves when it listens; at once if it runs already. */
  start(options: Partial<ServerOptions> = {}): Promise<ListenAddress> {
    return this.#inTurn(async () => {
      const { address, port } = this.#state;
      if (this.#run) return { address: address ?? '', port: port ?? 0 };
      this.#options = { ...this.#options, ...options };
      return this.#start();
    });
  }

  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop({ type: 'stopped' }));
  }

  /** On the same port, with changed options. */
  restart(changes: Partial<ServerOptions> = {}): Promise<ListenAddress> {
    return this.#inTurn(async () => {
      await this.#stop({ type: 'stopped' });
      this.#options = { ...this.#options, ...changes };
      return this.#start();
    });
  }

  wakeAll(): void {
    this.#run?.wakeAll();
  }

  close(): Promise<void> {
    return this.stop();
  }

  async #start(restarting = false): Promise<ListenAddress> {
    const unsupported = unsupportedPlatform();
    if (unsupported) throw new Error(unsupported);
    const { log } = this.#context;
    await log.add(this.id, [{ type: 'starting', settings: settingsOf(this.#options) }]);
    try {
      const run: ServerRun = new ServerRun(this, this.#options, {
        ...this.#context,
        connections: this.#connections,
        broke: (error) => {
          this.#broke(run, error);
        },
      });
      this.#run = run;
      const at = await run.start();
      await log.add(this.id, []); // the state knows it, too
      // A restart must come back on the same port, also when the kernel had picked it.
      this.#options = { ...this.#options, port: at.port };
      this.#steadyTimer = setTimeout(() => (this.#restarts = 0), STEADY_AFTER_MS).unref();
      return at;
    } catch (error) {
      this.#run = undefined;
      const { message } = error as Error;
      await log.add(this.id, [{ type: 'crashed', error: message, restarting }]);
      throw error;
    }
  }

  async #stop(last: LabFact): Promise<void> {
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#steadyTimer);
    const run = this.#run;
    await run?.stop();
    this.#run = undefined;
    await this.#context.log.add(this.id, (state) =>
      // Without a run it is stopped already, or it crashed and was to be started again.
      run || state.status !== 'stopped' ? [...closedWithTheirThreads(state), last] : [],
    );
  }

  /** A thread died: the server is stopped, and started again after a while. */
  #broke(run: ServerRun, error: Error): void {
    const crashed: LabFact = { type: 'crashed', error: error.message, restarting: true };
    void this.#inTurn(async () => {
      if (this.#run !== run) return; // somebody stopped it meanwhile
      await this.#stop(crashed);
      this.#restartLater();
    });
  }

  /** It served before, so what keeps it from it now (its port taken, no descriptor left) may pass. */
  #restartLater(): void {
    const { first, most } = RESTART_AFTER_MS;
    const delayMs = Math.min(first * 2 ** this.#restarts++, most);
    this.#restartTimer = setTimeout(() => {
      void this.#inTurn(async () => {
        // Stopped, or started by hand, while this waited for its turn.
        if (this.#run || this.#state.status !== 'crashed') return;
        await this.#start(true).catch(() => this.#restartLater());
      });
    }, delayMs);
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(action);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  get #state(): ServerState {
    return this.#context.log.state.servers[this.id]!;
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
