/**
 * The page's end of a browser client: its WebSocket, with the flow control that the protocol lacks.
 * Every WebSocket client works with it, because nothing is used but what RFC 6455 demands of one:
 * it answers a ping, in order, so its pong confirms the bytes that were sent before that ping.
 *
 * - Toward the page: a ping behind every 4 to 64 KiB, as quickly as the page reads. While 16 of them
 *   are unanswered, or 256 KiB have not even left this process, `isFull` is true: the server waits.
 * - From the page: `hold` stops reading, the TCP window closes, and the page's `bufferedAmount`
 *   grows. No ping goes out then, as its pong would be stuck behind the bytes that nobody reads; an
 *   unsolicited pong (section 5.5.3) twice a second asks for no answer, but the kernel of a page
 *   that is gone answers it with RST.
 * - The end: closing waits for the pong of a last ping, so that everything was read before it.
 */

import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';

/** Milliseconds between calls of `tick`. */
export const TICK_MS = 500;

/** Bytes that may wait for the page in this process; see also `costOf`. */
const WAITING_BYTES = 256 * 1024;

/** Bytes between two pings: few where reading them takes long, so that its progress is seen. */
const STEP_BYTES = { least: 4 * 1024, most: 64 * 1024 };

// Some clients give up when 60 pongs of theirs are stuck behind other bytes (the ws package).
const FULL_PINGS = 16;
const MOST_PINGS = 32;

// Silence is counted in ticks, not by the clock: a gateway that was itself suspended, and the bytes
// that arrived meanwhile, would otherwise make every page look frozen.
const PING_TICKS = 10_000 / TICK_MS;
const SILENT_TICKS = 22_000 / TICK_MS;
const FORGOTTEN_TICKS = 120_000 / TICK_MS;

export interface PageEvents {
  bytes: (bytes: Buffer) => void;
  control: (frame: Buffer) => void;
  /** It is not full any more; may come more often than needed. */
  room: () => void;
  /** Nothing, not even a pong, has come for 22 s. */
  silent: () => void;
  left: (code: number) => void;
}

export class PageSocket {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #events: PageEvents;
  #waiting = 0;
  #held = false;
  /** Bytes sent since the last ping, and after how many the next one is due. */
  #unpinged = 0;
  #step = 16 * 1024;
  /** The tick of each ping that is not answered, oldest first; the last one carries `#pings`. */
  readonly #unanswered: number[] = [];
  #pings = 0;
  #lastPing = Infinity;
  #closing: readonly [code: number, reason: string] | undefined;
  #brokenOff = false;
  #bytesRead = 0;
  #ticks = 0;
  #quietTicks = 0;

  /** `socket` is the one under the WebSocket: it tells whether anything arrives at all. */
  constructor(webSocket: WebSocket, socket: Socket, events: PageEvents) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#events = events;
    webSocket
      .on('message', (data, isBinary) => {
        if (this.#closing || this.#brokenOff) return;
        if (isBinary) events.bytes(data as Buffer);
        else events.control(data as Buffer);
      })
      .on('pong', (data) => this.#answered(Number(data.toString())))
      .on('close', (code) => events.left(code));
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  get isClosed(): boolean {
    return this.#webSocket.readyState === this.#webSocket.CLOSED;
  }

  /** Whether the server has to wait. */
  get isFull(): boolean {
    // While it is held its pongs are not read: an echo that waited for them would wait for ever.
    return this.#waiting > WAITING_BYTES || (!this.#held && this.#unanswered.length >= FULL_PINGS);
  }

  /** Whether it reads as quickly as bytes come. */
  get isQuick(): boolean {
    return this.#step === STEP_BYTES.most;
  }

  /** Sends bytes of the stream; `sent` is called when they are in the kernel, or lost. */
  send(bytes: Buffer, sent: () => void): void {
    if (!this.isOpen) {
      sent();
      return;
    }
    // A ping for each part: there must be room for all of them.
    const step = Math.max(this.#step, Math.ceil(bytes.length / FULL_PINGS));
    // One system call for all frames and the pings behind them.
    this.#socket.cork();
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + step);
      at += part.length;
      const isLast = at === bytes.length;
      const cost = costOf(part);
      this.#waiting += cost;
      this.#webSocket.send(part, { binary: true }, () => {
        this.#waiting -= cost;
        if (isLast) sent();
        this.#offerRoom();
      });
      this.#unpinged += part.length;
      if (this.#unpinged >= step && !this.#held && this.#unanswered.length < MOST_PINGS)
        this.#ping();
    }
    this.#socket.uncork();
  }

  tell(frame: object): void {
    if (this.isOpen) this.#webSocket.send(JSON.stringify(frame));
  }

  /** Reads no more from the page, until `release`. */
  hold(): void {
    if (this.#held || this.#closing) return;
    this.#held = true;
    this.#webSocket.pause();
    this.#offerRoom();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#quietTicks = 0;
    this.#webSocket.resume();
  }

  /** Sends the last frame, and closes after the page has read it. */
  finish(frame: object, closing: readonly [code: number, reason: string]): void {
    if (!this.isOpen || this.#closing) return;
    this.release();
    this.#closing = closing;
    this.tell(frame);
    this.#ping();
    this.#lastPing = this.#pings;
  }

  /** Closes because the page broke the protocol; whatever else it sends is ignored. */
  breakOff([code, reason]: readonly [code: number, reason: string]): void {
    this.#brokenOff = true;
    this.#webSocket.close(code, reason);
  }

  /** Looks after the connection; to be called every TICK_MS. */
  tick(): void {
    this.#ticks += 1;
    if (this.isClosed) return;
    if (this.#held) {
      if (this.isOpen && this.#webSocket.bufferedAmount === 0) this.#webSocket.pong();
      return;
    }
    const { bytesRead } = this.#socket;
    this.#quietTicks = bytesRead === this.#bytesRead ? this.#quietTicks + 1 : 0;
    this.#bytesRead = bytesRead;
    if (this.#quietTicks === PING_TICKS && this.#unanswered.length === 0) this.#ping();
    if (this.#quietTicks === SILENT_TICKS && !this.#closing) this.#events.silent();
    if (this.#quietTicks === FORGOTTEN_TICKS) this.#webSocket.terminate();
  }

  #ping(): void {
    if (!this.isOpen) return;
    this.#unpinged = 0;
    this.#pings += 1;
    this.#unanswered.push(this.#ticks);
    this.#webSocket.ping(String(this.#pings));
  }

  /** The page has read what was sent before this ping, and before all earlier ones. */
  #answered(ping: number): void {
    const first = this.#pings - this.#unanswered.length + 1;
    if (!(ping >= first && ping <= this.#pings)) return;
    const [sentAt = 0] = this.#unanswered.splice(0, ping - first + 1).slice(-1);
    const isQuick = this.#ticks - sentAt <= 1;
    this.#step = isQuick ? Math.min(this.#step * 2, STEP_BYTES.most) : STEP_BYTES.least;
    if (ping >= this.#lastPing && this.#closing) this.#webSocket.close(...this.#closing);
    else this.#offerRoom();
  }

  #offerRoom(): void {
    const isRead = this.#held || this.#unanswered.length <= FULL_PINGS / 2;
    if (isRead && this.#waiting <= WAITING_BYTES / 2) this.#events.room();
  }
}

/** What waiting bytes cost: a queue of single bytes is mostly queue. */
export function costOf(bytes: Buffer): number {
  return bytes.length + 512;
}
