/** The last events, so that a viewer that lost its line for a moment can go on where it was. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';

export const RING_EVENTS = 10_000;

export class EventRing {
  readonly #slots: LabEvent[] = [];
  readonly #size: number;
  #last = 0;

  constructor(size: number = RING_EVENTS) {
    this.#size = size;
  }

  /** The events must follow each other without a gap. */
  push(events: readonly LabEvent[]): void {
    for (const event of events) {
      this.#slots[event.seq % this.#size] = event;
      this.#last = event.seq;
    }
  }

  /** The events after `seq`, oldest first; undefined if some of them are no longer (or not yet) here. */
  after(seq: number): LabEvent[] | undefined {
    if (seq > this.#last) return undefined;
    const events: LabEvent[] = [];
    for (let next = seq + 1; next <= this.#last; next += 1) {
      const event = this.#slots[next % this.#size];
      if (event?.seq !== next) return undefined;
      events.push(event);
    }
    return events;
  }
}
