/**
 * Memory for what is read from TCP. Left to itself Node makes a new buffer of 64 KiB for each read,
 * and spent more time on making and collecting those than on moving bytes. Here a connection reads
 * into one buffer that all connections share, and into large ones of its own while bulk flows.
 */

/** A read that fills this means that more is waiting. */
const SHARED_BYTES = 64 * 1024;

const BULK_BYTES = 256 * 1024;

/** Buffers kept for the next read; more than these are left to the garbage collector. */
const MOST_FREE = 16;

const shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
const free: Buffer[] = [];

/** What a read brought, and what to call when nobody looks at it any more. */
export interface Received {
  bytes: Buffer;
  release: () => void;
}

/** The receive buffers of one connection, for the option `onread` of `net.connect`. */
export class ReceiveBuffers {
  #isBulk = false;

  /** Where the next read goes; it may bring much only if whoever gets it is quick. */
  next(isQuick: boolean): Buffer {
    return this.#isBulk && isQuick ? (free.pop() ?? Buffer.allocUnsafeSlow(BULK_BYTES)) : shared;
  }

  /** The first `length` bytes of `buffer`, which came from `next`; they stay until released. */
  take(buffer: Uint8Array, length: number): Received {
    this.#isBulk = length >= SHARED_BYTES;
    const own = buffer === shared ? undefined : (buffer as Buffer);
    if (own && this.#isBulk) return { bytes: own.subarray(0, length), release: () => keep(own) };
    // The next read, of whichever connection, writes over the shared one; few bytes need no large one.
    const bytes = Buffer.from(buffer.subarray(0, length));
    if (own) keep(own);
    return { bytes, release: nothing };
  }
}

function keep(buffer: Buffer): void {
  if (free.length < MOST_FREE) free.push(buffer);
}

function nothing(): void {
  // The copy was this read's alone.
}
