/**
 * The command-line client: connects, asks for a message, prints the reply, asks whether to go on.
 *
 * It uses Node's own sockets, so that it runs on every system.
 */

import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import { printable } from '../trace/printable.ts';

/** How long after connecting a server may say that it is busy. */
const GREETING_MS = 150;
const CONNECT_TIMEOUT_MS = 10_000;

/** The most of what the server says that is kept unread, and so its longest line, in characters. */
const UNREAD_MAX = 64 * 1024;

type Output = NodeJS.WritableStream;

/**
 * Talks to the server until the end of the input or until the user is done.
 * Returns the exit code: 0, or 1 when the connection was refused, turned away or lost.
 */
export async function runClient(
  address: string,
  port: number,
  input: NodeJS.ReadableStream,
  output: Output,
  errors: Output,
): Promise<0 | 1> {
  const where = `${address} port ${port}`;
  try {
    const connection = await ServerConnection.open(address, port);
    try {
      await connection.lookForRefusal();
      await converse(connection, input, output);
      return 0;
    } finally {
      connection.close();
    }
  } catch (error) {
    errors.write(`error: ${where}: ${(error as Error).message}\n`);
    return 1;
  }
}

async function converse(
  server: ServerConnection,
  input: NodeJS.ReadableStream,
  output: Output,
): Promise<void> {
  const keyboard = new Keyboard(input, output);
  try {
    for (;;) {
      const message = await server.orLost(keyboard.ask('Message: '));
      if (message === undefined) return;
      server.send(`${message}\n`);
      const reply = await server.reply();
      // A server that was calculating could not say so before.
      if (reply.startsWith('busy: ')) throw new Error(printable(reply));
      output.write(`Server replied: ${printable(reply)}\n`);
      const more = await server.orLost(keyboard.ask('Continue? (Y/n) '));
      if (more === undefined || /^\s*no?\s*$/i.test(more)) return;
    }
  } finally {
    keyboard.close();
  }
}

/** Lines from a terminal or a pipe, each asked for. */
class Keyboard {
  readonly #lines: Interface;
  readonly #output: Output;
  readonly #typed: string[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(input: NodeJS.ReadableStream, output: Output) {
    this.#output = output;
    this.#lines = createInterface({ input, terminal: false });
    this.#lines.on('line', (line) => {
      this.#typed.push(line);
      this.#wake?.();
    });
    this.#lines.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  /** The next line; undefined at the end of the input. */
  async ask(prompt: string): Promise<string | undefined> {
    this.#output.write(prompt);
    while (this.#typed.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const line = this.#typed.shift();
    if (line === undefined) this.#output.write('\n');
    return line;
  }

  close(): void {
    this.#lines.close();
  }
}

/** A TCP connection that is read line by line. */
class ServerConnection {
  readonly #socket: Socket;
  #text = '';
  #end: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #lost: Promise<never>;

  static open(host: string, port: number): Promise<ServerConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      const timer = setTimeout(() => {
        socket.destroy(new Error('ETIMEDOUT: no answer'));
      }, CONNECT_TIMEOUT_MS);
      socket.once('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        reject(
          error.code === 'ECONNREFUSED'
            ? new Error('connection refused: no server listens there (ECONNREFUSED)')
            : error,
        );
      });
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve(new ServerConnection(socket));
      });
    });
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    this.#lost = new Promise<never>((_, reject) => {
      const end = (why: string): void => {
        this.#end ??= new Error(why);
        this.#wake?.();
        // A last line that is still unread is worth more than the news that nothing follows.
        if (this.#text === '') reject(this.#end);
      };
      socket.on('error', (error: NodeJS.ErrnoException) => {
        end(`connection lost (${error.code ?? error.message})`);
      });
      socket.on('end', () => {
        end('the server closed the connection');
      });
    });
    this.#lost.catch(() => undefined);
    socket.on('data', (text: string) => {
      this.#text += text;
      if (this.#text.length >= UNREAD_MAX) socket.pause();
      this.#wake?.();
    });
  }

  /** Waits a moment for the line of a server that is busy; throws it. */
  async lookForRefusal(): Promise<void> {
    const line = await this.#line(GREETING_MS);
    if (line?.startsWith('busy: ')) throw new Error(printable(line));
    if (line !== undefined) this.#text = `${line}\n${this.#text}`;
    if (this.#end) throw this.#end;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** The next line. Throws when the connection ends before it. */
  async reply(): Promise<string> {
    return (await this.#line(Infinity))!;
  }

  /** What is awaited, or an error if the connection is lost meanwhile. */
  orLost<T>(awaited: Promise<T>): Promise<T> {
    return Promise.race([awaited, this.#lost]);
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  async #line(timeoutMs: number): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end).replace(/\r$/, '');
        this.#text = this.#text.slice(end + 1);
        if (this.#text.length < UNREAD_MAX) this.#socket.resume();
        return line;
      }
      if (this.#text.length >= UNREAD_MAX) {
        throw new Error(`the server sent ${UNREAD_MAX} characters without the end of a line`);
      }
      if (this.#end && timeoutMs === Infinity) throw this.#end;
      if (this.#end) return undefined;
      if (!(await this.#more(timeoutMs))) return undefined;
    }
  }

  /** Waits for more text or for the end; false when neither came in time. */
  #more(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer =
        timeoutMs === Infinity
          ? undefined
          : setTimeout(() => {
              resolve(false);
            }, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
