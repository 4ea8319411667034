/**
 * The event log: everything that happened, in the order it happened, as plain JSON.
 *
 * The page, a recording and a test are pure functions of this log (see reducer.ts). This folder
 * runs in the browser too: it imports nothing from Node and nothing from the rest of the package.
 *
 * Events are named in the past tense. Byte counts are exact; payloads are previews.
 */

import type { Design } from './design.ts';
import type { Settings } from './settings.ts';

/** Names a server of the lab. It is only compared for equality: what kind it is says its design. */
export type ServerId = string;

/**
 * A call a thread can be blocked in. `close` drops what still arrives until the client's FIN, `handoff`
 * waits for a free thread, `parked` for a client.
 */
export type BlockingCall = 'accept' | 'recv' | 'send' | 'select' | 'close' | 'handoff' | 'parked';

/**
 * The function of the C library in which such a thread really sleeps. Where it is not the call itself, the socket
 * layer waits in poll(2), which also watches its `own` descriptors, and makes the call when it would not
 * block; `futex` is a wait in memory that threads share (futex(2), under every pthread condition variable).
 */
export type SleepingCall = 'poll' | 'select' | 'recv' | 'futex';

/** `server`: the only thread of servers 1, 3, 4. `acceptor` and `client`: server 2's. */
export type ThreadRole = 'server' | 'acceptor' | 'client';

/**
 * How a connection ended: `fin` the client closed first, `rst` it was reset, `timeout` it stopped
 * answering, `local` the server closed first (turned away, or the server stopped).
 */
export type Ending = 'fin' | 'rst' | 'timeout' | 'local';

/** Who a client is: a page's browser client, any other program, or not known yet. */
export type ClientKind = 'pending' | 'browser' | 'external';

/**
 * The states of a TCP socket, in the order of the kernel's numbers, which begin at 1.
 * Source: RFC 9293, section 3.3.2; Linux, include/net/tcp_states.h.
 */
export const tcpStates = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
] as const;
export type TcpState = (typeof tcpStates)[number];

/** A connected socket as the kernel's table shows it (proc_net_tcp in the kernel's documentation). */
export interface KernelSocket {
  tcp: TcpState;
  /**
   * Bytes that arrived and that recv has not taken. A FIN that no recv has reported yet counts as
   * one more: it takes a sequence number, and the kernel's figure is a difference of those.
   */
  receive: number;
  /** Bytes that send handed over and the client has not acknowledged; a FIN counts as one more. */
  send: number;
}

/** A connection that the kernel has made and no accept has taken. */
export interface WaitingSocket extends KernelSocket {
  address: string;
  port: number;
  /**
   * Whoever has a lower number came before. Those with the same one came between two readings of the
   * table, which has no order: nobody knows theirs.
   */
  batch: number;
}

/** Of the connections in an accept queue at most so many are listed; all are counted. */
export const WAITING_LISTED = 32;

/** Payload previews hold at most this many bytes, one character (U+0000 to U+00FF) a byte. */
export const PREVIEW_BYTES = 256;

/**
 * An event is published when every thread has reported that far, so that all stand in the order in which
 * they happened; but no later than after so many milliseconds, whoever has not reported then.
 */
export const HOLD_MAX_MS = 2000;

/** What every event carries. */
export interface Stamp {
  /** One run of the lab; a new one when the gateway restarts. */
  epoch: string;
  /** Contiguous within the epoch, from 1. */
  seq: number;
  /** Microseconds since the epoch began, on one monotonic clock for all threads. */
  t: number;
  server: ServerId;
  /** The lab's number for the thread it happened in; null for what the gateway itself did. */
  thread: number | null;
}

/** Calls of one kind and the bytes that they moved. */
export interface Flow {
  calls: number;
  bytes: number;
}

/** What one connection did during a summed-up stretch. */
export interface SummedConnection {
  connection: number;
  fd: number;
  received: Flow;
  sent: Flow;
  /** Messages answered, and how many of those answers were errors. */
  messages: number;
  errors: number;
}

export type LabFact =
  /** A server is in the lab from now on, stopped at first. `number` is what people call it. */
  | { type: 'joined'; number: number; design: Design }
  /** A server is being started (or restarted) with these settings. */
  | { type: 'starting'; settings: Settings }
  /** socket, bind and listen succeeded. */
  | { type: 'listening'; fd: number; address: string; port: number; backlog: number }
  /** It listens no more: server 1 while it serves (policy `refuse`), any server as it stops. */
  | { type: 'listenerClosed'; fd: number }
  /** The server ended as asked; its sockets are closed. */
  | { type: 'stopped' }
  /** The server could not start, or a thread died; `restarting` tells if it comes back by itself. */
  | { type: 'crashed'; error: string; restarting: boolean }
  /** An operating-system thread runs; `tid` is what `ps -T` shows as SPID. */
  | { type: 'threadStarted'; tid: number; role: ThreadRole }
  | { type: 'threadEnded'; tid: number }
  /**
   * The thread waits in `call` for one of these descriptors (`timeoutMs` null: for ever); meanwhile it sleeps
   * in the function `in`, and so the kernel says (/proc/PID/task/TID/syscall). `own` are those that the socket layer watches for reasons of its own: the pipe that wakes it to stop, and sockets
   * that were closed while their client may still be sending.
   */
  | {
      type: 'blocked';
      call: BlockingCall;
      in: SleepingCall;
      read: number[];
      write: number[];
      own: number[];
      timeoutMs: number | null;
    }
  /** accept returned a new socket. `reset`: its client had reset it while it was in the queue. */
  | {
      type: 'accepted';
      connection: number;
      fd: number;
      address: string;
      port: number;
      reset?: true;
    }
  /**
   * The gateway knows whether it is one of its own sockets. `session` is the browser client's, `name` what its
   * owner calls it, if it was given one; told again when that changes.
   */
  | {
      type: 'identified';
      connection: number;
      client: 'browser' | 'external';
      session: string | null;
      name?: string;
    }
  /** Server 2: the new socket was given to thread `to`. */
  | { type: 'handedOver'; connection: number; fd: number; to: number }
  /** recv returned bytes. */
  | { type: 'received'; connection: number; fd: number; bytes: number; preview: string }
  /** recv returned 0: the client will send no more (FIN). */
  | { type: 'peerClosed'; connection: number; fd: number }
  /** A calculation that was made slow begins (see slowMs); `evaluated` tells its end. */
  | { type: 'evaluating'; connection: number; fd: number; message: string }
  /** A message was answered; texts are cut to PREVIEW_BYTES characters. */
  | {
      type: 'evaluated';
      connection: number;
      fd: number;
      message: string;
      reply: string;
      error: boolean;
      micros: number;
    }
  /** send took `bytes` of the `requested`. */
  | {
      type: 'sent';
      connection: number;
      fd: number;
      bytes: number;
      requested: number;
      preview: string;
    }
  /**
   * The server turned the client away with this line. Of the line, with its newline, the kernel took
   * `sent` bytes: 0 if the client was gone already.
   */
  | { type: 'refused'; connection: number; fd: number; reason: string; sent: number }
  /**
   * select returned: which descriptors were watched (`own`: see `blocked`), which were ready, how long it
   * waited.
   */
  | {
      type: 'selected';
      read: number[];
      write: number[];
      own: number[];
      readable: number[];
      writable: number[];
      micros: number;
    }
  /** shutdown(SHUT_WR): the server sent its FIN and still reads. */
  | { type: 'shutdown'; connection: number; fd: number }
  /**
   * close: the descriptor is free again. `errno` is that of the recv, send or shutdown that failed first. The
   * totals are the connection's, in bytes; `drained` is what still arrived after the server's own FIN and
   * was dropped.
   */
  | {
      type: 'closed';
      connection: number;
      fd: number;
      how: Ending;
      errno: string | null;
      received: number;
      sent: number;
      drained: number;
    }
  /**
   * At a high rate calls are counted, not listed; the totals stay exact. The stretch took `micros`, and for
   * `waited` of them the thread was blocked.
   */
  | {
      type: 'summed';
      micros: number;
      waited: number;
      turns: number;
      connections: SummedConnection[];
    }
  /**
   * Something changed in the kernel's table of sockets. `acceptQueue` is the depth of the
   * listener's queue (null: nothing listens), `waiting` who is in it, the first WAITING_LISTED by batch;
   * `CLOSE` is one that was reset there, and keeps its place. `unnamed`, if any, were reset before a
   * reading could name them. `timeWait` counts the sockets in TIME_WAIT; `connections` lists those that differ
   * from the sample before.
   */
  | {
      type: 'sampled';
      acceptQueue: number | null;
      waiting: WaitingSocket[];
      unnamed?: number;
      timeWait: number;
      connections: (KernelSocket & { connection: number })[];
    }
  /** The kernel's table of sockets cannot be read here, so there are no samples. */
  | { type: 'unobservable'; reason: string }
  /** A browser client could not connect: the kernel said `errno`. */
  | { type: 'connectFailed'; session: string; errno: string };

/** One entry of the log. */
export type LabEvent = LabFact & Stamp;

/** A fact as a thread reports it, before the lab has numbered it. */
export type ThreadFact = LabFact & Pick<Stamp, 't'>;

/** Every event's type, for whoever must know them all (the protocol's schema, its document). */
export const eventTypes = [
  'joined',
  'starting',
  'listening',
  'listenerClosed',
  'stopped',
  'crashed',
  'threadStarted',
  'threadEnded',
  'blocked',
  'accepted',
  'identified',
  'handedOver',
  'received',
  'peerClosed',
  'evaluating',
  'evaluated',
  'sent',
  'refused',
  'selected',
  'shutdown',
  'closed',
  'summed',
  'sampled',
  'unobservable',
  'connectFailed',
] as const satisfies readonly LabFact['type'][];
