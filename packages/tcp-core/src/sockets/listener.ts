/** A socket in state LISTEN: accept, also when no descriptor is left. */

import type { Address, DontWait, Listener } from './api.ts';
import { lastError, OUR_FAULT } from './calls/errors.ts';
import { systemCalls } from './calls/this-platform.ts';
import type { TcpConnection } from './connection.ts';
import type { Layer } from './layer.ts';

/** What a listener needs of it besides. */
export interface AcceptingLayer extends Layer {
  /** Blocks until a newcomer is in the listener's queue and may be accepted. Throws Stopped. */
  waitToAccept(listener: { fd: number }): void;
  /** Nobody can be accepted now, for want of descriptors or memory: the next look comes later. */
  turnDeaf(listener: { fd: number }): void;
  /** A connection for a new socket. */
  accepted(fd: number, peer: Address): TcpConnection;
}

export class TcpListener implements Listener {
  readonly fd: number;
  readonly at: Address;
  readonly #sockets: AcceptingLayer;
  readonly #calls = systemCalls();
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

  accept(): TcpConnection;
  accept(flag: DontWait): TcpConnection | undefined;
  accept(flag?: DontWait): TcpConnection | undefined {
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
    this.#calls.close(this.fd);
    trace.fact({ type: 'listenerClosed', fd: this.fd }, at);
    this.#closeSpare();
  }

  #acceptIfThere(): TcpConnection | undefined {
    const connection = this.#accept();
    if (connection) return connection;
    const code = this.#calls.errorName();
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
    const newcomer = this.#accept();
    newcomer?.refuse(`error: the server has no file descriptor left (${code}); try again later`);
    newcomer?.closeNow();
    // Another thread was quicker to take the spare one: the newcomer is still in the queue.
    if (!newcomer) this.#sockets.turnDeaf(this);
    this.#spareFd = this.#openSpare();
  }

  /** accept(2); undefined when it failed, and errorName() says why. */
  #accept(): TcpConnection | undefined {
    const newcomer = this.#calls.accept(this.fd);
    return newcomer && this.#sockets.accepted(newcomer.fd, newcomer.peer);
  }

  #openSpare(): number {
    const fd = this.#calls.spareDescriptor();
    if (fd >= 0) this.#sockets.options.opened(fd);
    return fd;
  }

  #closeSpare(): void {
    if (this.#spareFd < 0) return;
    this.#sockets.options.closed(this.#spareFd);
    this.#calls.close(this.#spareFd);
  }
}
