/** The sentence of the moment, at most one a second, so that it can be read and read out. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { momentOf, weightier, type Moment } from '../view/words/moment.ts';

const SHORTEST = 1_000;

export class Moments {
  current = $state.raw<Moment | null>(null);
  #next: Moment | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  tell(events: readonly LabEvent[], lab: LabState): void {
    for (const event of events) this.#next = weightier(this.#next, momentOf(event, lab));
    if (this.#timer === undefined) this.#show();
  }

  /**
   * Begins anew, with the last moment among `events`, or with `otherwise`: another run of the lab, or another
   * view of it.
   */
  begin(events: readonly LabEvent[], lab: LabState, otherwise: Moment | null = null): void {
    this.#next = null;
    const moments = events.map((event) => momentOf(event, lab));
    this.current = moments.findLast((moment) => moment !== null) ?? otherwise;
  }

  /** What is told stays; what was to be told next is not. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = null;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #show(): void {
    this.#timer = undefined;
    if (!this.#next) return;
    this.current = this.#next;
    this.#next = null;
    this.#timer = setTimeout(() => this.#show(), SHORTEST);
  }
}
