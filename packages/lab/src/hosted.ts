/** What the lab hosts, and what watches it from outside. */

import type { Control } from '@sockscope/tcp-core/trace/control';
import type { Design } from '@sockscope/tcp-core/trace/design';
import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';

/** A server that has joined the lab. */
export interface Hosted {
  readonly id: ServerId;
  readonly design: Design;
  /**
   * Does as it is told, one thing after the other. Rejects with a SocketError (EADDRINUSE, EADDRNOTAVAIL,
   * EACCES …) if it cannot listen.
   */
  control(control: Control): Promise<void>;
  /** Wakes all its threads for good: the only part of an end that can be done as the process exits. */
  wakeAll(): void;
  /** Ends it within two seconds. */
  close(): Promise<void>;
}

/** Reports what no call of a server tells: while there is something to see it looks at the system, now and then. */
export interface Witness {
  /** Reads the log: every event, in its order. */
  observe(event: LabEvent): void;
  /** Ends its looks; the next event that shows something to see begins them again. */
  stop(): Promise<void>;
}
