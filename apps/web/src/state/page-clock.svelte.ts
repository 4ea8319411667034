/** The page's clock: for what is shown only for a while, and for what grows older. */

const CALM_MS = 1_000;
const FAST_MS = 100;

export class PageClock {
  /** performance.now() of the last tick. */
  now = $state(performance.now());
  #isFast = false;
  #timer = this.#start(CALM_MS);

  /** Ten times a second instead of once. */
  set fast(fast: boolean) {
    if (fast === this.#isFast) return;
    this.#isFast = fast;
    clearInterval(this.#timer);
    this.#timer = this.#start(fast ? FAST_MS : CALM_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #start(everyMs: number): ReturnType<typeof setInterval> {
    return setInterval(() => (this.now = performance.now()), everyMs);
  }
}
