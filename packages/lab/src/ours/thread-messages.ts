/** What the lab and its threads tell each other. */

import type { MessagePort } from 'node:worker_threads';
import type { Design } from '@sockscope/tcp-core/trace/design';
import type { ServerId, ThreadFact, ThreadRole } from '@sockscope/tcp-core/trace/events';
import type { ServerOptions } from './server-options.ts';

/** What the lab gives a thread at its start. */
export interface ThreadAssignment {
  server: ServerId;
  design: Design;
  thread: number;
  role: ThreadRole;
  /** The place of a client thread in `slots`. */
  slot: number;
  options: ServerOptions;
  port: MessagePort;
  wakeFd: number;
  clockOriginNs: bigint;
  /** Where it says how far it has reported, and its place there. */
  board: SharedArrayBuffer;
  place: number;
  slots: SharedArrayBuffer;
  descriptors: SharedArrayBuffer;
  /** One integer: the last connection's number. */
  connections: SharedArrayBuffer;
  /** One integer: the facts that the threads of this run have posted and the lab has not taken. */
  untaken: SharedArrayBuffer;
}

/** What a thread sends: its facts, and at the end how it went. */
export type ThreadMessage =
  | { type: 'facts'; facts: ThreadFact[] }
  | { type: 'ended' }
  | { type: 'failed'; message: string; code: string | null; syscall: string | null };
