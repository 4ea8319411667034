/**
 * The socket API on the operating system's own calls.
 *
 * One instance serves one thread. A thread that is blocked in a system call cannot be ended from
 * outside. So accept, select and send wait in a poll or select over the wanted descriptors *and* the
 * read end of one shared pipe; then the call itself is made without blocking. One byte in the pipe,
 * never read, wakes all threads for good. Only recv really blocks in recv: it is where the threads
 * of server 2 spend their lives, and a shutdown of the socket from outside wakes it.
 *
 * Source: Stevens, UNIX Network Programming, vol. 1; poll(2), select(2), accept(2), tcp(7).
 */

import {
  type Address,
  type Connection,
  type Listener,
  type Ready,
  type Sockets,
  Stopped,
} from './api.ts';
import { lastError } from './calls/errors.ts';
import type { PollEvent, SocketOption } from './calls/system-calls.ts';
import { systemCalls } from './calls/this-platform.ts';
import { TcpConnection } from './connection.ts';
import type { LayerOptions } from './layer.ts';
import { LingeringSockets } from './lingering.ts';
import { type AcceptingLayer, TcpListener } from './listener.ts';
import { ReceiveBuffer } from './receive-buffer.ts';
import type { Blocking } from './socket-trace.ts';
import { isReset } from './tcp-state.ts';

/** After so much silence the kernel asks a client whether it is there; unanswered, it is gone after 25 s. */
const KEEPALIVE = { idleSeconds: 10, intervalSeconds: 5, probes: 3 };

/** The places in the list of a poll: of the pipe that wakes the thread to stop, of what it waits for. */
const WAKE = 0;
const WANTED = 1;

/** When no newcomer can be accepted, nor turned away, the next look at the queue comes after so long. */
const DEAF_MS = 100;

export class TcpSockets implements Sockets, AcceptingLayer {
  readonly options: LayerOptions;
  readonly lingering = new LingeringSockets();
  readonly buffer = new ReceiveBuffer();
  readonly #open = new Set<TcpConnection | TcpListener>();
  readonly #calls = systemCalls();
  readonly #selectSets = this.#calls.selectSets();
  readonly #pollList = this.#calls.pollList();
  readonly #wakeFdAlone: number[];
  /** A listener whose accept would fail: it would be ready for ever, so it is not watched. */
  #deaf = { fd: -1, until: -Infinity };

  constructor(options: LayerOptions) {
    this.options = options;
    this.#wakeFdAlone = [options.wakeFd];
  }

  // Properties, not methods: servers take the calls out of the object, as if they were C functions.
  readonly listen = (at: Address): TcpListener => {
    const calls = this.#calls;
    const address = calls.encodeAddress(at);
    const where = `${at.address} port ${at.port}`;
    const fd = calls.socket(address.family, true);
    if (fd < 0) throw lastError('socket', where);
    try {
      // A restart must not wait for the old connections in TIME_WAIT (socket(7)).
      this.#set(fd, 'reuseAddress');
      // Replies are small and must not wait for an acknowledgement; accepted sockets inherit it.
      this.#set(fd, 'noDelay');
      // A client that vanished without FIN or RST keeps no place for ever: inherited, too (tcp(7)).
      this.#set(fd, 'keepAlive');
      this.#set(fd, 'keepAliveIdle', KEEPALIVE.idleSeconds);
      this.#set(fd, 'keepAliveInterval', KEEPALIVE.intervalSeconds);
      this.#set(fd, 'keepAliveProbes', KEEPALIVE.probes);
      if (calls.bind(fd, address) < 0) throw lastError('bind', where);
      if (calls.listen(fd, this.options.backlog) < 0) throw lastError('listen', where);
      return this.#keep(new TcpListener(this, fd, this.#nameOf(fd)));
    } catch (error) {
      calls.close(fd);
      throw error;
    }
  };

  readonly select = (
    read: Iterable<Listener | Connection>,
    write: Iterable<Connection> = [],
    timeoutMs?: number,
  ): Ready => {
    const { trace, wakeFd } = this.options;
    const sets = this.#selectSets;
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
      sets.read.clear();
      sets.write.clear();
      for (const { fd } of read) sets.read.add(fd);
      if (deaf >= 0) sets.read.remove(deaf);
      for (const { fd } of write) sets.write.add(fd);
      for (const fd of own) sets.read.add(fd);

      const woken = sets.wait(this.#pause(deadline, blocking));
      if (woken < 0 && this.#calls.errorName() !== 'EINTR')
        throw lastError('select', `${fdsOf(read).length + fdsOf(write).length} descriptors`);
      if (sets.read.has(wakeFd)) throw new Stopped();
      if (this.lingering.size > 0) this.lingering.service();

      const ready: Ready = { readable: [], writable: [] };
      for (const socket of read) if (sets.read.has(socket.fd)) ready.readable.push(socket);
      for (const socket of write) if (sets.write.has(socket.fd)) ready.writable.push(socket);
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
    if (!(client instanceof TcpConnection)) throw new TypeError('not a connection of this layer');
    this.#open.delete(client);
    this.options.startThread(client);
  };

  /** Takes a descriptor that another thread accepted. */
  adopt(fd: number, id: number): TcpConnection {
    return this.#keep(new TcpConnection(this, fd, id));
  }

  /** Waits until all sockets that are being drained are closed. */
  finishLingering(): void {
    while (this.lingering.size > 0) this.waitFor('close', -1, 'read', this.lingering.firstDeadline);
  }

  /** Ends every connection and listener of this thread, without waiting. */
  closeAll(): void {
    for (const socket of this.#open) socket.close();
    this.lingering.closeAll();
  }

  waitFor(
    call: 'accept' | 'recv' | 'send' | 'close',
    fd: number,
    event: PollEvent,
    deadline: number,
  ): boolean {
    const blocking = (): Blocking => ({
      call,
      in: 'poll',
      read: event === 'read' && fd >= 0 ? [fd] : [],
      write: event === 'write' ? [fd] : [],
      own: this.#own,
      timeoutMs: deadline === Infinity ? null : wholeMs(deadline - performance.now()),
    });
    for (;;) {
      const list = this.#pollList;
      list.clear();
      list.add(this.options.wakeFd, 'read');
      list.add(fd, event);
      this.lingering.watch(list);
      const ready = list.wait(this.#pause(deadline, blocking));
      if (ready < 0 && this.#calls.errorName() !== 'EINTR') throw lastError('poll', `fd ${fd}`);
      if (ready > 0 && list.isReady(WAKE)) throw new Stopped();
      const isReady = ready > 0 && list.isReady(WANTED);
      if (this.lingering.size > 0) this.lingering.service();
      if (isReady) return true;
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

  waitToAccept({ fd }: TcpListener): void {
    while (this.#isDeaf) this.waitFor('accept', -1, 'read', this.#deaf.until);
    this.waitFor('accept', fd, 'read', Infinity);
  }

  turnDeaf({ fd }: TcpListener): void {
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

  forget(socket: TcpConnection | TcpListener): void {
    this.#open.delete(socket);
    if (this.#deaf.fd === socket.fd) this.#deaf = { fd: -1, until: -Infinity };
    this.options.closed(socket.fd);
  }

  accepted(fd: number, peer: Address): TcpConnection {
    const connection = this.#keep(new TcpConnection(this, fd, this.options.nextConnection()));
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

  #keep<T extends TcpConnection | TcpListener>(socket: T): T {
    this.#open.add(socket);
    this.options.opened(socket.fd);
    return socket;
  }

  #set(fd: number, option: SocketOption, value = 1): void {
    if (this.#calls.setOption(fd, option, value) < 0) throw lastError('setsockopt', `fd ${fd}`);
  }

  #nameOf(fd: number): Address {
    const name = this.#calls.localAddress(fd);
    if (!name) throw lastError('getsockname', `fd ${fd}`);
    return name;
  }
}

/** As poll(2) takes it: rounded up. */
function wholeMs(ms: number): number {
  return Math.max(0, Math.ceil(ms));
}

function fdsOf(sockets: Iterable<{ fd: number }>): number[] {
  return Array.from(sockets, ({ fd }) => fd);
}
