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
import { SocketError } from '@sockscope/tcp-core/sockets/api';
import { systemCalls } from '@sockscope/tcp-core/sockets/calls/this-platform';
import { needDescriptors, openPipe } from '@sockscope/tcp-core/sockets/descriptors';
import type { Design } from '@sockscope/tcp-core/trace/design';
import type { LabFact, ServerId, ThreadRole } from '@sockscope/tcp-core/trace/events';
import type { Joined } from '@sockscope/tcp-core/trace/lab-state';
import type { EventLog, Reporter } from '../event-log.ts';
import type { ServerOptions } from './server-options.ts';
import type { DescriptorBook } from './descriptor-book.ts';
import { isForWantOfDescriptors, ThreadPool } from './thread-pool.ts';
import { ThreadSlots } from './thread-slots.ts';
import type { ThreadAssignment, ThreadMessage } from './thread-messages.ts';

/** The bundled program of a thread: beside this file in a bundle, in dist/ when run from sources. */
const THREAD_PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/thread.js' : './thread.js',
  import.meta.url,
);

/** A thread that does not end by itself in this time is terminated; nobody waits longer for that than this. */
const STOP_TIMEOUT_MS = 1400;
const TERMINATED_WITHIN_MS = 400;
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
  readonly #pool: ThreadPool | undefined;
  /** In the order of their start; server 2's acceptor is the first. */
  readonly #threads = new Map<number, RunningThread>();
  #stopped: Promise<void> | undefined;
  #broken = false;
  #settleStart:
    | { resolve(at: { address: string; port: number }): void; reject(error: Error): void }
    | undefined;

  constructor(
    { id, design }: Pick<Joined, 'id' | 'design'>,
    options: ServerOptions,
    context: RunContext,
  ) {
    this.#server = id;
    this.#design = design;
    this.#options = options;
    this.#context = context;
    this.#slots = ThreadSlots.for(design.pool ? options.maxThreads : 0);
    this.#pool = design.pool
      ? new ThreadPool(this.#slots, {
          spareThreads: options.spareThreads,
          nextThread: () => context.nextThread(),
          start: (slot, thread) => {
            this.#startThread('client', slot, thread);
          },
        })
      : undefined;
  }

  /** Resolves when the server listens; rejects, with everything closed, if it cannot. */
  async start(): Promise<{ address: string; port: number }> {
    try {
      return await new Promise((resolve, reject) => {
        this.#settleStart = { resolve, reject };
        this.#startThread(this.#pool ? 'acceptor' : 'server');
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
    this.#pool?.stop();
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
      // Not before: while a lab starts its processors have enough to do.
      this.#pool?.keepSpares();
    } else if (fact.type === 'threadStarted' && thread) {
      thread.tid = fact.tid;
    } else if (fact.type === 'threadEnded' && thread) {
      thread.tid = 0;
    } else if (fact.type === 'handedOver') {
      this.#pool?.keepSpares();
    } else if (fact.type === 'closed') {
      this.#pool?.retireLater();
    }
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
    if (couldNotStart) this.#pool?.retryLater();
    if (thread.slot !== undefined) this.#pool?.release(thread.slot);
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

/** An error that ended a thread, as its last message told it. */
class ThreadFailure extends SocketError {
  constructor({ message, code, syscall }: Extract<ThreadMessage, { type: 'failed' }>) {
    super(syscall ?? '', code ?? '', message);
    this.message = message;
  }
}
