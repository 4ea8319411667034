/**
 * One browser client: a WebSocket to the page on one side, a TCP client socket to a server on the
 * other. Binary frames are the stream's bytes, untouched; text frames say what else happened.
 */

import { connect, type Socket } from 'node:net';
import type { GatewayFact } from '@sockscope/tcp-core/host/lab-host';
import type { ServerId } from '@sockscope/tcp-core/trace/events';
import type { FastifyBaseLogger } from 'fastify';
import { Value } from 'typebox/value';
import type { WebSocket } from '@fastify/websocket';
import { closings } from './errors.ts';
import type { Attempt, Identifier, OwnSocket } from './identify.ts';
import {
  clientFrames,
  type ConnectedFrame,
  type EndedFrame,
  type SessionEnding,
} from './schemas.ts';

/** Bytes that may wait in the gateway, for the page and for the server; then the other side waits. */
export const WAITING_BYTES = 256 * 1024;

/** Milliseconds that a connection may take to end after the page left or the server finished. */
const GRACE_MS = 2000;

/** Close codes of a page that left in good order: normal, going away, none given. */
const ORDERLY = new Set([1000, 1001, 1005]);

export interface SessionOptions {
  webSocket: WebSocket;
  server: ServerId;
  session: string;
  /** Where the server listens. */
  address: string;
  port: number;
  identifier: Identifier;
  record: (server: ServerId, fact: GatewayFact) => void;
  /** Whether the server is still up: another program may listen at its address after it stopped. */
  isUp: () => boolean;
  log: FastifyBaseLogger;
  onClosed: () => void;
}

export class ClientSession {
  readonly #options: SessionOptions;
  readonly #webSocket: WebSocket;
  readonly #tcp: Socket;
  readonly #attempt: Attempt;
  #own: OwnSocket | undefined;
  #ended = false;
  #endedByServer = false;
  #shutDown = false;
  #abandoned = false;
  #refused = false;
  #grace: NodeJS.Timeout | undefined;

  /** Connects at once. The WebSocket's handlers are attached before this returns. */
  constructor(options: SessionOptions) {
    this.#options = options;
    this.#webSocket = options.webSocket;
    const { identifier, server, session, address, port } = options;
    this.#attempt = identifier.connecting(server, session, address);
    this.#tcp = connect({ host: address, port, allowHalfOpen: true, noDelay: true });

    this.#webSocket
      .on('message', (data, isBinary) => {
        if (this.#refused) return;
        if (isBinary) this.#toServer(data as Buffer);
        else this.#control(data as Buffer);
      })
      .on('close', (code) => this.#pageLeft(code));
    this.#tcp
      .on('connect', () => this.#connected())
      .on('data', (bytes) => this.#toPage(bytes))
      .on('end', () => this.#serverFinished())
      .on('error', (error: NodeJS.ErrnoException) => this.#failed(error))
      .on('drain', () => this.#webSocket.resume())
      .on('close', () => this.#closed());
  }

  /** Ends the TCP side at once. */
  destroy(): void {
    this.#tcp.destroy();
  }

  /**
   * Provokes an answer from a page that may be gone: while its WebSocket is paused nothing else
   * would tell.
   */
  ping(): void {
    const { readyState, OPEN, bufferedAmount } = this.#webSocket;
    if (readyState === OPEN && bufferedAmount === 0) this.#webSocket.ping();
  }

  #connected(): void {
    const { identifier, server, session, log, isUp } = this.#options;
    const { localAddress = '', localPort = 0 } = this.#tcp;
    if (!isUp()) {
      // The server stopped meanwhile and will never accept it: this port will be somebody else's.
      identifier.failed(this.#attempt);
      this.#end('failed', null);
      this.#tcp.destroy();
      return;
    }
    this.#own = identifier.connected(this.#attempt, localAddress, localPort);
    log.info({ server, session, localPort }, 'browser client connected');
    if (this.#abandoned) this.#tcp.resetAndDestroy();
    else this.#tell({ type: 'connected', session, localAddress, localPort });
  }

  // Both directions wait for the slower side: TCP's own flow control then reaches back to whoever
  // sends. The WebSocket protocol has none, so a page that must not be flooded needs credits on top.

  #toPage(bytes: Buffer): void {
    const page = this.#webSocket;
    if (page.readyState !== page.OPEN) return;
    page.send(bytes, { binary: true }, () => {
      if (page.bufferedAmount <= WAITING_BYTES / 2) this.#tcp.resume();
    });
    if (page.bufferedAmount > WAITING_BYTES) this.#tcp.pause();
  }

  #toServer(bytes: Buffer): void {
    if (this.#shutDown) {
      this.#refuse(closings.afterShutdown);
      return;
    }
    if (!this.#tcp.writable) return;
    // Before the connection is made, the socket keeps what is written.
    this.#tcp.write(bytes);
    if (this.#tcp.writableLength > WAITING_BYTES) this.#webSocket.pause();
  }

  #control(frame: Buffer): void {
    if (!isShutdown(frame)) {
      this.#refuse(closings.notControl);
      return;
    }
    this.#shutDown = true;
    this.#tcp.end();
  }

  #serverFinished(): void {
    this.#endedByServer = true;
    this.#end('fin', null);
    this.#tcp.end();
    this.#destroyLater();
  }

  #failed({ code = 'UNKNOWN' }: NodeJS.ErrnoException): void {
    const { identifier, server, session, record } = this.#options;
    if (this.#own) {
      this.#endedByServer = true;
    } else {
      identifier.failed(this.#attempt);
      record(server, { type: 'connectFailed', session, errno: code });
    }
    this.#end(endingOf(code), code);
  }

  /** Tells the page how TCP ended, and closes its WebSocket after everything was delivered. */
  #end(how: SessionEnding, errno: string | null): void {
    if (this.#ended) return;
    this.#ended = true;
    const { server, session, log } = this.#options;
    const { bytesRead, bytesWritten } = this.#tcp;
    log.info({ server, session, how, errno, bytesRead, bytesWritten }, 'browser client ended');
    const page = this.#webSocket;
    // A paused WebSocket would not see the page's half of the closing handshake.
    page.resume();
    this.#tell({ type: 'ended', how, errno }, () => page.close(...closings.ended));
  }

  #pageLeft(code: number): void {
    if (this.#tcp.connecting && !ORDERLY.has(code)) {
      // Not destroyed yet: the kernel may have connected it, and its port must be known then.
      this.#abandoned = true;
    } else if (ORDERLY.has(code)) {
      this.#tcp.end();
      this.#tcp.resume();
      if (this.#tcp.connecting) this.#tcp.once('connect', () => this.#destroyLater());
      else this.#destroyLater();
    } else {
      this.#tcp.resetAndDestroy();
    }
    if (this.#tcp.destroyed) this.#options.onClosed();
  }

  #closed(): void {
    clearTimeout(this.#grace);
    const { identifier, onClosed } = this.#options;
    if (this.#own) identifier.closed(this.#own, this.#endedByServer);
    else identifier.failed(this.#attempt);
    if (this.#webSocket.readyState === this.#webSocket.CLOSED) onClosed();
  }

  #destroyLater(): void {
    this.#grace ??= setTimeout(() => this.#tcp.destroy(), GRACE_MS);
  }

  /** The page broke the protocol. The TCP side goes when its WebSocket has closed. */
  #refuse([code, reason]: readonly [number, string]): void {
    this.#refused = true;
    this.#webSocket.close(code, reason);
  }

  #tell(frame: ConnectedFrame | EndedFrame, sent?: () => void): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN)
      this.#webSocket.send(JSON.stringify(frame), sent);
  }
}

function isShutdown(frame: Buffer): boolean {
  try {
    return Value.Check(clientFrames.shutdown, JSON.parse(frame.toString()));
  } catch {
    return false;
  }
}

function endingOf(code: string): SessionEnding {
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'rst';
  if (code === 'ECONNREFUSED') return 'refused';
  return code === 'ETIMEDOUT' ? 'timeout' : 'failed';
}
