/**
 * Takes telnet's commands out of a byte stream, and refuses every option that is negotiated: we
 * are a server that wants none. Without an answer a real telnet stays mute after Ctrl-C: it sends
 * `FF F4 FF FD 06` (interrupt process, do timing mark) and shows nothing until `FF FC 06` (won't) came.
 *
 * Source: RFC 854 (commands), RFC 855 (options, subnegotiation), RFC 860 (timing mark), RFC 1073
 * (window size), RFC 1143 (who answers what, so that there is no loop).
 */

const LF = 0x0a;
export const IAC = 0xff;
const SE = 0xf0;
const SB = 0xfa;
const WILL = 0xfb;
const WONT = 0xfc;
const DO = 0xfd;
const DONT = 0xfe;
const TIMING_MARK = 0x06;
const WINDOW_SIZE = 0x1f;

/** A longer subnegotiation is none: garbage must not swallow what follows. In bytes. */
const SUBNEGOTIATION_MAX = 512;
/** The option and the two numbers of a window size, any byte of which may be an LF. */
const WINDOW_SIZE_BYTES = 5;

type Place = 'text' | 'command' | 'option' | 'subnegotiation' | 'subnegotiation command';

export class Telnet {
  /** Where in a command the last byte was: a command may be cut anywhere. */
  #place: Place = 'text';
  #command = 0;
  #option = 0;
  #subnegotiated = 0;
  /** What was answered already: an option is refused once, or two refusers would never end. */
  #answered: Set<number> | undefined;

  /** Whether the next byte is text, unless it is IAC. */
  get isAtText(): boolean {
    return this.#place === 'text';
  }

  /** Takes a byte: it is text, or part of a command, or the last one of a request with this answer. */
  take(byte: number): 'text' | 'command' | Uint8Array {
    switch (this.#place) {
      case 'text':
        if (byte !== IAC) return 'text';
        this.#place = 'command';
        return 'command';
      case 'command':
        if (byte < SE) break; // no command: the IAC was garbage
        this.#place = placeAfter(byte);
        this.#command = byte;
        this.#subnegotiated = 0;
        return byte === IAC ? 'text' : 'command'; // IAC IAC stands for the byte 255 itself.
      case 'option':
        this.#place = 'text';
        return this.#refusal(byte);
      case 'subnegotiation':
        this.#subnegotiated += 1;
        if (this.#subnegotiated === 1) this.#option = byte;
        if (byte === LF && !this.#isWindowSize) break; // garbage
        if (this.#subnegotiated > SUBNEGOTIATION_MAX) break;
        if (byte === IAC) this.#place = 'subnegotiation command';
        return 'command';
      case 'subnegotiation command':
        this.#place = byte === SE ? 'text' : 'subnegotiation';
        return 'command';
    }
    this.#place = 'text';
    return 'text';
  }

  get #isWindowSize(): boolean {
    return this.#option === WINDOW_SIZE && this.#subnegotiated <= WINDOW_SIZE_BYTES;
  }

  #refusal(option: number): 'command' | Uint8Array {
    const request = this.#command;
    if (request !== DO && request !== WILL) return 'command'; // it is off, as it was
    // A timing mark is no option that is on or off: each one asks for its own answer.
    if (option !== TIMING_MARK) {
      this.#answered ??= new Set();
      const key = request * 256 + option;
      if (this.#answered.has(key)) return 'command';
      this.#answered.add(key);
    }
    return Uint8Array.of(IAC, request === DO ? WONT : DONT, option);
  }
}

function placeAfter(command: number): Place {
  if (command === SB) return 'subnegotiation';
  return command >= WILL && command <= DONT ? 'option' : 'text';
}
