/** What a server is told when it starts. */

import type { Calculate } from '../conversation/message.ts';
import type { Address } from '../sockets/api.ts';
import type { BusyPolicy } from '../trace/settings.ts';

export interface Assignment {
  /** Where to listen. */
  at: Address;
  /** Answers a message (servers 1 to 3). */
  calculate: Calculate;
  /** Silence after which an unterminated message counts as whole, in ms (servers 1 to 3). */
  idleMs: number;
  /** What a newcomer meets while a client is served (server 1). */
  policy: BusyPolicy;
}
