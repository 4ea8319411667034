/**
 * How the threads of a pool and their acceptor find each other. A thread blocked in a system call never
 * runs its event loop, so nothing can be told to it by message; these few integers in shared memory are how.
 */

/** Where a client thread of server 2 is. */
const EMPTY = 0; // no thread
const STARTING = 1;
const PARKED = 2; // waits for a client
const CLAIMED = 3; // a client is being given to it
const GIVEN = 4;
const RETIRED = 5; // shall end

const SLOT = 4; // state, thread, fd, connection
const STOP = 0;
const FREED = 1;
const HEADER = 2;

/** A connection on its way to another thread. */
export interface Handoff {
  fd: number;
  connection: number;
}

/**
 * The parking place of server 2's client threads: the acceptor puts a client into the slot of a
 * parked thread, which wakes up with it (a futex, as under every pthread condition variable).
 */
export class ThreadSlots {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  static for(threads: number): ThreadSlots {
    return new ThreadSlots(new SharedArrayBuffer(4 * (HEADER + SLOT * threads)));
  }

  get size(): number {
    return (this.#cells.length - HEADER) / SLOT;
  }

  get stopping(): boolean {
    return Atomics.load(this.#cells, STOP) === 1;
  }

  /** How many threads are parked or about to be, and how many there are at all. */
  count(): { spare: number; all: number } {
    const states = Array.from({ length: this.size }, (_, slot) => this.#state(slot));
    return {
      spare: states.filter((state) => state === STARTING || state === PARKED).length,
      all: states.filter((state) => state !== EMPTY).length,
    };
  }

  /** A free slot for a thread that is being started; undefined if all are taken. */
  reserve(thread: number): number | undefined {
    for (let slot = 0; slot < this.size; slot++) {
      if (Atomics.compareExchange(this.#cells, at(slot), EMPTY, STARTING) !== EMPTY) continue;
      this.#cells[at(slot) + 1] = thread;
      return slot;
    }
    return undefined;
  }

  /** The thread of this slot is gone. */
  release(slot: number): void {
    Atomics.store(this.#cells, at(slot), EMPTY);
  }

  /** In a client thread: blocks until there is a client; undefined when it shall end. */
  park(slot: number): Handoff | undefined {
    if (this.#state(slot) !== RETIRED) Atomics.store(this.#cells, at(slot), PARKED);
    this.#wakeAcceptor();
    for (;;) {
      const state = this.#state(slot);
      if (state === RETIRED || this.stopping) return undefined;
      if (state === GIVEN) {
        return {
          fd: this.#cells[at(slot) + 2]!,
          connection: this.#cells[at(slot) + 3]!,
        };
      }
      Atomics.wait(this.#cells, at(slot), state);
    }
  }

  /**
   * In the acceptor: gives the client to a parked thread, after telling `given` that thread's number. Without
   * one it calls `blocking` and blocks until a thread is free; false when it shall stop.
   */
  give(client: Handoff, given: (thread: number) => void, blocking: () => void): boolean {
    for (;;) {
      const freed = Atomics.load(this.#cells, FREED);
      for (let slot = 0; slot < this.size; slot++) {
        if (Atomics.compareExchange(this.#cells, at(slot), PARKED, CLAIMED) !== PARKED) continue;
        this.#cells[at(slot) + 2] = client.fd;
        this.#cells[at(slot) + 3] = client.connection;
        given(this.#cells[at(slot) + 1]!);
        Atomics.store(this.#cells, at(slot), GIVEN);
        Atomics.notify(this.#cells, at(slot));
        return true;
      }
      if (this.stopping) return false;
      blocking();
      Atomics.wait(this.#cells, FREED, freed);
    }
  }

  /** Tells one parked thread to end; false if none is parked. */
  retireOne(): boolean {
    for (let slot = this.size - 1; slot >= 0; slot--) {
      if (Atomics.compareExchange(this.#cells, at(slot), PARKED, RETIRED) !== PARKED) continue;
      Atomics.notify(this.#cells, at(slot));
      return true;
    }
    return false;
  }

  /** Wakes every thread that waits here, for good. */
  stop(): void {
    Atomics.store(this.#cells, STOP, 1);
    while (this.retireOne());
    this.#wakeAcceptor();
  }

  #state(slot: number): number {
    return Atomics.load(this.#cells, at(slot));
  }

  #wakeAcceptor(): void {
    Atomics.add(this.#cells, FREED, 1);
    Atomics.notify(this.#cells, FREED);
  }
}

function at(slot: number): number {
  return HEADER + SLOT * slot;
}
