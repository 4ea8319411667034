/** The real names of things, each in one sentence: what hovering or focusing shows. */

import { HOLD_MAX_MS } from '@sockscope/tcp-core/trace/events';

/** Why a thread sleeps in another function than the call that it is blocked in. */
const VIA_POLL =
  'The layer waits in poll(2) for that descriptor and for the pipe by which the server is stopped; when it is ready it makes the call itself.';

/** Keys are what elements carry as `data-term`. */
const glossary: Readonly<Record<string, string>> = {
  'accept queue':
    'Connections that the kernel has completed and that no accept() has taken yet; they are connected for the client, and nobody serves them.',
  'order unknown':
    'These came between two readings of the kernel’s table, which is in no order: nobody saw who was first. accept() will tell.',
  backlog: 'How long the accept queue may become: what the server gave to listen().',
  LISTEN: 'A listening socket: it carries no bytes, it only brings new connections.',
  ESTABLISHED: 'Both ends may send.',
  CLOSE_WAIT: 'The client has sent its FIN and the server has not closed yet.',
  LAST_ACK: 'Both have sent a FIN; only the acknowledgement of ours is missing.',
  FIN_WAIT1: 'The server closed first; its FIN is not acknowledged yet.',
  FIN_WAIT2: 'The server closed first; its FIN was acknowledged and the client’s is awaited.',
  CLOSING: 'Both sent their FIN at the same time.',
  CLOSE: 'The connection is over.',
  TIME_WAIT:
    'The side that closed first keeps the address pair for a minute, so that late segments find no new connection.',
  SYN_RECV: 'A SYN arrived and was answered; the handshake’s last step is missing.',
  'receive queue': 'Bytes that have arrived and that no recv() has taken yet.',
  'send queue': 'Bytes that send() handed to the kernel and the client has not acknowledged yet.',
  fd: 'A file descriptor: the number by which the process names a socket.',
  port: 'The client’s own port: with its address it tells this connection from all others.',
  listener: 'The listening socket: readable means that a connection waits in its accept queue.',
  'close()': 'Gives the descriptor back; the kernel sends FIN, or RST if bytes lie unread.',
  'shutdown()': 'Sends FIN: we will send no more, and still read.',
  'loop turn': 'One round: ask who is ready, serve exactly those, ask again.',
  served: 'The thread has come to it since select() returned.',
  'byte ribbon':
    'The stream of one client, byte by byte: what each recv() took, what each send() gave.',
  'not sampled yet': 'The kernel’s table has not been read since this began.',
  offset: 'How many bytes of the stream came before.',
  'not sent yet': 'Bytes that were read and wait for room in the send queue.',
  'accept()': 'Takes the next connection out of the accept queue; blocks while that is empty.',
  'recv()': 'Takes bytes out of the receive queue; blocks while that is empty; 0 means FIN.',
  'send()': 'Hands bytes to the kernel’s send queue; blocks while that is full.',
  'select()': 'Blocks until one of many descriptors is ready, and says which.',
  'blocked in accept() via poll()': `The thread sleeps in the kernel until a client connects. ${VIA_POLL}`,
  'blocked in recv()': 'The thread sleeps in the kernel until its client sends something.',
  'blocked in recv() via poll()': `The thread sleeps until its client sends something or the time is up. ${VIA_POLL}`,
  'blocked in send() via poll()': `The thread sleeps until the client has read enough to make room. ${VIA_POLL}`,
  'blocked in select()': 'The thread sleeps until any of the watched descriptors is ready.',
  'blocked in close() via poll()': `The thread has sent its FIN and drops what still arrives until the client’s FIN, for a second at most. ${VIA_POLL}`,
  working: 'The thread runs: it reads a message, calculates, writes an answer.',
  thread: 'An operating-system thread; its tid is the SPID of ps -T.',
  tid: 'The operating system’s number for the thread: the SPID of ps -T.',
  watched: 'The descriptors that the thread asked select() about.',
  readable: 'recv() or accept() on it would not block now.',
  writable: 'send() on it would not block now.',
  FIN: 'The end of one direction of the stream, in good order.',
  RST: 'A reset: the connection is torn down at once and unread bytes are lost.',
  'system call': 'The border between process and kernel: it is crossed only by calls with a name.',
  'in order': `Events stand in the order in which they happened: one is shown when every thread has reported that far, mostly within 0.1 s, after ${HOLD_MAX_MS / 1000} s at the latest.`,
  kernel: 'Sampled from the kernel’s own table of sockets (/proc/net/tcp).',
  call: 'The result of a system call, as the thread saw it.',
  'not observable here': 'This system does not let us read its table of sockets.',
  busy: 'Policy of server 1: a second client is accepted only to be told that the server is busy.',
  refuse:
    'Policy of server 1: it closes its listening socket while it serves, so the kernel answers every SYN with RST.',
  queue: 'Policy of server 1: it calls accept() again only when its client has left.',
  'full queue':
    'The accept queue is longer than its backlog: the kernel drops the SYN of whoever comes, and that client tries again.',
  ECONNREFUSED: 'connect() was answered with RST: nothing listens on that port.',
  ECONNRESET: 'An RST arrived: the other end tore the connection down.',
  ETIMEDOUT: 'Nothing was acknowledged for so long that the kernel gave up.',
  'timed out': 'Nothing was acknowledged for so long that the kernel gave up.',
  refused: 'Told that the server is busy, and turned away.',
  'unread, not asked yet':
    'Its bytes came while the only thread was busy: the next select() will return it, and nobody knows of it before.',
  'ready, not served': 'select() returned it, and the only thread is still busy with another one.',
};

/** The sentence for a term; undefined if there is none. */
export function explain(term: string): string | undefined {
  return glossary[term];
}
