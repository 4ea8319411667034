/**
 * One browser client: a WebSocket to the page on one side, a TCP client socket to a server on the
 * other. Binary frames are the stream's bytes, untouched; text frames say what else happened.
 */

import { connect, isIPv6, type Socket } from 'node:net';
import type { GatewayFact } from '@sockscope/lab/lab';
import { receiveError } from '@sockscope/tcp-core/sockets/receive-error';
import { reservePort } from '@sockscope/tcp-core/sockets/reserved-port';
import { nearestName } from '@sockscope/tcp-core/trace/client-name';
import type { ServerId } from '@sockscope/tcp-core/trace/events';
import type { FastifyBaseLogger } from 'fastify';
import { Value } from 'typebox/value';
import type { WebSocket } from '@fastify/websocket';
import { closings } from '../errors.ts';
import type { Identifier, OwnSocket } from './identify.ts';
import { Paced } from './paced.ts';
import { costOf, PageSocket } from './page-socket.ts';
import type { Outcome } from './peer-proof.ts';
import { ReceiveBuffers, type Received } from './receive-buffers.ts';
import { type EndedFrame, PageFrame, type SessionEnding } from '../schemas/schemas.ts';

/** Bytes that may wait for the server; one message of the page, at most 1 MiB, comes on top. */
const WAITING_BYTES = 64 * 1024;

/** Milliseconds that the server may take to end after everything was said. */
const GRACE_MS = 2000;

/** Milliseconds that a page's last bytes may take to be read by the server after the page left. */
const LAST_BYTES_MS = 120_000;

/** Milliseconds between two names of a client in the log, so that no page can fill it with them. */
const NAME_MS = 1000;

/** Close codes of a page that left in good order: normal, going away, none given. */
const ORDERLY = new Set([1000, 1001, 1005]);

export interface SessionOptions {
  webSocket: WebSocket;
  /** The TCP socket under the WebSocket. */
  socket: Socket;
  server: ServerId;
  session: string;
  /** What its page calls it; null: nothing. */
  name: string | null;
  /** Whether the page goes on sending after the server's FIN, until its own `shutdown`. */
  halfOpen: boolean;
  /** Where the server listens. */
  address: string;
  port: number;
  identifier: Identifier;
  /** Called before connect(2); what it returns decides, once it is connected, whom that has reached. */
  prove: (tcp: Socket) => (outcome: Outcome) => void;
  record: (server: ServerId, fact: GatewayFact) => void;
  /** Whether the server is still up: another program may listen at its address after it stopped. */
  isUp: () => boolean;
  log: FastifyBaseLogger;
  onClosed: () => void;
}

export class ClientSession {
  readonly #options: SessionOptions;
  readonly #page: PageSocket;
  readonly #tcp: Socket;
  readonly #own: OwnSocket;
  readonly #names: Paced<string | null>;
  #isConnected = false;
  /** Whether the page knows its name in the log. */
  #isNamed = false;
  #hasReset = false;
  readonly #decide: (outcome: Outcome) => void;
  /** What is to be done when it is known that the server has the connection; undefined from then on. */
  #later: (() => void)[] | undefined = [];
  /** What of the page's bytes waits for the server. */
  #waiting = 0;
  #ended = false;
  #endedByServer = false;
  #shutDown = false;
  /** The page has said that its client does not read. */
  #hasStopped = false;
  #abandoned = false;
  /** Bytes that the server sent after the page had gone silent; undefined before. */
  #missing: number | undefined;
  #deadline: NodeJS.Timeout | undefined;

  /** Connects at once. The WebSocket's handlers are attached before this returns. */
  constructor(options: SessionOptions) {
    this.#options = options;
    const { identifier, server, session, name, address, port, webSocket, socket } = options;
    // With a port of its own from the start, whoever is accepted from it can only be this client.
    const reserved = reservePort(isIPv6(address) ? 'IPv6' : 'IPv4');
    this.#own = identifier.connecting(server, session, address, reserved !== undefined);
    identifier.rename(this.#own, name);
    this.#names = new Paced(NAME_MS, (next) => identifier.rename(this.#own, next));
    this.#page = new PageSocket(webSocket, socket, {
      bytes: (bytes) => this.#toServer(bytes),
      control: (frame) => this.#control(frame),
      room: () => this.#read(),
      silent: () => this.#pageSilent(),
      left: (code) => this.#pageLeft(code),
    });
    const buffers = new ReceiveBuffers();
    this.#tcp = connect({
      host: address,
      port,
      ...(reserved && { localPort: reserved.port }),
      allowHalfOpen: true,
      noDelay: true,
      onread: {
        buffer: () => buffers.next(this.#page.isQuick),
        callback: (length, buffer) => {
          const received = buffers.take(buffer, length);
          this.#whenOurs(() => this.#toPage(received));
          return !this.#later && !this.#hasStopped;
        },
      },
    });
    // Node calls connect(2) in a tick of its own, right before this one.
    process.nextTick(() => {
      reserved?.release();
      const { localAddress, localPort } = this.#tcp;
      if (localAddress && localPort) identifier.bound(this.#own, localAddress, localPort);
    });
    this.#decide = options.prove(this.#tcp);
    // The page's bytes wait until it is known that they reach the server and nobody else.
    this.#tcp.cork();
    this.#tcp
      .on('connect', () => this.#connected())
      .on('end', () => this.#whenOurs(() => this.#serverFinished()))
      .on('error', (error: NodeJS.ErrnoException) => this.#failed(error))
      .on('close', () => this.#closed());
  }

  /** Ends the TCP side at once. */
  destroy(): void {
    this.#leave();
  }

  /** Looks after the page's end; to be called every TICK_MS. */
  tick(): void {
    this.#page.tick();
  }

  #connected(): void {
    const { identifier, server, session, log, isUp } = this.#options;
    const { localAddress = '', localPort = 0 } = this.#tcp;
    this.#isConnected = true;
    identifier.connected(this.#own, localAddress, localPort);
    if (!isUp()) {
      // The server stopped meanwhile; it may have accepted it before.
      identifier.orphaned(this.#own);
      this.#end('failed', null);
      this.#leave();
      return;
    }
    this.#decide({
      ours: () => {
        log.info({ server, session, localPort }, 'browser client connected');
        if (this.#abandoned) this.#reset();
        else this.#tellConnected(localAddress, localPort);
        this.#tcp.uncork();
        const later = this.#later ?? [];
        this.#later = undefined;
        for (const act of later) act();
        this.#read();
      },
      foreign: () => {
        identifier.failed(this.#own);
        log.warn({ server, session }, 'another program listens at the server’s address');
        this.#end('failed', null);
        this.#reset();
      },
    });
  }

  #tellConnected(localAddress: string, localPort: number): void {
    this.#isNamed = true;
    const { session } = this.#options;
    this.#page.tell({ type: 'connected', session, localAddress, localPort });
  }

  /** Does it at once, or as soon as it is known that the server has the connection. */
  #whenOurs(act: () => void): void {
    if (this.#later) this.#later.push(act);
    else act();
  }

  // Each side waits for the slower one: TCP's own flow control then reaches back to whoever sends.

  #toPage({ bytes, release }: Received): void {
    if (this.#missing !== undefined) {
      this.#missing += bytes.length;
      release();
      return;
    }
    this.#page.send(bytes, release);
    if (this.#page.isOpen && this.#page.isFull) this.#tcp.pause();
  }

  #read(): void {
    if (!this.#hasStopped) this.#tcp.resume();
  }

  /** The kernel's receive buffer fills up, and the server's `send` has to wait. */
  #stopReading(): void {
    this.#hasStopped = true;
    this.#tcp.pause();
    // A resume of this very turn reads again at its end.
    process.nextTick(() => {
      if (this.#hasStopped) this.#tcp.pause();
    });
  }

  #readAgain(): void {
    this.#hasStopped = false;
    if (!this.#page.isFull) this.#tcp.resume();
  }

  #toServer(bytes: Buffer): void {
    if (this.#shutDown) {
      this.#page.breakOff(closings.afterShutdown);
      return;
    }
    if (!this.#tcp.writable) return;
    const cost = costOf(bytes);
    this.#waiting += cost;
    // Before the connection is made, the socket keeps what is written.
    this.#tcp.write(bytes, () => {
      this.#waiting -= cost;
      if (this.#waiting <= WAITING_BYTES / 2) this.#page.release();
    });
    if (this.#waiting > WAITING_BYTES) this.#page.hold();
  }

  #control(frame: Buffer): void {
    const asked = pageFrame(frame);
    switch (asked?.type) {
      case 'shutdown':
        this.#shutDown = true;
        this.#whenOurs(() => this.#tcp.end());
        if (this.#endedByServer) this.#tcp.once('finish', () => this.#end('fin', null));
        return;
      case 'reset':
        this.#end('rst', null);
        this.#resetOnceConnected();
        return;
      case 'stopReading':
        this.#stopReading();
        return;
      case 'readAgain':
        this.#readAgain();
        return;
      case 'name':
        this.#names.give(nearestName(asked.name));
        return;
      case undefined:
        this.#page.breakOff(closings.notControl);
    }
  }

  #serverFinished(): void {
    const code = this.#errorInPlaceOfTheEnd();
    if (code) {
      this.#leave(Object.assign(new Error(`recv: ${code}`), { code }));
      return;
    }
    this.#sawServersEnd();
    if (this.#options.halfOpen && !this.#shutDown && this.#page.isOpen && !this.#hasCut) {
      this.#page.tell({ type: 'shutdown' });
      return;
    }
    this.#end('fin', null);
    // What the page had said by then is for the server, however slowly it reads.
    this.#endWithin(LAST_BYTES_MS, () => this.#leave());
    this.#tcp.end(() => this.#endWithin(GRACE_MS, () => this.#leave()));
  }

  #sawServersEnd(): void {
    this.#endedByServer = true;
    this.#options.identifier.endedByServer(this.#own);
  }

  /** Closes the socket. Whose its port is from here on is not known any more. */
  #leave(error?: Error): void {
    this.#options.identifier.leaving(this.#own);
    this.#tcp.destroy(error);
  }

  /** Closes the socket with RST. */
  #reset(): void {
    this.#options.identifier.leaving(this.#own);
    this.#hasReset = true;
    const { writableEnded, writableFinished, writableLength } = this.#tcp;
    // While libuv is about to send a FIN, for a turn, it refuses to reset (uv_tcp_close_reset).
    if (writableEnded && !writableFinished && writableLength === 0)
      this.#tcp.once('finish', () => this.#tcp.resetAndDestroy());
    else this.#tcp.resetAndDestroy();
  }

  #resetOnceConnected(): void {
    // Not destroyed yet: the kernel may have connected it, and its port must be known then.
    if (this.#tcp.connecting) this.#abandoned = true;
    else this.#reset();
  }

  /**
   * What Node calls the end may have been a reset: when one comes together with the last bytes, libuv
   * reports an end of file without asking the kernel.
   */
  #errorInPlaceOfTheEnd(): string | null {
    const { _handle: handle } = this.#tcp as Socket & { _handle?: { fd?: number } | null };
    return handle?.fd !== undefined && handle.fd >= 0 ? receiveError(handle.fd) : null;
  }

  #failed({ code = 'UNKNOWN' }: NodeJS.ErrnoException): void {
    const { identifier, server, session, record } = this.#options;
    // A reset answers a connection that was made, though Node had not told so yet.
    if (this.#isConnected || code === 'ECONNRESET') this.#sawServersEnd();
    if (!this.#isConnected) {
      if (code !== 'ECONNRESET') identifier.failed(this.#own);
      record(server, { type: 'connectFailed', session, errno: code });
    }
    this.#end(endingOf(code), code);
  }

  get #hasCut(): boolean {
    return this.#missing !== undefined;
  }

  /** Tells the page how TCP ended, and closes its WebSocket after everything was delivered. */
  #end(how: SessionEnding, errno: string | null): void {
    if (this.#ended) return;
    this.#ended = true;
    const { server, session, log } = this.#options;
    const { bytesRead, bytesWritten } = this.#tcp;
    const ended: EndedFrame = { type: 'ended', how, errno };
    if (!this.#isNamed) ended.session = session;
    if (this.#missing !== undefined)
      Object.assign(ended, { how: 'cut', errno: null, missing: this.#missing });
    log.info({ server, session, ...ended, bytesRead, bytesWritten }, 'browser client ended');
    this.#page.finish(ended, this.#hasCut ? closings.cut : closings.ended);
  }

  /**
   * The page is frozen, or reads nothing: the server shall not be kept by it for ever. What the
   * server still sends is counted for a moment, so that the end can say what is missing.
   */
  #pageSilent(): void {
    if (this.#ended || this.#hasCut) return;
    this.#missing = 0;
    if (this.#tcp.connecting) {
      this.#abandoned = true;
      this.#end('cut', null);
      return;
    }
    this.#readAll();
    this.#endWithin(GRACE_MS, () => this.#reset());
  }

  /** Nobody wants what still comes, and the server shall not be kept by it. */
  #readAll(): void {
    this.#hasStopped = false;
    this.#tcp.resume();
  }

  #pageLeft(code: number): void {
    if (this.#abandoned || !ORDERLY.has(code)) {
      this.#resetOnceConnected();
    } else {
      this.#readAll();
      if (!this.#endedByServer) this.#endWithin(LAST_BYTES_MS, () => this.#reset());
      // Its last bytes come before the FIN, however slowly the server reads.
      this.#whenOurs(() => {
        this.#tcp.end(() => this.#endWithin(GRACE_MS, () => this.#leave()));
      });
    }
    if (this.#tcp.destroyed) this.#options.onClosed();
  }

  #closed(): void {
    clearTimeout(this.#deadline);
    this.#names.finish();
    const { identifier, onClosed } = this.#options;
    identifier.closed(this.#own, this.#hasReset);
    if (this.#hasCut) this.#end('cut', null);
    if (this.#page.isClosed) onClosed();
  }

  #endWithin(ms: number, end: () => void): void {
    clearTimeout(this.#deadline);
    if (!this.#tcp.destroyed) this.#deadline = setTimeout(end, ms);
  }
}

/** Undefined: it is not of the form that it needs. */
function pageFrame(frame: Buffer): PageFrame | undefined {
  try {
    const given: unknown = JSON.parse(frame.toString());
    return Value.Check(PageFrame, given) ? given : undefined;
  } catch {
    return undefined;
  }
}

function endingOf(code: string): SessionEnding {
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'rst';
  if (code === 'ECONNREFUSED') return 'refused';
  return code === 'ETIMEDOUT' ? 'timeout' : 'failed';
}
