/** Passes on what changes often no oftener than so, the newest each time. */
export class Paced<T> {
  readonly #pass: (value: T) => void;
  readonly #everyMs: number;
  #next: { value: T } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `pass` is called at once for the first value, and then at most once in `everyMs` milliseconds. */
  constructor(everyMs: number, pass: (value: T) => void) {
    this.#everyMs = everyMs;
    this.#pass = pass;
  }

  give(value: T): void {
    if (this.#timer) this.#next = { value };
    else this.#passOn(value);
  }

  /** Passes on what still waits; call it when nothing more is given. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#next) this.#pass(this.#next.value);
    this.#next = undefined;
  }

  #passOn(value: T): void {
    this.#pass(value);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const next = this.#next;
      this.#next = undefined;
      if (next) this.#passOn(next.value);
    }, this.#everyMs).unref();
  }
}
