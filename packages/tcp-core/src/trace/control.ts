/** What can be asked of a server while the lab runs: one vocabulary for page, HTTP and lab. */

import type { Settings } from './settings.ts';

/** `set`: the settings are read when a server starts, so it is restarted with them. */
export type Control =
  { do: 'start' | 'stop' | 'restart' } | { do: 'set'; settings: Partial<Settings> };
