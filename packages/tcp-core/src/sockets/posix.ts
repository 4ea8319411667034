/**
 * The socket API on the operating system's own calls.
 *
 * One instance serves one thread. A thread that is blocked in a system call cannot be ended from
 * outside. So accept, select and send wait in a poll or select over the wanted descriptors *and* the
 * read end of one shared pipe; then the call itself is made without blocking. One byte in the pipe,
 * never read, wakes all threads for good. Only recv really blocks in recv: it is where the threads
 * of server 2 spend their lives, and a shutdown of the socket from outside wakes it.
 *
 * Source: Stevens, UNIX Network Programming, vol. 1; poll(2), select(2), accept4(2), tcp(7).
 */

import {
  type Address,
  type Connection,
  type Listener,
  type Ready,
  type Sockets,
  Stopped,
} from './api.ts';
import { FdSet } from './fd-set.ts';
import {
  errnoName,
  IPPROTO_TCP,
  lastError,
  libc,
  POLLIN,
  POLLOUT,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
} from './libc.ts';
import type { LayerOptions } from './layer.ts';
import { LingeringSockets } from './lingering.ts';
import { PosixConnection } from './posix-connection.ts';
import { type AcceptingLayer, PosixListener } from './posix-listener.ts';
import { ReceiveBuffer } from './receive-buffer.ts';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_MAX } from './sockaddr.ts';
import type { Blocking } from './socket-trace.ts';
import { isReset } from './tcp-state.ts';

/** After so much silence the kernel asks a client whether it is there; unanswered, it is gone after 25 s. */
const KEEPALIVE = { idleSeconds: 10, intervalSeconds: 5, probes: 3 };

/** When no newcomer can be accepted, nor turned away, the next look at the queue comes after so long. */
const DEAF_MS = 100;

export class PosixSockets implements Sockets, AcceptingLayer {
  readonly options: LayerOptions;
  readonly lingering = new LingeringSockets();
  readonly buffer = new ReceiveBuffer();
  readonly #open = new Set<PosixConnection | PosixListener>();
  readonly #read = new FdSet();
  readonly #write = new FdSet();
  readonly #wakeFdAlone: number[];
  #pollfds = new Int32Array(2 * 128);
  /** A listener whose accept would fail: it would be ready for ever, so it is not watched. */
  #deaf = { fd: -1, until: -Infinity };

  constructor(options: LayerOptions) {
    this.options = options;
    this.#wakeFdAlone = [options.wakeFd];
  }

  // Properties, not methods: servers take the calls out of the object, as if they were C functions.
  readonly listen = (at: Address): PosixListener => {
    const { family, bytes } = encodeSockaddr(at);
    const where = `${at.address} port ${at.port}`;
    const fd = libc().socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw lastError('socket', where);
    try {
      // A restart must not wait for the old connections in TIME_WAIT (socket(7)).
      this.#set(fd, SOL_SOCKET, SO_REUSEADDR);
      // Replies are small and must not wait for an acknowledgement; accepted sockets inherit it.
      this.#set(fd, IPPROTO_TCP, TCP_NODELAY);
      // A client that vanished without FIN or RST keeps no place for ever: inherited, too (tcp(7)).
      this.#set(fd, SOL_SOCKET, SO_KEEPALIVE);
      this.#set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE.idleSeconds);
      this.#set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE.intervalSeconds);
      this.#set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE.probes);
      if (libc().bind(fd, bytes, bytes.length) < 0) throw lastError('bind', where);
      if (libc().listen(fd, this.options.backlog) < 0) throw lastError('listen', where);
      return this.#keep(new PosixListener(this, fd, nameOf(fd)));
    } catch (error) {
      libc().close(fd);
      throw error;
    }
  };

  readonly select = (
    read: Iterable<Listener | Connection>,
    write: Iterable<Connection> = [],
    timeoutMs?: number,
  ): Ready => {
    const { trace, wakeFd } = this.options;
    const began = performance.now();
    const deadline = timeoutMs === undefined ? Infinity : began + timeoutMs;
    let own = this.#own;
    let deaf = -1;
    const watched = (): Pick<Blocking, 'read' | 'write' | 'own'> => ({
      read: deaf < 0 ? fdsOf(read) : fdsOf(read).filter((fd) => fd !== deaf),
      write: fdsOf(write),
      own,
    });
    const blocking = (): Blocking => ({
      call: 'select',
      in: 'select',
      ...watched(),
      timeoutMs: timeoutMs === undefined ? null : wholeMs(timeoutMs),
    });
    for (;;) {
      own = this.#own;
      deaf = this.#isDeaf ? this.#deaf.fd : -1;
      this.#read.clear();
      this.#write.clear();
      for (const { fd } of read) this.#read.add(fd);
      if (deaf >= 0) this.#read.remove(deaf);
      for (const { fd } of write) this.#write.add(fd);
      for (const fd of own) this.#read.add(fd);

      FdSet.select(this.#read, this.#write, this.#pause(deadline, blocking));
      if (this.#read.has(wakeFd)) throw new Stopped();
      if (this.lingering.size > 0) this.lingering.service();

      const ready: Ready = { readable: [], writable: [] };
      for (const socket of read) if (this.#read.has(socket.fd)) ready.readable.push(socket);
      for (const socket of write) if (this.#write.has(socket.fd)) ready.writable.push(socket);
      const nothing = ready.readable.length + ready.writable.length === 0;
      const now = performance.now();
      if (nothing && now < deadline) continue;
      if (timeoutMs !== 0 || !nothing) {
        trace.selected(
          () => ({
            ...watched(),
            readable: fdsOf(ready.readable),
            writable: fdsOf(ready.writable),
            micros: Math.round((now - began) * 1000),
          }),
          now,
        );
      }
      return ready;
    }
  };

  readonly startThread = (client: Connection): void => {
    if (!(client instanceof PosixConnection)) throw new TypeError('not a connection of this layer');
    this.#open.delete(client);
    this.options.startThread(client);
  };

  /** Takes a descriptor that another thread accepted. */
  adopt(fd: number, id: number): PosixConnection {
    return this.#keep(new PosixConnection(this, fd, id));
  }

  /** Waits until all sockets that are being drained are closed. */
  finishLingering(): void {
    while (this.lingering.size > 0) this.waitFor('close', -1, POLLIN, this.lingering.firstDeadline);
  }

  /** Ends every connection and listener of this thread, without waiting. */
  closeAll(): void {
    for (const socket of this.#open) socket.close();
    this.lingering.closeAll();
  }

  waitFor(
    call: 'accept' | 'recv' | 'send' | 'close',
    fd: number,
    events: number,
    deadline: number,
  ): boolean {
    const blocking = (): Blocking => ({
      call,
      in: 'poll',
      read: events === POLLIN && fd >= 0 ? [fd] : [],
      write: events === POLLOUT ? [fd] : [],
      own: this.#own,
      timeoutMs: deadline === Infinity ? null : wholeMs(deadline - performance.now()),
    });
    for (;;) {
      const pollfds = this.#pollfds;
      const count = 2 + this.lingering.size;
      if (2 * count > pollfds.length) throw new Error(`more than ${pollfds.length / 2} pollfds`);
      pollfds[0] = this.options.wakeFd;
      pollfds[1] = POLLIN;
      pollfds[2] = fd;
      pollfds[3] = events;
      this.lingering.watch(pollfds, 2);
      const pause = this.#pause(deadline, blocking);
      const ready = libc().poll(pollfds, count, pause === Infinity ? -1 : Math.ceil(pause));
      if (ready < 0 && errnoName(libc().errno()) !== 'EINTR') throw lastError('poll', `fd ${fd}`);
      // revents is the upper half of the second word: any bit, an error too, means "make the call".
      if (ready > 0 && pollfds[1] >>> 16 !== 0) throw new Stopped();
      if (this.lingering.size > 0) this.lingering.service();
      if (ready > 0 && pollfds[3] >>> 16 !== 0) return true;
      if (performance.now() >= deadline) return false;
      if (fd < 0 && this.lingering.size === 0) return false;
    }
  }

  hasFactsToHandOn(call: 'recv', fd: number): boolean {
    const what = (): Blocking => ({
      call,
      in: call,
      read: [fd],
      write: [],
      own: [],
      timeoutMs: null,
    });
    return this.options.trace.blocking(performance.now(), what) !== Infinity;
  }

  waitToAccept({ fd }: PosixListener): void {
    while (this.#isDeaf) this.waitFor('accept', -1, POLLIN, this.#deaf.until);
    this.waitFor('accept', fd, POLLIN, Infinity);
  }

  turnDeaf({ fd }: PosixListener): void {
    this.#deaf = { fd, until: performance.now() + DEAF_MS };
  }

  /** What is watched besides: see `own` in trace/events.ts. */
  get #own(): number[] {
    return this.lingering.size === 0
      ? this.#wakeFdAlone
      : [this.options.wakeFd, ...this.lingering.fds];
  }

  get #isDeaf(): boolean {
    return this.#deaf.fd >= 0 && performance.now() < this.#deaf.until;
  }

  forget(socket: PosixConnection | PosixListener): void {
    this.#open.delete(socket);
    if (this.#deaf.fd === socket.fd) this.#deaf = { fd: -1, until: -Infinity };
    this.options.closed(socket.fd);
  }

  accepted(fd: number, peer: Address): PosixConnection {
    const connection = this.#keep(new PosixConnection(this, fd, this.options.nextConnection()));
    const { address, port } = peer;
    this.options.trace.fact({
      type: 'accepted',
      connection: connection.id,
      fd,
      address,
      port,
      ...(isReset(fd) && { reset: true }),
    });
    return connection;
  }

  /** Milliseconds to wait now: until the deadline, or until there is something to do meanwhile. */
  #pause(deadline: number, blocking: () => Blocking): number {
    const now = performance.now();
    if (deadline <= now) return 0;
    const flushAt = this.options.trace.blocking(now, blocking);
    const deafUntil = this.#isDeaf ? this.#deaf.until : Infinity;
    return Math.max(0, Math.min(deadline, deafUntil, this.lingering.firstDeadline, flushAt) - now);
  }

  #keep<T extends PosixConnection | PosixListener>(socket: T): T {
    this.#open.add(socket);
    this.options.opened(socket.fd);
    return socket;
  }

  #set(fd: number, level: number, option: number, value = 1): void {
    if (libc().setsockopt(fd, level, option, Int32Array.of(value), 4) < 0) {
      throw lastError('setsockopt', `fd ${fd}`);
    }
  }
}

function nameOf(fd: number): Address {
  const bytes = new Uint8Array(SOCKADDR_MAX);
  if (libc().getsockname(fd, bytes, Uint32Array.of(SOCKADDR_MAX)) < 0) {
    throw lastError('getsockname', `fd ${fd}`);
  }
  return decodeSockaddr(bytes);
}

/** As poll(2) takes it: rounded up. */
function wholeMs(ms: number): number {
  return Math.max(0, Math.ceil(ms));
}

function fdsOf(sockets: Iterable<{ fd: number }>): number[] {
  return Array.from(sockets, ({ fd }) => fd);
}
