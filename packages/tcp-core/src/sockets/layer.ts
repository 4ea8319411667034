/** What a listener and a connection need of the layer that they belong to. */

import type { PollEvent } from './calls/system-calls.ts';
import type { LingeringSockets } from './lingering.ts';
import type { ReceiveBuffer } from './receive-buffer.ts';
import type { SocketTrace, TracedConnection } from './socket-trace.ts';

/** What the layer is given by the thread that it runs in. */
export interface LayerOptions {
  /** Readable when the thread shall stop. */
  wakeFd: number;
  /** Whether it shall stop; set before its sockets are shut down from outside. */
  stopping(): boolean;
  backlog: number;
  trace: SocketTrace;
  /** A number for a new connection. */
  nextConnection(): number;
  /** Keeps the book of open descriptors, so that those of a dead thread can be closed. */
  opened(fd: number): void;
  closed(fd: number): void;
  /** Server 2: finds a thread for the connection. */
  startThread(client: TracedConnection): void;
}

export interface Layer {
  readonly options: LayerOptions;
  /** Sockets that were closed while their client may still be sending. */
  readonly lingering: LingeringSockets;
  readonly buffer: ReceiveBuffer;
  /**
   * Blocks until `fd` is ready for `event` (poll(2)), false if it is not at `deadline` (performance.now(),
   * ms). Throws Stopped.
   */
  waitFor(
    call: 'accept' | 'recv' | 'send' | 'close',
    fd: number,
    event: PollEvent,
    deadline: number,
  ): boolean;
  /** Before a thread blocks on one descriptor: whether it wants to come back soon to report more. */
  hasFactsToHandOn(call: 'recv', fd: number): boolean;
  /** The socket is closed: its descriptor may be another's from now on. */
  forget(socket: { fd: number }): void;
}
