/**
 * Linux's system calls through koffi: the only file that knows its errno numbers, constants and structs.
 *
 * Constants are the generic ones, the same on x64 and arm64 (include/uapi/asm-generic); each call has its
 * page in section 2 of the manual.
 */

import { readdirSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';
import { tcpStates } from '../../trace/events.ts';
import type { Address } from '../api.ts';
import { FdSet } from './fd-set.ts';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_MAX } from './sockaddr.ts';
import {
  POLLED_MAX,
  type PollEvent,
  type PollList,
  type SelectSets,
  type SocketOption,
  type SystemCalls,
} from './system-calls.ts';

const AF = { IPv4: 2, IPv6: 10 } as const;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const SO_RCVTIMEO = 20;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_INFO = 11;
const MSG_PEEK = 0x02;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SHUT_RD = 0;
const SHUT_WR = 1;
const POLL: Record<PollEvent, number> = { read: 1, write: 4 }; // POLLIN, POLLOUT
const O_CLOEXEC = 0o2000000;
const O_RDONLY = 0;
const PR_SET_NAME = 15;
/** The kernel keeps so many characters of a thread's name. */
const NAME_MAX = 15;

const OPTIONS: Record<SocketOption, readonly [level: number, option: number]> = {
  reuseAddress: [SOL_SOCKET, SO_REUSEADDR],
  noDelay: [IPPROTO_TCP, TCP_NODELAY],
  keepAlive: [SOL_SOCKET, SO_KEEPALIVE],
  keepAliveIdle: [IPPROTO_TCP, TCP_KEEPIDLE],
  keepAliveInterval: [IPPROTO_TCP, TCP_KEEPINTVL],
  keepAliveProbes: [IPPROTO_TCP, TCP_KEEPCNT],
};

type Bytes = ArrayBufferView;

/** The functions of the C library, as C declares them. */
interface Libc {
  socket: (family: number, type: number, protocol: number) => number;
  bind: (fd: number, address: Bytes, length: number) => number;
  listen: (fd: number, backlog: number) => number;
  accept4: (fd: number, address: Bytes, length: Bytes, flags: number) => number;
  getpeername: (fd: number, address: Bytes, length: Bytes) => number;
  getsockname: (fd: number, address: Bytes, length: Bytes) => number;
  getsockopt: (fd: number, level: number, option: number, value: Bytes, length: Bytes) => number;
  setsockopt: (fd: number, level: number, option: number, value: Bytes, length: number) => number;
  recv: (fd: number, address: number, length: number, flags: number) => number;
  send: (fd: number, buffer: Bytes, length: number, flags: number) => number;
  sendFrom: (fd: number, address: number, length: number, flags: number) => number;
  shutdown: (fd: number, how: number) => number;
  close: (fd: number) => number;
  poll: (fds: Bytes, count: number, timeoutMs: number) => number;
  select: (count: number, read: Bytes, write: Bytes, except: null, timeout: Bytes | null) => number;
  pipe2: (fds: Bytes, flags: number) => number;
  write: (fd: number, buffer: Bytes, length: number) => number;
  open: (path: string, flags: number) => number;
  inet_pton: (family: number, text: string, address: Bytes) => number;
  gettid: () => number;
  _exit: (code: number) => void;
  prctl: (option: number, name: string, a: number, b: number, c: number) => number;
}

/** Binds them. Throws an Error where the C library lacks one. */
export function linuxCalls(): SystemCalls {
  const libc = bindLibc();
  return {
    errorName: () => errnoName(koffi.errno()),

    encodeAddress: (at) =>
      encodeSockaddr(at, AF, (family, text, bytes) => {
        return libc.inet_pton(AF[family], text, bytes) === 1;
      }),
    socket: (family, dontWait) =>
      libc.socket(AF[family], SOCK_STREAM | (dontWait ? SOCK_NONBLOCK : 0) | SOCK_CLOEXEC, 0),
    setOption: (fd, name, value) => {
      const [level, option] = OPTIONS[name];
      return libc.setsockopt(fd, level, option, Int32Array.of(value), 4);
    },
    bind: (fd, { bytes }) => libc.bind(fd, bytes, bytes.length),
    listen: libc.listen,
    accept: (listener) => {
      const address = new Uint8Array(SOCKADDR_MAX);
      const length = Uint32Array.of(SOCKADDR_MAX);
      const fd = libc.accept4(listener, address, length, SOCK_CLOEXEC);
      if (fd < 0) return undefined;
      const peer = decoded(address, length);
      if (peer) return { fd, peer };
      libc.close(fd);
      throw new Error(`accept4: fd ${fd} has no address of an IP socket`);
    },
    localAddress: (fd) => addressBy(libc.getsockname, fd),
    peerAddress: (fd) => addressBy(libc.getpeername, fd),
    isListening: (fd) => {
      const value = new Int32Array(1);
      const length = Uint32Array.of(4);
      const result = libc.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, length);
      return result === 0 && length[0] === 4 && value[0] === 1;
    },
    tcpState: (fd) => {
      // The first byte of struct tcp_info is the state (TCP_INFO in tcp(7)).
      const info = new Uint8Array(1);
      const length = Uint32Array.of(info.length);
      const result = libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length);
      return result === 0 && length[0] === 1 ? tcpStates[info[0]! - 1] : undefined;
    },

    addressOf: (buffer) => Number(koffi.address(buffer)),
    recv: (fd, address, length) => libc.recv(fd, address, length, 0),
    recvNow: (fd, address, length) => libc.recv(fd, address, length, MSG_DONTWAIT),
    peekNow: (fd, address, length) => libc.recv(fd, address, length, MSG_PEEK | MSG_DONTWAIT),
    setReceiveLimit: (fd, ms) => libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(ms), 16),
    sendNow: (fd, bytes) => libc.send(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL),
    sendNowFrom: (fd, address, length) =>
      libc.sendFrom(fd, address, length, MSG_DONTWAIT | MSG_NOSIGNAL),
    endSending: (fd) => libc.shutdown(fd, SHUT_WR),
    endReceiving: (fd) => libc.shutdown(fd, SHUT_RD),
    close: libc.close,

    selectSets: () => new LinuxSelect(libc),
    pollList: () => new LinuxPoll(libc),

    pipe: () => {
      const fds = new Int32Array(2);
      return libc.pipe2(fds, O_CLOEXEC) < 0 ? undefined : { readFd: fds[0]!, writeFd: fds[1]! };
    },
    write: (fd, bytes) => libc.write(fd, bytes, bytes.length),
    spareDescriptor: () => libc.open('/dev/null', O_RDONLY | O_CLOEXEC),
    openDescriptors: () => {
      try {
        return readdirSync('/proc/self/fd').map(Number);
      } catch {
        return [];
      }
    },

    threadId: libc.gettid,
    nameThread: (name) => void libc.prctl(PR_SET_NAME, name.slice(0, NAME_MAX), 0, 0, 0),
    exit: libc._exit,
  };
}

/** select's two sets. */
class LinuxSelect implements SelectSets {
  readonly read = new FdSet();
  readonly write = new FdSet();
  readonly #libc: Libc;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  wait(pauseMs: number): number {
    const { read, write } = this;
    const count = Math.max(read.count, write.count);
    const timeout = pauseMs === Infinity ? null : timeval(pauseMs);
    const ready = this.#libc.select(
      count,
      read.memoryFor(count),
      write.memoryFor(count),
      null,
      timeout,
    );
    read.returned(count, ready <= 0);
    write.returned(count, ready <= 0);
    return ready;
  }
}

/** An array of struct pollfd: int fd; short events; short revents. */
class LinuxPoll implements PollList {
  readonly #pollfds = new Int32Array(2 * POLLED_MAX);
  readonly #libc: Libc;
  #count = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  clear(): void {
    this.#count = 0;
  }

  add(fd: number, event: PollEvent): void {
    if (this.#count === POLLED_MAX) throw new Error(`more than ${POLLED_MAX} pollfds`);
    this.#pollfds[2 * this.#count] = fd;
    this.#pollfds[2 * this.#count + 1] = POLL[event];
    this.#count += 1;
  }

  wait(pauseMs: number): number {
    const timeout = pauseMs === Infinity ? -1 : Math.ceil(pauseMs);
    return this.#libc.poll(this.#pollfds, this.#count, timeout);
  }

  isReady(index: number): boolean {
    // revents is the upper half of the second word: any bit, an error too, means "make the call".
    return index < this.#count && this.#pollfds[2 * index + 1]! >>> 16 !== 0;
  }
}

function addressBy(call: Libc['getsockname'], fd: number): Address | undefined {
  const address = new Uint8Array(SOCKADDR_MAX);
  const length = Uint32Array.of(SOCKADDR_MAX);
  return call(fd, address, length) < 0 ? undefined : decoded(address, length);
}

/** What the kernel wrote of an address. Its length may be more than there was room for (getsockname(2)). */
function decoded(address: Uint8Array, length: Uint32Array): Address | undefined {
  return decodeSockaddr(address.subarray(0, length[0]), AF);
}

const TIMEVAL = new BigInt64Array(2);

/** struct timeval, rounded up so that a short pause does not become a busy loop. */
function timeval(ms: number): BigInt64Array {
  const micros = Math.ceil(ms * 1000);
  TIMEVAL[0] = BigInt(Math.floor(micros / 1e6));
  TIMEVAL[1] = BigInt(micros % 1e6);
  return TIMEVAL;
}

const errorMap = getSystemErrorMap();

function errnoName(errno: number): string {
  return errorMap.get(-errno)?.[0] ?? `errno ${errno}`;
}

function bindLibc(): Libc {
  const lib = koffi.load(null);
  return {
    socket: lib.func('int socket(int, int, int)'),
    bind: lib.func('int bind(int, void*, uint32_t)'),
    listen: lib.func('int listen(int, int)'),
    accept4: lib.func('int accept4(int, void*, void*, int)'),
    getpeername: lib.func('int getpeername(int, void*, void*)'),
    getsockname: lib.func('int getsockname(int, void*, void*)'),
    getsockopt: lib.func('int getsockopt(int, int, int, void*, void*)'),
    setsockopt: lib.func('int setsockopt(int, int, int, void*, uint32_t)'),
    recv: lib.func('intptr_t recv(int, uintptr_t, size_t, int)'),
    send: lib.func('intptr_t send(int, void*, size_t, int)'),
    sendFrom: lib.func('intptr_t send(int, uintptr_t, size_t, int)'),
    shutdown: lib.func('int shutdown(int, int)'),
    close: lib.func('int close(int)'),
    poll: lib.func('int poll(void*, unsigned long, int)'),
    select: bindSelect(lib),
    pipe2: lib.func('int pipe2(void*, int)'),
    write: lib.func('intptr_t write(int, void*, size_t)'),
    open: lib.func('int open(str, int)'),
    inet_pton: lib.func('int inet_pton(int, str, void*)'),
    gettid: lib.func('int gettid()'),
    _exit: lib.func('void _exit(int)'),
    prctl: lib.func('int prctl(int, str, unsigned long, unsigned long, unsigned long)'),
  };
}

/**
 * select(2) itself. The C library's function of that name makes another call, pselect6, on current
 * systems; where the kernel still has the call of the textbook (x64), that is the one made here.
 */
function bindSelect(lib: ReturnType<typeof koffi.load>): Libc['select'] {
  if (process.arch !== 'x64') return lib.func('int select(int, void*, void*, void*, void*)');
  const SYS_select = 23;
  const syscall = lib.func('long syscall(long, long, void*, void*, void*, void*)') as (
    ...args: unknown[]
  ) => number;
  return (count, read, write, except, timeout) =>
    syscall(SYS_select, count, read, write, except, timeout);
}
