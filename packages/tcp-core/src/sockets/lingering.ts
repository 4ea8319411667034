/**
 * Sockets that were closed while their client might still be sending.
 *
 * close(2) with unread bytes in the receive queue sends RST instead of FIN, and an RST makes many
 * systems throw away what they have not read yet: the reply (RFC 9112, section 9.6; RFC 2525,
 * section 2.17). So the FIN goes out first, then what still arrives is read and dropped, until the
 * client's own FIN or until its time is up.
 */

import type { PollList } from './calls/system-calls.ts';
import { systemCalls } from './calls/this-platform.ts';

/** How long a client may take, and how many may do so at once. */
const LINGER_MS = 1000;
const LINGERING_MAX = 64;

/** How a drain ended: by the client's FIN, by an error (its name), or because its time was up. */
export type DrainEnd = 'fin' | 'given up' | { errno: string };

interface Lingering {
  fd: number;
  until: number;
  drained: number;
  close: (end: DrainEnd, drained: number) => void;
}

export class LingeringSockets {
  readonly #sockets: Lingering[] = [];
  readonly #calls = systemCalls();
  readonly #scrap = new Uint8Array(16 * 1024);
  readonly #scrapAddress = this.#calls.addressOf(this.#scrap);

  get fds(): number[] {
    return this.#sockets.map(({ fd }) => fd);
  }

  get size(): number {
    return this.#sockets.length;
  }

  /** When the first one's time is up, in terms of performance.now(). */
  get firstDeadline(): number {
    return this.#sockets[0]?.until ?? Infinity;
  }

  /** Takes over a socket that has sent its FIN; `close` is called once, when it is done. */
  add(fd: number, close: Lingering['close']): void {
    const socket = { fd, until: performance.now() + LINGER_MS, drained: 0, close };
    const end = this.#drain(socket);
    if (end !== undefined) {
      close(end, socket.drained);
      return;
    }
    const oldest = this.#sockets.length === LINGERING_MAX ? this.#sockets.shift() : undefined;
    oldest?.close('given up', oldest.drained);
    this.#sockets.push(socket);
  }

  /** Puts them into the list of a poll. */
  watch(list: PollList): void {
    for (const { fd } of this.#sockets) list.add(fd, 'read');
  }

  /** Reads what has arrived, and closes those that are done. */
  service(now = performance.now()): void {
    for (let i = this.#sockets.length - 1; i >= 0; i--) {
      const socket = this.#sockets[i]!;
      const end = this.#drain(socket) ?? (socket.until <= now ? 'given up' : undefined);
      if (end === undefined) continue;
      this.#sockets.splice(i, 1);
      socket.close(end, socket.drained);
    }
  }

  /** Closes all now; some of their clients may see RST. */
  closeAll(): void {
    this.service(Infinity);
  }

  /** Drops what is in the receive queue; undefined while more may come. */
  #drain(socket: Lingering): DrainEnd | undefined {
    // A client that sends faster than this is read again at the next turn; others want theirs.
    for (let i = 0; i < 16; i++) {
      const got = this.#calls.recvNow(socket.fd, this.#scrapAddress, this.#scrap.length);
      if (got === 0) return 'fin';
      if (got < 0) {
        const errno = this.#calls.errorName();
        return errno === 'EAGAIN' || errno === 'EINTR' ? undefined : { errno };
      }
      socket.drained += got;
    }
    return undefined;
  }
}
