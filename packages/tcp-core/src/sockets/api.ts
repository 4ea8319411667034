/**
 * What a server is written against: the Berkeley socket calls, and nothing else.
 *
 * Every call is synchronous, as in C: one that blocks has blocked its thread by the time it returns.
 *
 * One thing is simpler than in C: a peer that reset the connection is not an error that each
 * server must handle. From then on `recv` reports the end and `send` drops what it is given, and the
 * event log says what really happened. That loses nothing: a successful send never promised delivery.
 */

export interface Address {
  /** An IPv4 or IPv6 address of this machine. */
  address: string;
  /** 0 asks the kernel for a free port. */
  port: number;
}

/** The flag MSG_DONTWAIT (SOCK_NONBLOCK for accept): come back at once, whatever there is. */
export const DONTWAIT = { dontWait: true } as const;
export type DontWait = typeof DONTWAIT;

/** A socket in state LISTEN. */
export interface Listener {
  /** The file descriptor. */
  readonly fd: number;
  /** Where it listens, with the port that the kernel picked. */
  readonly at: Address;
  /** Takes the next connection out of the accept queue; blocks while that is empty (accept(2)). */
  accept(): Connection;
  /** The same, but undefined if the queue is empty: the newcomer may be gone again by now. */
  accept(flag: DontWait): Connection | undefined;
  close(): void;
}

/** A connected socket. */
export interface Connection {
  readonly fd: number;
  /**
   * Up to `max` bytes, as soon as there are any (recv(2)); none (length 0) when the client will send
   * no more; undefined when `timeoutMs` passed without a byte (SO_RCVTIMEO). The bytes lie in a
   * buffer that the next recv of this thread uses again: copy what is kept.
   */
  recv(max: number, timeoutMs?: number): Uint8Array | undefined;
  /** Blocks until the kernel took all bytes (send(2)); returns their number. */
  send(bytes: Uint8Array): number;
  /** Hands over what fits into the send buffer now; returns how many bytes that were, maybe 0. */
  send(bytes: Uint8Array, flag: DontWait): number;
  /**
   * Ends the connection. With bytes still unread a plain close(2) would answer RST, which can
   * destroy a reply on its way. So unless the client has ended too, this sends FIN and the layer
   * drops what still arrives, for a second at most, before the descriptor is closed.
   */
  close(): void;
  /** Turns the client away: sends `reason` as one line, then closes. */
  refuse(reason: string): void;
}

/** What select(2) returned: the descriptors that are ready. */
export interface Ready {
  readable: (Listener | Connection)[];
  writable: Connection[];
}

export interface Sockets {
  /** socket, bind and listen. Throws SocketError (EADDRINUSE, EADDRNOTAVAIL, EACCES …). */
  readonly listen: (at: Address) => Listener;
  /** Blocks until one of these is ready, or until `timeoutMs` passed: then nothing is (select(2)). */
  readonly select: (
    read: Iterable<Listener | Connection>,
    write?: Iterable<Connection>,
    timeoutMs?: number,
  ) => Ready;
  /**
   * Server 2: gives the connection to another thread, which runs the server's `serveClient` with it
   * (pthread_create). Blocks while as many threads as allowed are busy.
   */
  readonly startThread: (client: Connection) => void;
}

/** A system call that failed. `code` is the name of its errno, `syscall` the call's. */
export class SocketError extends Error {
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, code: string, what: string) {
    super(`${syscall}: ${code}: ${what}`);
    this.name = 'SocketError';
    this.code = code;
    this.syscall = syscall;
  }
}

/** Thrown out of any blocking call when the server is to stop. Servers let it pass. */
export class Stopped extends Error {
  constructor() {
    super('the server is stopping');
    this.name = 'Stopped';
  }
}
