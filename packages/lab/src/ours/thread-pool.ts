/**
 * The threads of a server that gives each client one: started ahead of their clients, as many as wanted and
 * allowed, and ended when too many wait for one.
 */

import type { ThreadSlots } from './thread-slots.ts';

/** Spare threads beyond the wanted number end after so long. */
const RETIRE_AFTER_MS = 1000;
/** When there are too few descriptors for one more thread, the next try is made after so long. */
const RETRY_AFTER_MS = 1000;

export interface PoolOptions {
  /** Threads that shall be ahead of their clients; one at least always is. */
  spareThreads: number;
  /** A number for a new thread. */
  nextThread(): number;
  /** Starts a thread in this slot. Throws a SocketError (EMFILE, ENFILE) if there are too few descriptors for it. */
  start(slot: number, thread: number): void;
}

export class ThreadPool {
  readonly #slots: ThreadSlots;
  readonly #options: PoolOptions;
  #retireTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(slots: ThreadSlots, options: PoolOptions) {
    this.#slots = slots;
    this.#options = options;
  }

  /** Starts threads ahead of their clients. */
  keepSpares(): void {
    if (this.#isStopped || this.#retryTimer) return;
    for (let { spare } = this.#slots.count(); spare < this.#wanted; spare++) {
      const thread = this.#options.nextThread();
      const slot = this.#slots.reserve(thread);
      if (slot === undefined) return;
      try {
        this.#options.start(slot, thread);
      } catch (error) {
        this.#slots.release(slot);
        if (!isForWantOfDescriptors(error)) throw error;
        this.retryLater();
        return;
      }
    }
  }

  /** Those who have a thread keep it; newcomers wait for one. */
  retryLater(): void {
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.keepSpares();
    }, RETRY_AFTER_MS).unref();
  }

  /** A client has left: its thread may be one too many. */
  retireLater(): void {
    this.#retireTimer ??= setTimeout(() => {
      this.#retireTimer = undefined;
      let { spare } = this.#slots.count();
      while (spare-- > this.#wanted && this.#slots.retireOne());
    }, RETIRE_AFTER_MS).unref();
  }

  /** The thread of this slot is gone. Somebody may be waiting for one since before there was a place for it. */
  release(slot: number): void {
    this.#slots.release(slot);
    this.keepSpares();
  }

  /** Starts and ends none any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retireTimer);
    clearTimeout(this.#retryTimer);
  }

  get #wanted(): number {
    return Math.max(1, this.#options.spareThreads);
  }
}

/** Whether a thread could not start because the process has no descriptor left for it. */
export function isForWantOfDescriptors(error: unknown): boolean {
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
