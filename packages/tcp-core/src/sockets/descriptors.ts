/** Descriptors that are no sockets: the pipe that wakes threads, and whether some are left. */

import { lastError } from './calls/errors.ts';
import { systemCalls } from './calls/this-platform.ts';

/** A pipe that stays readable once a byte is written: it wakes every thread that waits on it. Throws a SocketError. */
export function openPipe(): { readFd: number; writeFd: number } {
  const pipe = systemCalls().pipe();
  if (!pipe) throw lastError('pipe2', 'the wake-up pipe');
  return pipe;
}

/** Throws a SocketError (EMFILE, ENFILE) if this process cannot open `count` more descriptors. */
export function needDescriptors(count: number, what: string): void {
  const calls = systemCalls();
  const fds: number[] = [];
  try {
    while (fds.length < count) {
      const fd = calls.spareDescriptor();
      if (fd < 0) throw lastError('open', what);
      fds.push(fd);
    }
  } finally {
    for (const fd of fds) calls.close(fd);
  }
}
