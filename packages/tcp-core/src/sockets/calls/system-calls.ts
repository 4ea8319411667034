/**
 * The one table of system calls of a platform: what the socket layer needs of an operating system, in the
 * layer's own words. Above this folder there is no errno number, no constant, no struct, no platform's name.
 *
 * Each call returns at once what the system says: -1 for failure unless told otherwise, and then
 * `errorName()` says why. Times are in milliseconds. A buffer's address (addressOf) is as good as its buffer: who passes
 * it on keeps the buffer, and stays within its length.
 */

import type { TcpState } from '../../trace/events.ts';
import type { Address } from '../api.ts';

export type Family = 'IPv4' | 'IPv6';

/** An address as the system takes it (ip(7), ipv6(7)). */
export interface SocketAddress {
  readonly family: Family;
  readonly bytes: Uint8Array;
}

/**
 * What can be set on a socket. `reuseAddress`: bind passes over connections in TIME_WAIT (socket(7)). `noDelay`: small
 * writes go out at once. `keepAlive` and its three: a silent peer is asked whether it is there, first after
 * `keepAliveIdle` seconds, then every `keepAliveInterval`, and is gone after so many `keepAliveProbes`
 * without an answer (tcp(7)).
 */
export type SocketOption =
  | 'reuseAddress'
  | 'noDelay'
  | 'keepAlive'
  | 'keepAliveIdle'
  | 'keepAliveInterval'
  | 'keepAliveProbes';

/** A set of descriptors, one bit for each (select(2)). */
export interface DescriptorSet {
  clear(): void;
  /** FD_SET. Throws a RangeError if it is none. */
  add(fd: number): void;
  /** FD_CLR. */
  remove(fd: number): void;
  /** FD_ISSET. */
  has(fd: number): boolean;
}

/** The two sets of a select, which are used again for the next. */
export interface SelectSets {
  readonly read: DescriptorSet;
  readonly write: DescriptorSet;
  /**
   * Blocks until a descriptor of `read` is readable or one of `write` is writable, for at most `pauseMs`
   * (Infinity: for ever). Then only the ready ones are left in the sets: none after a failure.
   */
  wait(pauseMs: number): number;
}

/** The list of a poll, which is used again for the next (poll(2)). */
export interface PollList {
  clear(): void;
  /** Watches one more; a negative one only takes its place. Throws an Error if there are POLLED_MAX. */
  add(fd: number, event: PollEvent): void;
  /** Blocks until one of them is ready, for at most `pauseMs` (Infinity: for ever); returns how many are. */
  wait(pauseMs: number): number;
  /** Whether the last wait found the one at this index ready, or in an error that the next call will tell. */
  isReady(index: number): boolean;
}

export type PollEvent = 'read' | 'write';

/** The most that one PollList watches. */
export const POLLED_MAX = 128;

export interface SystemCalls {
  /** The name of the error with which this thread's last call failed, such as ECONNRESET (errno(3)). */
  errorName(): string;

  /** Throws SocketError EINVAL if it is no IP address. */
  encodeAddress(at: Address): SocketAddress;
  /** A TCP socket that a program started from here does not inherit; with `dontWait` no call on it waits. */
  socket(family: Family, dontWait: boolean): number;
  setOption(fd: number, option: SocketOption, value: number): number;
  bind(fd: number, at: SocketAddress): number;
  listen(fd: number, backlog: number): number;
  /** The next connection of the accept queue and whose it is; undefined if the call failed (accept(2)). Error: an address that is none. */
  accept(fd: number): { fd: number; peer: Address } | undefined;
  /** The socket's own address; undefined if it is none of an IP socket (getsockname(2)). */
  localAddress(fd: number): Address | undefined;
  /** Its peer's; undefined without one (getpeername(2)). */
  peerAddress(fd: number): Address | undefined;
  isListening(fd: number): boolean;
  /** The TCP state as the kernel has it now; undefined if the call failed. */
  tcpState(fd: number): TcpState | undefined;

  addressOf(buffer: Uint8Array): number;
  /** Blocks until there are bytes, their end (0), or an error, but no longer than setReceiveLimit says (recv(2)). */
  recv(fd: number, address: number, length: number): number;
  /** The same, but never waits: EAGAIN if nothing is there. */
  recvNow(fd: number, address: number, length: number): number;
  /** The same, but takes nothing. */
  peekNow(fd: number, address: number, length: number): number;
  /** How long recv waits at most: then it fails with EAGAIN. 0: for ever. */
  setReceiveLimit(fd: number, ms: number): number;
  /** Hands over what there is room for, without waiting: EAGAIN if there is none (send(2)). No signal is raised. */
  sendNow(fd: number, bytes: Uint8Array): number;
  /** The same from an address, which costs a third of a microsecond less. */
  sendNowFrom(fd: number, address: number, length: number): number;
  /** Sends FIN (shutdown(2)). */
  endSending(fd: number): number;
  /** From now on recv returns what is there, then 0: also the recv in which another thread is blocked. */
  endReceiving(fd: number): number;
  close(fd: number): number;

  selectSets(): SelectSets;
  pollList(): PollList;

  /** A pipe that stays readable once a byte is written: it wakes every thread that waits on it (pipe(2)). */
  pipe(): { readFd: number; writeFd: number } | undefined;
  write(fd: number, bytes: Uint8Array): number;
  /** A descriptor that only keeps a number free, to be given up when no other is left. */
  spareDescriptor(): number;
  /** The descriptors that this process has open; some may be closed by now. Empty if none is left to look with. */
  openDescriptors(): number[];

  /** The system's number of the calling thread: the SPID of `ps -T` (gettid(2)). */
  threadId(): number;
  /** Names the calling thread, as `ps -T` and `top -H` show it, cut to what the system keeps. */
  nameThread(name: string): void;
  /** Ends this process at once, without exit handlers (_exit(2)). */
  exit(code: number): void;
}
