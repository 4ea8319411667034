/**
 * Removes telnet's in-band commands from a byte stream: Ctrl-C in telnet sends `FF F4 FF FD 06`
 * (interrupt process, do timing mark), which is no arithmetic.
 *
 * Source: RFC 854 (commands), RFC 855 (options and subnegotiation).
 */

const LF = 0x0a;
const IAC = 0xff;
const SE = 0xf0;
const SB = 0xfa;
const WILL = 0xfb;
const DONT = 0xfe;

type Place = 'text' | 'command' | 'option' | 'subnegotiation' | 'subnegotiation command';

export class TelnetFilter {
  /** Where in a command the last bytes ended: a command may be cut anywhere. */
  #place: Place = 'text';

  /** The bytes without commands; the same array if there are none. */
  strip(bytes: Uint8Array): Uint8Array {
    if (this.#place === 'text' && !bytes.includes(IAC)) return bytes;
    const text = new Uint8Array(bytes.length);
    let length = 0;
    for (const byte of bytes) {
      if (this.#isText(byte)) text[length++] = byte;
    }
    return text.subarray(0, length);
  }

  #isText(byte: number): boolean {
    switch (this.#place) {
      case 'text':
        if (byte !== IAC) return true;
        this.#place = 'command';
        return false;
      case 'command':
        if (byte < SE) break; // no command: the IAC was garbage
        this.#place =
          byte === SB ? 'subnegotiation' : byte >= WILL && byte <= DONT ? 'option' : 'text';
        return byte === IAC; // IAC IAC stands for the byte 255 itself.
      case 'option':
        this.#place = 'text';
        return false;
      case 'subnegotiation':
        // Without this, garbage could swallow every later message.
        if (byte === LF) break;
        if (byte === IAC) this.#place = 'subnegotiation command';
        return false;
      case 'subnegotiation command':
        this.#place = byte === SE ? 'text' : 'subnegotiation';
        return false;
    }
    this.#place = 'text';
    return true;
  }
}
