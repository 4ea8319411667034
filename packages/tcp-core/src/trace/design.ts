/**
 * What kind of server it is. Whatever depends on that asks its design; nothing asks for an id. Plain
 * JSON: it is in the log, so a recording needs nothing else.
 */

import type { Settings } from './settings.ts';

export interface Design {
  /** Which words and which source belong to it (see designs/). */
  name: string;
  /** Whether it answers lines, or sends back bytes. */
  speaks: 'lines' | 'bytes';
  /**
   * How its inside is drawn: a chair that one client has at a time, a lane for each thread, a loop around
   * select; a plain box where nothing is known.
   */
  process: 'seat' | 'lanes' | 'loop' | 'box';
  /** Whether it evaluates what it receives. */
  calculates: boolean;
  /** Whether one thread accepts, and others serve a client each. */
  pool: boolean;
  /** What can be set on it. */
  settings: readonly (keyof Settings)[];
  /** Where what is known of it comes from. */
  seenBy: readonly ('call' | 'kernel' | 'tap' | 'x-ray')[];
}
