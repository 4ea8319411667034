/** What can be set of a server, with defaults and bounds. */

import type { BusyPolicy } from '../trace/events.ts';

export interface ServerOptions {
  /** An IPv4 or IPv6 address of this machine. */
  address: string;
  /** 0 to 65535; 0 lets the kernel pick a free one. */
  port: number;
  /** Server 1: what happens to a newcomer while a client is served. */
  policy: BusyPolicy;
  /** Milliseconds of silence after which an unterminated message counts as whole. 1 to 60,000. */
  idleMs: number;
  /** Every calculation is repeated until this many milliseconds are over. 0 to 10,000. */
  slowMs: number;
  /**
   * Server 2: the most client threads at once. The first newcomer beyond it is accepted and waits for a
   * thread, the others wait in the accept queue. 1 to 256.
   */
  maxThreads: number;
  /** Server 2: threads started ahead of their client. 0 to 64. */
  spareThreads: number;
  /** Connections that the kernel completes ahead of accept. 1 to 4096 (and net.core.somaxconn). */
  backlog: number;
  /** Sum calls up at a high rate instead of listing each. */
  sumUp: boolean;
}

export const defaultOptions: ServerOptions = {
  address: '127.0.0.1',
  port: 0,
  policy: 'busy',
  idleMs: 100,
  slowMs: 0,
  maxThreads: 64,
  spareThreads: 4,
  backlog: 511,
  sumUp: true,
};

/** The bounds of the numeric options, both ends included. */
export const optionBounds = {
  port: [0, 65535],
  idleMs: [1, 60_000],
  slowMs: [0, 10_000],
  maxThreads: [1, 256],
  spareThreads: [0, 64],
  backlog: [1, 4096],
} as const satisfies Partial<Record<keyof ServerOptions, readonly [number, number]>>;
