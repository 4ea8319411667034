/**
 * Bytes in, whole messages out: TCP is a stream and keeps no message boundaries, so a server must
 * find them itself (Stevens, UNIX Network Programming, vol. 1, section 3.9).
 *
 * A message ends with LF, CRLF, CR NUL, CR, or NUL (a C string), and its reply likewise. However the
 * bytes are cut into segments, the same messages come out. What clients do besides, and what is made
 * of it here, is told in docs/conversation.md:
 *
 * - no terminator at all: if the rest stays unterminated for `idleMs`, it is the message; but
 *   whoever has ended a line is waited for, and whoever types key by key has KEY_IDLE_MS;
 * - NULs around messages: padding. What stands behind one and is no text is the rest of a buffer, and
 *   all of it is one error;
 * - telnet's commands, backspaces, a byte-order mark.
 */

import { isUtf8 } from 'node:buffer';
import { MAX_MESSAGE_BYTES, type Message, type Said, type Terminator } from './message.ts';
import { IAC, Telnet } from './telnet.ts';
import { erased, isTextSoFar, shownBytes, textTail, withoutByteOrderMark } from './text-bytes.ts';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** The patience with people whose terminal sends each key at once, in ms. */
const KEY_IDLE_MS = 2000;

/** Of a run of CRs that may still turn out to be one line end, so many count as empty lines. */
const CRS_MAX = 16;

/** Printable ASCII that is not blank: most messages, and read at once. */
const PLAIN = /^ *[!-~][ -~]*$/;

const TOO_LONG = `a message may have at most ${MAX_MESSAGE_BYTES} bytes`;
const EMPTY = 'an empty line: type a sum, such as 22 + 44';
const REST_OF_BUFFER =
  'bytes behind a NUL that are no text: the client sends its whole buffer; ' +
  'send only the message, strlen(message) bytes';
const BEHIND_NUL =
  '; it stands behind a NUL: a client that sends its whole buffer should send strlen(message) bytes';

export class Inbox {
  readonly #idleMs: number;
  readonly #telnet = new Telnet();
  /** The unterminated rest. */
  readonly #rest = Buffer.alloc(MAX_MESSAGE_BYTES);
  #length = 0;
  /** The rest outgrew its room and is being dropped, up to its end. */
  #tooLong = false;
  /** Silence already had it answered; what is still dropped belongs to that message. */
  #answered = false;
  /** The rest, or else the next message, begins behind a NUL. */
  #behindNul = false;
  /** What stood behind a NUL and was no text, as the log shows it; not answered yet. */
  #garbage: string | undefined;
  /** The rest came with single bytes. */
  #byKeys = false;
  /** A CR ended the last message: an LF or NUL that follows belongs to it. */
  #afterCr = false;
  /** CRs that followed it: part of the same end if an LF or NUL comes, otherwise empty lines. */
  #crs = 0;
  /** How the client ended its last line; '' if it never did. */
  #lineEnd: Terminator = '';
  #idleAt = Infinity;

  /** @param idleMs silence after which an unterminated rest counts as a message, in ms. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** Takes what recv returned; gives the messages that are complete now. */
  push(bytes: Uint8Array): Message[] {
    const line = this.#plainLine(bytes);
    if (line !== undefined) return [said(line, '\n')];
    const messages: Message[] = [];
    if (bytes.length === 1) this.#byKeys = true;
    for (const byte of bytes) {
      if (byte !== IAC && this.#telnet.isAtText) {
        this.#take(byte, messages);
      } else {
        const got = this.#telnet.take(byte);
        if (got instanceof Uint8Array) messages.push({ type: 'negotiated', answer: got });
        else if (got === 'text') this.#take(byte, messages);
      }
    }
    this.#idleAt = this.#patienceMs === Infinity ? Infinity : performance.now() + this.#patienceMs;
    return messages;
  }

  /** The unterminated rest as a message, after silence or FIN; nothing if there is none. */
  flush(): Message[] {
    this.#idleAt = Infinity;
    const messages: Message[] = [];
    this.#endCrs(messages);
    if (this.#hasRest) this.#finish('', messages);
    this.#endGarbage(messages);
    this.#behindNul = false;
    return messages;
  }

  /** Milliseconds until the rest counts as a message, 0 if it does now; undefined without a rest. */
  get idleMs(): number | undefined {
    return this.#idleAt === Infinity ? undefined : Math.max(0, this.#idleAt - performance.now());
  }

  /** The common case, without a loop over the bytes: one whole line in one segment. */
  #plainLine(bytes: Uint8Array): string | undefined {
    const end = bytes.length - 1;
    if (bytes[end] !== LF || this.#hasBegun || bytes.indexOf(LF) !== end) return undefined;
    if (bytes.length > MAX_MESSAGE_BYTES) return undefined;
    this.#rest.set(bytes);
    const text = this.#rest.toString('latin1', 0, end);
    if (!PLAIN.test(text)) return undefined;
    this.#afterCr = false;
    this.#lineEnd = '\n';
    return text;
  }

  /** Something came before that is not answered yet, or matters for what comes now. */
  get #hasBegun(): boolean {
    return (
      this.#length > 0 ||
      this.#tooLong ||
      this.#behindNul ||
      this.#crs > 0 ||
      !this.#telnet.isAtText
    );
  }

  get #hasRest(): boolean {
    return this.#length > 0 || (this.#tooLong && !this.#answered);
  }

  /** How long the rest may stay unterminated, in ms: for ever if its end is sure to come. */
  get #patienceMs(): number {
    if (this.#crs > 0 || this.#garbage !== undefined) return this.#idleMs;
    if (!this.#hasRest || (this.#lineEnd !== '' && !this.#behindNul)) return Infinity;
    return this.#byKeys ? Math.max(this.#idleMs, KEY_IDLE_MS) : this.#idleMs;
  }

  /** Takes a byte of text. */
  #take(byte: number, messages: Message[]): void {
    if (this.#afterCr) {
      if (byte === CR) {
        this.#crs = Math.min(this.#crs + 1, CRS_MAX);
        return;
      }
      this.#afterCr = false;
      if (byte === LF || byte === NUL) {
        this.#crs = 0;
        return;
      }
      this.#endCrs(messages);
    }
    if (byte === LF) {
      this.#lineEnd = '\n';
      this.#finish('\n', messages);
    } else if (byte === CR) {
      this.#lineEnd = '\r\n';
      this.#afterCr = true;
      this.#finish('\r\n', messages);
    } else if (byte === NUL) {
      if (this.#hasRest) this.#finish('\0', messages); // otherwise padding
      this.#behindNul = true;
    } else if (this.#length < MAX_MESSAGE_BYTES && !this.#tooLong) {
      this.#rest[this.#length++] = byte;
    } else {
      this.#tooLong = true;
    }
  }

  /** No LF and no NUL came: each of these CRs ended a line of its own. */
  #endCrs(messages: Message[]): void {
    for (; this.#crs > 0; this.#crs--) messages.push(unreadable('\r', EMPTY, '\r\n'));
  }

  /** The rest is whole. */
  #finish(terminator: Terminator, messages: Message[]): void {
    const bytes = this.#rest.subarray(0, this.#length);
    const [behindNul, tooLong, answered] = [this.#behindNul, this.#tooLong, this.#answered];
    this.#length = 0;
    this.#byKeys = false;
    this.#behindNul = false;
    this.#tooLong = tooLong && terminator === '';
    this.#answered = this.#tooLong;
    if (answered) return;

    let message: Said | undefined;
    if (behindNul && !isTextSoFar(bytes)) {
      this.#garbage ??= shownBytes(bytes).text;
      this.#behindNul = true;
      // The buffer had an end, and the next message follows it.
      const line = terminator === '\n' || terminator === '\r\n' ? textTail(bytes) : '';
      if (/\d/.test(line)) message = said(line, terminator);
    } else if (tooLong) {
      message = unreadable(shownBytes(bytes).text, TOO_LONG, terminator);
    } else {
      message = read(bytes, terminator);
      if (message && behindNul) message.advice = BEHIND_NUL;
    }
    if (!message) return;
    this.#endGarbage(messages);
    this.#behindNul = false;
    messages.push(message);
  }

  /** The rest of a buffer ends here: however many NULs were in it, it is one error. */
  #endGarbage(messages: Message[]): void {
    if (this.#garbage === undefined) return;
    // It has no end of its own; a client that reads lines must find one.
    const end = this.#lineEnd === '' ? '\0' : this.#lineEnd;
    messages.push(unreadable(this.#garbage, REST_OF_BUFFER, end));
    this.#garbage = undefined;
  }
}

/** Makes a message of bytes; nothing if there are none and nobody waits for an answer. */
function read(bytes: Buffer, terminator: Terminator): Said | undefined {
  const plain = bytes.toString('latin1');
  if (PLAIN.test(plain)) return said(plain, terminator);
  const kept = erased(withoutByteOrderMark(bytes));
  if (kept.length === 0) {
    // NULs are padding, and silence after erased keys says nothing.
    if (terminator === '' || terminator === '\0') return undefined;
    const shown = bytes.length > 0 ? bytes.toString('utf8') : terminator;
    return unreadable(shown, EMPTY, terminator);
  }
  if (isUtf8(kept)) return said(kept.toString('utf8'), terminator);
  const { text, wrong } = shownBytes(kept);
  const what = `the message is not valid UTF-8 text: byte ${wrong.at} is ${wrong.byte}`;
  return unreadable(text, what, terminator);
}

function said(text: string, terminator: Terminator): Said {
  return { type: 'said', text, terminator, problem: null, advice: '' };
}

function unreadable(shown: string, problem: string, terminator: Terminator): Said {
  return { type: 'said', text: shown, terminator, problem, advice: '' };
}
