/**
 * Bytes in, whole messages out: TCP is a stream and keeps no message boundaries, so a server must
 * find them itself (Stevens, UNIX Network Programming, vol. 1, section 3.9).
 *
 * A message ends with LF or CRLF. Many a first client sends no newline at all: if the rest stays
 * unterminated for `idleMs`, it is the message. However the bytes are cut into segments, the same
 * messages come out.
 */

import { isUtf8 } from 'node:buffer';
import { MAX_MESSAGE_BYTES, type Message, type Terminator } from './message.ts';
import { TelnetFilter } from './telnet-filter.ts';

const LF = 0x0a;
const CR = 0x0d;

export class Inbox {
  readonly #idleMs: number;
  readonly #telnet = new TelnetFilter();
  /** The unterminated rest; one byte of room for the CR of a CRLF. */
  readonly #rest = Buffer.alloc(MAX_MESSAGE_BYTES + 1);
  #length = 0;
  /** The rest outgrew its room and is being dropped, up to the next LF. */
  #tooLong = false;
  /** Silence already had it answered; what is still dropped belongs to that message. */
  #answered = false;
  #lastByte = 0;
  #idleAt = Infinity;

  /** @param idleMs silence after which an unterminated rest counts as a message, in ms. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** Takes what recv returned; gives the messages that are complete now. */
  push(bytes: Uint8Array): Message[] {
    const text = this.#telnet.strip(bytes);
    const messages: Message[] = [];
    let start = 0;
    for (;;) {
      const end = text.indexOf(LF, start);
      this.#keep(text.subarray(start, end < 0 ? text.length : end));
      if (end < 0) break;
      const message = this.#finish(true);
      if (message) messages.push(message);
      start = end + 1;
    }
    this.#idleAt = this.#hasRest ? performance.now() + this.#idleMs : Infinity;
    return messages;
  }

  /** The unterminated rest as a message, after silence or FIN; nothing if there is none. */
  flush(): Message[] {
    this.#idleAt = Infinity;
    const message = this.#hasRest ? this.#finish(false) : undefined;
    return message ? [message] : [];
  }

  /** Milliseconds until the rest counts as a message, 0 if it does now; undefined without a rest. */
  get idleMs(): number | undefined {
    return this.#idleAt === Infinity ? undefined : Math.max(0, this.#idleAt - performance.now());
  }

  get #hasRest(): boolean {
    return this.#length > 0 || (this.#tooLong && !this.#answered);
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#lastByte = part[part.length - 1] ?? 0;
    if (this.#tooLong) return;
    if (this.#length + part.length > this.#rest.length) {
      this.#tooLong = true;
      this.#length = 0;
      return;
    }
    this.#rest.set(part, this.#length);
    this.#length += part.length;
  }

  #finish(byNewline: boolean): Message | undefined {
    const terminator: Terminator = !byNewline ? '' : this.#lastByte === CR ? '\r\n' : '\n';
    let length = this.#length;
    if (length > 0 && this.#rest[length - 1] === CR) length -= 1;
    const tooLong = this.#tooLong || length > MAX_MESSAGE_BYTES;
    const answered = this.#answered;

    this.#length = 0;
    this.#lastByte = 0;
    this.#tooLong = tooLong && !byNewline;
    this.#answered = this.#tooLong;

    if (answered || (length === 0 && !tooLong)) return undefined;
    if (tooLong)
      return unreadable(`a message may have at most ${MAX_MESSAGE_BYTES} bytes`, terminator);
    const bytes = this.#rest.subarray(0, length);
    if (!isUtf8(bytes)) return unreadable('the message is not valid UTF-8 text', terminator);
    return { text: bytes.toString('utf8'), terminator, problem: null };
  }
}

function unreadable(problem: string, terminator: Terminator): Message {
  return { text: '', terminator, problem };
}
