/** A plain TCP client for the tests: sends what it is told, and lets everything be awaited. */

import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

export class TcpClient {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #end: 'fin' | 'rst' | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.port = socket.localPort!;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    socket.on('end', () => {
      this.#end ??= 'fin';
      this.#wake?.();
    });
    socket.on('error', () => {
      this.#end = 'rst';
      this.#wake?.();
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<TcpClient> {
    const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return new TcpClient(socket);
  }

  /** The local port: the peer of the connection in the events. */
  readonly port: number;

  /** How the server's side ended, so far. */
  get end(): 'fin' | 'rst' | undefined {
    return this.#end;
  }

  send(data: string | Uint8Array): this {
    this.socket.write(data);
    return this;
  }

  /**
   * Sends this again and again for as long as somebody on the way takes it, however much that is, until
   * it is stopped.
   */
  flood(chunk: Uint8Array): { readonly sent: number; stop(): void } {
    let [sent, goesOn] = [0, true];
    const pour = (): void => {
      while (goesOn) {
        sent += chunk.length;
        if (!this.socket.write(chunk)) return;
      }
    };
    this.socket.on('drain', pour);
    pour();
    return {
      get sent() {
        return sent;
      },
      stop: () => {
        goesOn = false;
        this.socket.off('drain', pour);
      },
    };
  }

  /** Sends FIN. */
  finish(): this {
    this.socket.end();
    return this;
  }

  /** The next `length` bytes, as text. */
  async take(length: number): Promise<string> {
    while (this.#received.length < length) {
      if (this.#end) throw new Error(`ended (${this.#end}) after: ${this.#received.toString()}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken.toString('latin1');
  }

  /** The next line, with its terminator. */
  async line(): Promise<string> {
    let end = this.#received.indexOf('\n');
    while (end < 0) {
      if (this.#end) throw new Error(`ended (${this.#end}) after: ${this.#received.toString()}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
      end = this.#received.indexOf('\n');
    }
    return this.take(end + 1);
  }

  /** Everything up to the server's end, as text. */
  async rest(): Promise<string> {
    return (await this.restBytes()).toString('latin1');
  }

  async restBytes(): Promise<Buffer> {
    while (!this.#end) await new Promise<void>((resolve) => (this.#wake = resolve));
    const all = this.#received;
    this.#received = Buffer.alloc(0);
    return all;
  }

  /** What has arrived and was not taken. */
  get unread(): string {
    return this.#received.toString('latin1');
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }
}
