/** A socket in state LISTEN: accept, also when no descriptor is left. */

import type { Address, DontWait, Listener } from './api.ts';
import { errnoName, lastError, libc, openSpareFd, OUR_FAULT, SOCK_CLOEXEC } from './libc.ts';
import type { Layer } from './layer.ts';
import type { PosixConnection } from './posix-connection.ts';
import { decodeSockaddr, SOCKADDR_MAX } from './sockaddr.ts';

/** What a listener needs of it besides. */
export interface AcceptingLayer extends Layer {
  /** Blocks until a newcomer is in the listener's queue and may be accepted. Throws Stopped. */
  waitToAccept(listener: { fd: number }): void;
  /** Nobody can be accepted now, for want of descriptors or memory: the next look comes later. */
  turnDeaf(listener: { fd: number }): void;
  /** A connection for a new socket. */
  accepted(fd: number, peer: Address): PosixConnection;
}

export class PosixListener implements Listener {
  readonly fd: number;
  readonly at: Address;
  readonly #sockets: AcceptingLayer;
  /** Given up for a moment when there is no other descriptor left. */
  #spareFd: number;

  constructor(sockets: AcceptingLayer, fd: number, at: Address) {
    this.#sockets = sockets;
    this.fd = fd;
    this.at = at;
    this.#spareFd = this.#openSpare();
    const { trace, backlog } = sockets.options;
    trace.fact({ type: 'listening', fd, address: at.address, port: at.port, backlog });
  }

  accept(): PosixConnection;
  accept(flag: DontWait): PosixConnection | undefined;
  accept(flag?: DontWait): PosixConnection | undefined {
    for (;;) {
      if (!flag) this.#sockets.waitToAccept(this);
      const connection = this.#acceptIfThere();
      if (connection || flag) return connection;
    }
  }

  close(): void {
    const { trace } = this.#sockets.options;
    this.#sockets.forget(this);
    const at = trace.beforeCall(); // as with a connection
    libc().close(this.fd);
    trace.fact({ type: 'listenerClosed', fd: this.fd }, at);
    this.#closeSpare();
  }

  #acceptIfThere(): PosixConnection | undefined {
    const connection = this.#accept4();
    if (connection) return connection;
    const code = errnoName(libc().errno());
    if (code === 'EMFILE' || code === 'ENFILE') this.#turnAwayWithoutDescriptor(code);
    else if (code === 'ENOBUFS' || code === 'ENOMEM') this.#sockets.turnDeaf(this);
    else if (OUR_FAULT.has(code)) throw lastError('accept', `fd ${this.fd}`);
    // Else the newcomer is gone again, or the network had a passing problem: accept(2), "Error handling".
    return undefined;
  }

  /**
   * No descriptor is left. If the newcomer stayed in the queue, select would report it for ever and
   * the loop would spin; so the spare one is given up to accept it and turn it away.
   */
  #turnAwayWithoutDescriptor(code: string): void {
    this.#closeSpare();
    const newcomer = this.#accept4();
    newcomer?.refuse(`error: the server has no file descriptor left (${code}); try again later`);
    newcomer?.closeNow();
    // Another thread was quicker to take the spare one: the newcomer is still in the queue.
    if (!newcomer) this.#sockets.turnDeaf(this);
    this.#spareFd = this.#openSpare();
  }

  /** accept4(2); undefined when it failed, with the reason in errno. */
  #accept4(): PosixConnection | undefined {
    const address = new Uint8Array(SOCKADDR_MAX);
    const length = Uint32Array.of(SOCKADDR_MAX);
    const fd = libc().accept4(this.fd, address, length, SOCK_CLOEXEC);
    return fd < 0 ? undefined : this.#sockets.accepted(fd, decodeSockaddr(address));
  }

  #openSpare(): number {
    const fd = openSpareFd();
    if (fd >= 0) this.#sockets.options.opened(fd);
    return fd;
  }

  #closeSpare(): void {
    if (this.#spareFd < 0) return;
    this.#sockets.options.closed(this.#spareFd);
    libc().close(this.#spareFd);
  }
}
