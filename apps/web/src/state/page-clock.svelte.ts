/** The page's clock, once a second: for what is shown only for a while. */

export class PageClock {
  /** performance.now() of the last tick. */
  now = $state(performance.now());
  readonly #timer = setInterval(() => (this.now = performance.now()), 1_000);

  close(): void {
    clearInterval(this.#timer);
  }
}
