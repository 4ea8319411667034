/**
 * Something that changes, shown in several places that cannot all be drawn anew within one frame.
 *
 * After a moment of calm a change is shown everywhere at once. While changes keep coming, the places
 * take turns, one in every second frame: none of four is more than an eighth of a second behind, and the
 * frames between have room for what moves.
 */

/** Frames without a change that count as calm: counted, not timed, because slow frames are no calm. */
const CALM_FRAMES = 5;

/** Milliseconds between two turns, at least: a little less than two frames of 60 a second. */
const TURN_MS = 30;

class Place<T> {
  shown: T;

  constructor(first: T) {
    this.shown = $state.raw(first);
  }
}

export class Turns<T> {
  readonly #places: Place<T>[];
  #newest: T;
  /** Frames since the last change; CALM_FRAMES and more: it is calm. */
  #quiet = CALM_FRAMES;
  #turn = 0;
  /** Places that do not show the newest yet. */
  #stale = 0;
  #frame: number | null = null;
  /** When the last turn was, in the time of the browser's frames. */
  #turnAt = 0;

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
    if (this.#quiet >= CALM_FRAMES) this.#showAll();
    else this.#stale = this.#places.length;
    this.#quiet = 0;
    this.#frame ??= requestAnimationFrame(this.#next);
  }

  /** Nobody sees a hidden page: it is drawn again when it comes back. */
  readonly #showAll = (): void => {
    if (document.hidden) return;
    this.#stale = 0;
    for (const place of this.#places) place.shown = this.#newest;
  };

  /** Once a frame, from a change on until it is calm and nothing is stale. */
  readonly #next = (now: number): void => {
    this.#quiet += 1;
    const busy = this.#quiet < CALM_FRAMES || this.#stale > 0;
    this.#frame = busy ? requestAnimationFrame(this.#next) : null;
    if (this.#stale === 0 || now - this.#turnAt < TURN_MS) return;
    this.#turnAt = now;
    const place = this.#places[this.#turn];
    this.#turn = (this.#turn + 1) % this.#places.length;
    if (place) place.shown = this.#newest;
    this.#stale -= 1;
  };
}
