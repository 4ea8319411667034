/**
 * One run of one server, from its start to the end of its last thread.
 *
 * The threads are started and ended here, because a thread that blocks in accept cannot look after
 * others. What they report goes to the event log; what the run itself must know of it is read on the way.
 */

import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { SocketError } from '../sockets/api.ts';
import { systemCalls } from '../sockets/calls/this-platform.ts';
import { needDescriptors, openPipe } from '../sockets/descriptors.ts';
import type { Design } from '../trace/design.ts';
import type { LabFact, ServerId, ThreadRole } from '../trace/events.ts';
import type { Joined } from '../trace/lab-state.ts';
import type { EventLog, Reporter } from './event-log.ts';
import type { ServerOptions } from './server-options.ts';
import { type DescriptorBook, ThreadSlots } from './shared-memory.ts';
import type { ThreadAssignment, ThreadMessage } from './thread-messages.ts';

/** The bundled program of a thread: beside this file in a bundle, in dist/ when run from sources. */
const THREAD_PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/thread.js' : './thread.js',
  import.meta.url,
);

/** A thread that does not end by itself in this time is terminated; nobody waits longer for that than this. */
const STOP_TIMEOUT_MS = 1400;
const TERMINATED_WITHIN_MS = 400;
/** Spare threads beyond the wanted number end after so long. */
const RETIRE_AFTER_MS = 1000;
/** When there are too few descriptors for one more thread, the next try is made after so long. */
const RETRY_AFTER_MS = 1000;
/**
 * What a thread opens: four for its event loop, its files while they are loaded, a socket. Asked for
 * before it is started, because one whose event loop cannot be made leaves a descriptor open (Node 20).
 */
const DESCRIPTORS_A_THREAD = 8;

/** What a run needs of the lab. */
export interface RunContext {
  log: EventLog;
  descriptors: DescriptorBook;
  /** One integer, kept over restarts: the server's last connection number. */
  connections: SharedArrayBuffer;
  nextThread(): number;
  /** The run broke down and is being stopped. */
  broke(error: Error): void;
}

interface RunningThread {
  number: number;
  worker: Worker;
  port: MessagePort;
  reporter: Reporter;
  slot: number | undefined;
  tid: number;
  exited: Promise<void>;
}

export class ServerRun {
  readonly #server: ServerId;
  readonly #design: Design;
  readonly #options: ServerOptions;
  readonly #context: RunContext;
  readonly #wake = openPipe();
  readonly #untaken = new Int32Array(new SharedArrayBuffer(4));
  readonly #slots: ThreadSlots;
  /** In the order of their start; server 2's acceptor is the first. */
  readonly #threads = new Map<number, RunningThread>();
  #retireTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;
  #broken = false;
  #settleStart:
    | { resolve(at: { address: string; port: number }): void; reject(error: Error): void }
    | undefined;

  constructor({ id, design }: Joined, options: ServerOptions, context: RunContext) {
    this.#server = id;
    this.#design = design;
    this.#options = options;
    this.#context = context;
    this.#slots = ThreadSlots.for(design.pool ? options.maxThreads : 0);
  }

  /** Resolves when the server listens; rejects, with everything closed, if it cannot. */
  async start(): Promise<{ address: string; port: number }> {
    try {
      return await new Promise((resolve, reject) => {
        this.#settleStart = { resolve, reject };
        this.#startThread(this.#design.pool ? 'acceptor' : 'server');
        this.#keepSpares();
      });
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      this.#settleStart = undefined;
    }
  }

  /** Ends all threads, whatever they are blocked in, and closes all their sockets. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  /** Wakes all threads for good: the only part of stopping that can be done as the process exits. */
  wakeAll(): void {
    this.#slots.stop();
    // Threads that block in recv see the end of the stream. Before the others are woken: they would
    // close descriptors, and another server could be given the same numbers.
    if (this.#design.process !== 'loop') {
      const threads = new Set(this.#threads.keys());
      this.#context.descriptors.forEachOf(threads, (fd) => systemCalls().endReceiving(fd));
    }
    systemCalls().write(this.#wake.writeFd, Uint8Array.of(1));
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#retireTimer);
    clearTimeout(this.#retryTimer);
    this.wakeAll();
    const threads = [...this.#threads.values()];
    const exited = Promise.all(threads.map((thread) => thread.exited)).then(() => {
      systemCalls().close(this.#wake.readFd);
      systemCalls().close(this.#wake.writeFd);
    });
    let timer: NodeJS.Timeout | undefined;
    const timeIsUp = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        // One that is only just loading its program ends by itself as soon as it runs; terminated
        // in the middle of loading the foreign-function library it would take the process along.
        const running = threads.filter(({ tid }) => tid !== 0);
        for (const { worker } of running) void worker.terminate();
        // Those that said so have ended and closed their sockets, and Node is taking them down.
        timer = setTimeout(resolve, running.length > 0 ? TERMINATED_WITHIN_MS : 0);
      }, STOP_TIMEOUT_MS);
    });
    await Promise.race([exited, timeIsUp]);
    clearTimeout(timer);
  }

  #startThread(role: ThreadRole, slot?: number, number = this.#context.nextThread()): void {
    const starting = [...this.#threads.values()].filter(({ tid }) => tid === 0).length;
    needDescriptors(DESCRIPTORS_A_THREAD * (starting + 1), `a thread of ${this.#server}`);
    const { port1, port2 } = new MessageChannel();
    const { log, descriptors, connections } = this.#context;
    const reporter = log.expect(() => this.#collect(number));
    const workerData: ThreadAssignment = {
      server: this.#server,
      design: this.#design,
      thread: number,
      role,
      slot: slot ?? 0,
      options: this.#options,
      port: port2,
      wakeFd: this.#wake.readFd,
      clockOriginNs: log.clock.originNs,
      board: log.board.memory,
      place: reporter.place,
      slots: this.#slots.memory,
      descriptors: descriptors.memory,
      connections,
      untaken: this.#untaken.buffer,
    };
    const worker = new Worker(THREAD_PROGRAM, {
      workerData,
      transferList: [port2],
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 64, stackSizeMb: 4 },
    });
    let failure: Error | undefined;
    const exited = new Promise<void>((resolve) => {
      worker.on('error', (error) => {
        failure = error;
      });
      worker.on('exit', () => {
        this.#bury(number, failure);
        resolve();
      });
    });
    port1.on('message', (message: ThreadMessage) => {
      this.#take(number, message);
      log.look();
    });
    this.#threads.set(number, { number, worker, port: port1, reporter, slot, tid: 0, exited });
  }

  /** Takes everything that the thread has posted. */
  #collect(number: number): void {
    const port = this.#threads.get(number)?.port;
    for (let next = port && receiveMessageOnPort(port); next; next = receiveMessageOnPort(port!))
      this.#take(number, next.message as ThreadMessage);
  }

  #take(number: number, message: ThreadMessage): void {
    this.#threads.get(number)?.reporter.took();
    if (message.type === 'failed') this.#fail(new ThreadFailure(message));
    if (message.type !== 'facts') return;
    Atomics.sub(this.#untaken, 0, message.facts.length);
    this.#context.log.take(this.#server, number, message.facts);
    for (const fact of message.facts) this.#look(number, fact);
  }

  /** What the run itself must know of what its threads report. */
  #look(number: number, fact: LabFact): void {
    const thread = this.#threads.get(number);
    if (fact.type === 'listening') {
      this.#settleStart?.resolve({ address: fact.address, port: fact.port });
    } else if (fact.type === 'threadStarted' && thread) {
      thread.tid = fact.tid;
    } else if (fact.type === 'threadEnded' && thread) {
      thread.tid = 0;
    } else if (fact.type === 'handedOver') {
      this.#keepSpares();
    } else if (fact.type === 'closed' && this.#design.pool) {
      this.#retireLater();
    }
  }

  /** With a pool: starts threads ahead of their clients, as many as wanted and allowed. */
  #keepSpares(): void {
    if (!this.#design.pool || this.#stopped || this.#retryTimer) return;
    for (let { spare } = this.#slots.count(); spare < this.#sparesWanted; spare++) {
      const number = this.#context.nextThread();
      const slot = this.#slots.reserve(number);
      if (slot === undefined) return;
      try {
        this.#startThread('client', slot, number);
      } catch (error) {
        this.#slots.release(slot);
        if (!isForWantOfDescriptors(error)) throw error;
        this.#retryLater();
        return;
      }
    }
  }

  /** Those who have a thread keep it; newcomers wait for one. */
  #retryLater(): void {
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.#keepSpares();
    }, RETRY_AFTER_MS).unref();
  }

  get #sparesWanted(): number {
    return Math.max(1, this.#options.spareThreads);
  }

  #retireLater(): void {
    this.#retireTimer ??= setTimeout(() => {
      this.#retireTimer = undefined;
      let { spare } = this.#slots.count();
      while (spare-- > this.#sparesWanted && this.#slots.retireOne());
    }, RETIRE_AFTER_MS).unref();
  }

  #fail(error: Error): void {
    if (this.#settleStart) this.#settleStart.reject(error);
    else if (!this.#stopped && !this.#broken) {
      this.#broken = true;
      this.#context.broke(error);
    }
  }

  /** After a thread's exit: nothing of it stays behind, however it ended. */
  #bury(number: number, failure: Error | undefined): void {
    const thread = this.#threads.get(number);
    if (!thread) return;
    this.#collect(number);
    this.#threads.delete(number);
    thread.port.close();
    for (const fd of this.#context.descriptors.takeFrom(number)) systemCalls().close(fd);
    const couldNotStart =
      thread.slot !== undefined && thread.tid === 0 && isForWantOfDescriptors(failure);
    if (couldNotStart) this.#retryLater();
    if (thread.slot !== undefined) {
      this.#slots.release(thread.slot);
      // Somebody may be waiting for a thread since before there was a place for one.
      this.#keepSpares();
    }
    if (thread.tid !== 0)
      void this.#context.log.add(this.#server, [{ type: 'threadEnded', tid: thread.tid }], number);
    thread.reporter.end();
    if (failure) {
      if (!couldNotStart) this.#fail(failure);
    } else if (thread.tid !== 0) {
      this.#fail(new Error(`thread ${number} of ${this.#server} died`));
    }
  }
}

/** Whether a thread could not start because the process has no descriptor left for it. */
function isForWantOfDescriptors(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, message } = error as NodeJS.ErrnoException;
  return (
    code === 'EMFILE' ||
    code === 'ENFILE' ||
    // The thread's event loop has no descriptors; the dynamic loader has none for a library.
    (code === 'ERR_WORKER_INIT_FAILED' && /EMFILE|ENFILE/.test(message)) ||
    (code === 'ERR_DLOPEN_FAILED' && /too many open files/i.test(message))
  );
}

/** An error that ended a thread, as its last message told it. */
class ThreadFailure extends SocketError {
  constructor({ message, code, syscall }: Extract<ThreadMessage, { type: 'failed' }>) {
    super(syscall ?? '', code ?? '', message);
    this.message = message;
  }
}
