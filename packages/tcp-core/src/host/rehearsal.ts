/**
 * A thread of server 2 serves a few imaginary clients before its first real one.
 *
 * Each JavaScript thread compiles its own code, and until it has, a message costs several times as
 * much; with fifty threads taking turns on the processors, that went on for ten seconds and more. Alone and in
 * one go it takes a few hundredths of a second. The clients are the other ends of socket pairs, so
 * that the whole way is walked, system calls included; nothing of it is reported.
 */

import type { Connection } from '../sockets/api.ts';
import {
  AF_UNIX,
  lastError,
  libc,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SHUT_WR,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
} from '../sockets/libc.ts';
import type { PosixSockets } from '../sockets/posix.ts';

const CLIENTS = 8;
/** As many as fit into a socket buffer of the usual size; fewer do no harm. */
const MESSAGES_EACH = 150;
const MESSAGES = ['22 + 44\n', '1+1\n', '7/2\n', '2*(3+4)\n', '0.1+0.2\n', '1/0\n'].map((text) =>
  Buffer.from(text),
);

export async function rehearse(
  sockets: PosixSockets,
  serve: (client: Connection) => Promise<void>,
): Promise<void> {
  const ends = new Int32Array(2);
  for (let i = 0; i < CLIENTS; i++) {
    // Of this type each recv returns one message, as from a client that waits for its reply.
    if (libc().socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
      throw lastError('socketpair', 'a rehearsal');
    }
    const clientFd = ends[0]!;
    const serverFd = ends[1]!;
    try {
      for (let sent = 0; sent < MESSAGES_EACH; sent++) {
        const message = MESSAGES[sent % MESSAGES.length]!;
        libc().send(clientFd, message, message.length, MSG_DONTWAIT | MSG_NOSIGNAL);
      }
      libc().shutdown(clientFd, SHUT_WR);
      await serve(sockets.adopt(serverFd, 0));
    } finally {
      libc().close(clientFd);
    }
  }
}
