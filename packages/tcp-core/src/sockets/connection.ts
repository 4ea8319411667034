/** A connected socket: recv, send and close, with everything that can go wrong between the two ends. */

import type { Ending } from '../trace/events.ts';
import { type Connection, type DontWait, Stopped } from './api.ts';
import { lastError, OUR_FAULT } from './calls/errors.ts';
import { systemCalls } from './calls/this-platform.ts';
import type { Layer } from './layer.ts';
import type { TracedConnection } from './socket-trace.ts';
import { peerHasSentFin } from './tcp-state.ts';

/** How long a thread that blocks in recv may hold back what it has to report. */
const HAND_ON_MS = 20;

export class TcpConnection implements Connection, TracedConnection {
  readonly fd: number;
  readonly id: number;
  readonly #sockets: Layer;
  readonly #calls = systemCalls();
  #received = 0;
  #sent = 0;
  #peerClosed = false;
  /** The name of the error that ended it, or null. */
  #gone: string | null = null;
  /** How long recv waits at most, in ms, 0 for ever. */
  #limitMs = 0;
  #closing = false;
  #closed = false;
  #drained = 0;

  constructor(sockets: Layer, fd: number, id: number) {
    this.#sockets = sockets;
    this.fd = fd;
    this.id = id;
  }

  recv(max: number, timeoutMs?: number): Uint8Array | undefined {
    const { buffer, options } = this.#sockets;
    const deadline = timeoutMs ? performance.now() + timeoutMs : Infinity;
    for (;;) {
      if (this.#gone !== null) return EMPTY;
      let got: number;
      if (timeoutMs === undefined && this.#sockets.lingering.size === 0) {
        got = this.#recvBlocking(max);
      } else {
        if (timeoutMs !== 0 && !this.#sockets.waitFor('recv', this.fd, 'read', deadline)) {
          options.trace.wokeUp();
          return undefined;
        }
        got = buffer.recvNow(this.fd, max);
      }
      if (got > 0) {
        const bytes = buffer.view(got);
        this.#received += got;
        options.trace.received(this, bytes);
        return bytes;
      }
      const code = got < 0 ? this.#calls.errorName() : null;
      if (code !== null && OUR_FAULT.has(code)) throw lastError('recv', `fd ${this.fd}`);
      if (code !== null && code !== 'EAGAIN' && code !== 'EINTR') this.#gone = code;
      // The end of the stream may be the shutdown that was meant to wake us (ServerRun.wakeAll).
      const isStopping = options.stopping();
      if (got === 0 && !(isStopping && !peerHasSentFin(this.fd))) this.#reportFin();
      if (isStopping) throw new Stopped();
      if (got === 0) return EMPTY;
      if (this.#gone === null && timeoutMs === 0) return undefined;
    }
  }

  /**
   * recv(2) as the textbook makes it. While facts wait to be handed on it has a time limit, which
   * stays on the socket as long as bytes keep coming: a busy connection needs no call but this one.
   */
  #recvBlocking(max: number): number {
    const { buffer, options } = this.#sockets;
    const limitMs = this.#sockets.hasFactsToHandOn('recv', this.fd) ? HAND_ON_MS : 0;
    if (limitMs !== this.#limitMs) {
      if (this.#calls.setReceiveLimit(this.fd, limitMs) < 0) {
        throw lastError('setsockopt', `fd ${this.fd}`);
      }
      this.#limitMs = limitMs;
    }
    if (options.stopping()) throw new Stopped();
    return buffer.recv(this.fd, max);
  }

  send(bytes: Uint8Array, flag?: DontWait): number {
    const { buffer, options } = this.#sockets;
    let taken = 0;
    while (taken < bytes.length) {
      if (this.#gone !== null) return bytes.length;
      const rest = taken === 0 ? bytes : bytes.subarray(taken);
      const sent = buffer.sendNow(this.fd, rest);
      if (sent >= 0) {
        taken += sent;
        this.#sent += sent;
        options.trace.sent(this, rest, sent);
        continue;
      }
      const code = this.#calls.errorName();
      if (OUR_FAULT.has(code)) throw lastError('send', `fd ${this.fd}`);
      if (code === 'EAGAIN' && flag) return taken;
      if (code === 'EAGAIN') this.#sockets.waitFor('send', this.fd, 'write', Infinity);
      else if (code !== 'EINTR') this.#gone = code;
    }
    return taken;
  }

  close(): void {
    if (this.#closing) return;
    if (this.#peerClosed || this.#gone !== null) {
      this.closeNow();
      return;
    }
    this.#closing = true;
    const { trace } = this.#sockets.options;
    if (this.#calls.endSending(this.fd) < 0) {
      // It was reset meanwhile: there is no FIN to send, and nothing to wait for.
      this.#gone = this.#calls.errorName();
      this.closeNow();
      return;
    }
    trace.fact({ type: 'shutdown', connection: this.id, fd: this.fd });
    this.#sockets.lingering.add(this.fd, (end, drained) => {
      this.#drained = drained;
      if (typeof end === 'object') this.#gone = end.errno;
      this.closeNow();
    });
  }

  refuse(reason: string): void {
    const before = this.#sent;
    this.send(Buffer.from(`${reason}\n`), { dontWait: true });
    this.#sockets.options.trace.fact({
      type: 'refused',
      connection: this.id,
      fd: this.fd,
      reason,
      sent: this.#sent - before,
    });
    this.close();
  }

  /** close(2), once. */
  closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { trace } = this.#sockets.options;
    this.#sockets.forget(this);
    // Its time is taken before: right after the call another thread may be given the same descriptor.
    const at = trace.beforeCall();
    this.#calls.close(this.fd);
    trace.fact(
      {
        type: 'closed',
        connection: this.id,
        fd: this.fd,
        how: this.#ending(),
        errno: this.#gone,
        received: this.#received,
        sent: this.#sent,
        drained: this.#drained,
      },
      at,
    );
  }

  /** recv returned 0. */
  #reportFin(): void {
    if (this.#peerClosed) return;
    this.#peerClosed = true;
    const { trace } = this.#sockets.options;
    trace.fact({ type: 'peerClosed', connection: this.id, fd: this.fd });
  }

  #ending(): Ending {
    if (this.#gone !== null) return this.#gone === 'ETIMEDOUT' ? 'timeout' : 'rst';
    return this.#peerClosed ? 'fin' : 'local';
  }
}

const EMPTY = new Uint8Array(0);
