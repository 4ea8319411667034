/**
 * Something that changes, shown in several places that cannot all be drawn anew within one frame.
 *
 * After a moment of calm a change is shown everywhere at once. While changes keep coming, the places
 * take turns, one each frame, so that none of them is more than that many frames behind.
 */

/** Milliseconds without a change that count as calm. */
const CALM_MS = 80;

class Place<T> {
  shown: T;

  constructor(first: T) {
    this.shown = $state.raw(first);
  }
}

export class Turns<T> {
  readonly #places: Place<T>[];
  #newest: T;
  #changedAt = 0;
  #turn = 0;
  /** Places that do not show the newest yet. */
  #stale = 0;
  #frame: number | null = null;

  /** `read` is followed like an effect: call this where effects may be made. */
  constructor(read: () => T, places: number) {
    this.#newest = read();
    this.#places = Array.from({ length: places }, () => new Place(this.#newest));
    $effect(() => this.#changed(read()));
    $effect(() => {
      document.addEventListener('visibilitychange', this.#showAll);
      return () => {
        document.removeEventListener('visibilitychange', this.#showAll);
        if (this.#frame !== null) cancelAnimationFrame(this.#frame);
      };
    });
  }

  /** What this place shows, 0 and up. */
  at(place: number): T {
    return this.#places[place]?.shown ?? this.#newest;
  }

  #changed(value: T): void {
    this.#newest = value;
    const now = performance.now();
    const calm = now - this.#changedAt > CALM_MS;
    this.#changedAt = now;
    if (calm) {
      this.#showAll();
    } else {
      this.#stale = this.#places.length;
      this.#schedule();
    }
  }

  /** Nobody sees a hidden page: it is drawn again when it comes back. */
  readonly #showAll = (): void => {
    if (document.hidden) return;
    this.#stale = 0;
    for (const place of this.#places) place.shown = this.#newest;
  };

  #schedule(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      const place = this.#places[this.#turn];
      this.#turn = (this.#turn + 1) % this.#places.length;
      if (place) place.shown = this.#newest;
      this.#stale -= 1;
      if (this.#stale > 0) this.#schedule();
    });
  }
}
