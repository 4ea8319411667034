/**
 * The system calls, by their own names, through koffi.
 *
 * Each returns what C returns: -1 for failure, with the reason in `errno()`. Nothing here knows
 * what a server is.
 *
 * Constants are Linux's generic ones, the same on x64 and arm64 (include/uapi/asm-generic).
 */

import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';
import { SocketError } from './api.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_KEEPALIVE = 9;
export const SO_RCVTIMEO = 20;
export const SO_ACCEPTCONN = 30;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_INFO = 11;
export const MSG_PEEK = 0x02;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const POLLIN = 1;
export const POLLOUT = 4;
const O_CLOEXEC = 0o2000000;
const O_RDONLY = 0;
const PR_SET_NAME = 15;

type Bytes = ArrayBufferView;

export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Bytes, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: Bytes, length: Bytes, flags: number): number;
  getpeername(fd: number, address: Bytes, length: Bytes): number;
  getsockname(fd: number, address: Bytes, length: Bytes): number;
  getsockopt(fd: number, level: number, option: number, value: Bytes, length: Bytes): number;
  setsockopt(fd: number, level: number, option: number, value: Bytes, length: number): number;
  recv(fd: number, buffer: Bytes, length: number, flags: number): number;
  send(fd: number, buffer: Bytes, length: number, flags: number): number;
  /** The same two with an address (addressOf) instead of a view, which costs a third of a microsecond less. */
  recvAt(fd: number, address: number, length: number, flags: number): number;
  sendFrom(fd: number, address: number, length: number, flags: number): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  poll(fds: Bytes, count: number, timeoutMs: number): number;
  select(count: number, read: Bytes, write: Bytes, except: null, timeout: Bytes | null): number;
  pipe2(fds: Bytes, flags: number): number;
  write(fd: number, buffer: Bytes, length: number): number;
  open(path: string, flags: number): number;
  inet_pton(family: number, text: string, address: Bytes): number;
  gettid(): number;
  _exit(code: number): void;
  prctl(option: number, name: string, a: number, b: number, c: number): number;
  /** The errno of the calling thread's last failed call. */
  errno(): number;
}

/** Why the servers cannot run on this machine, in a sentence; null where they can. */
export function unsupportedPlatform(): string | null {
  const { platform, arch } = process;
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return null;
  return `Sockscope's servers make Linux system calls (x64 or arm64) for now, and this is ${platform} ${arch}: run them in a Linux virtual machine, a container or WSL 2.`;
}

let bound: Libc | undefined;

/** The C library of this process. Throws an Error with unsupportedPlatform()'s sentence. */
export function libc(): Libc {
  return (bound ??= bindLibc());
}

function bindLibc(): Libc {
  const unsupported = unsupportedPlatform();
  if (unsupported) throw new Error(unsupported);
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
    recv: lib.func('intptr_t recv(int, void*, size_t, int)'),
    send: lib.func('intptr_t send(int, void*, size_t, int)'),
    recvAt: lib.func('intptr_t recv(int, uintptr_t, size_t, int)'),
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
    errno: () => koffi.errno(),
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

/**
 * Where a buffer's memory begins. It is valid as long as the buffer is: whoever passes it on keeps the
 * buffer, and stays within its length.
 */
export function addressOf(buffer: Uint8Array): number {
  return Number(koffi.address(buffer));
}

const errorMap = getSystemErrorMap();

/** The name of an errno, such as ECONNRESET. */
export function errnoName(errno: number): string {
  return errorMap.get(-errno)?.[0] ?? `errno ${errno}`;
}

/** What only a mistake in this program explains; all else is the network's, and ends one connection. */
export const OUR_FAULT: ReadonlySet<string> = new Set(['EBADF', 'EFAULT', 'EINVAL', 'ENOTSOCK']);

/** The error for a call that just failed in this thread. `what` says with which argument. */
export function lastError(syscall: string, what: string): SocketError {
  const errno = libc().errno();
  const meaning = errorMap.get(-errno)?.[1];
  return new SocketError(syscall, errnoName(errno), meaning ? `${meaning} (${what})` : what);
}

/** A pipe that stays readable once a byte is written: it wakes every thread that waits on it. */
export function openPipe(): { readFd: number; writeFd: number } {
  const fds = new Int32Array(2);
  if (libc().pipe2(fds, O_CLOEXEC) < 0) throw lastError('pipe2', 'the wake-up pipe');
  return { readFd: fds[0]!, writeFd: fds[1]! };
}

/** A descriptor that only keeps a number free, to be given up when no other is left. */
export function openSpareFd(): number {
  return libc().open('/dev/null', O_RDONLY | O_CLOEXEC);
}

/** Throws a SocketError (EMFILE, ENFILE) if this process cannot open `count` more descriptors. */
export function needDescriptors(count: number, what: string): void {
  const fds: number[] = [];
  try {
    while (fds.length < count) {
      const fd = openSpareFd();
      if (fd < 0) throw lastError('open', what);
      fds.push(fd);
    }
  } finally {
    for (const fd of fds) libc().close(fd);
  }
}

/** Names the calling thread, as `ps -T` and `top -H` show it; the kernel keeps 15 characters. */
export function nameThread(name: string): void {
  libc().prctl(PR_SET_NAME, name.slice(0, 15), 0, 0, 0);
}
