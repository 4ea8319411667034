/** Those who wait for their turn of the event loop, so that whatever many do at once keeps nobody else. */

import { setImmediate as turn } from 'node:timers/promises';

export class Line {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves in a turn in which no other of this line has been called. */
  turn(): Promise<void> {
    const mine = this.#last.then(() => turn());
    this.#last = mine;
    return mine;
  }
}
