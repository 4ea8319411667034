/** Which thread has which descriptor open, in shared memory: one that died cannot tell any more. */

/** Owner of each descriptor: the number of the thread that has it open, 0 for nobody. */
export class DescriptorBook {
  readonly memory: SharedArrayBuffer;
  readonly #owner: Int32Array;

  constructor(memory = new SharedArrayBuffer(4 * 65_536)) {
    this.memory = memory;
    this.#owner = new Int32Array(memory);
  }

  opened(fd: number, thread: number): void {
    if (fd < this.#owner.length) Atomics.store(this.#owner, fd, thread);
  }

  closed(fd: number): void {
    if (fd < this.#owner.length) Atomics.store(this.#owner, fd, 0);
  }

  /** Calls `action` with each descriptor that these threads have open, right after looking. */
  forEachOf(threads: ReadonlySet<number>, action: (fd: number) => void): void {
    for (let fd = 0; fd < this.#owner.length; fd++) {
      if (threads.has(Atomics.load(this.#owner, fd))) action(fd);
    }
  }

  /** Takes the descriptors of a thread that is gone out of the book. */
  takeFrom(thread: number): number[] {
    const fds: number[] = [];
    for (let fd = 0; fd < this.#owner.length; fd++) {
      if (Atomics.compareExchange(this.#owner, fd, thread, 0) === thread) fds.push(fd);
    }
    return fds;
  }
}
