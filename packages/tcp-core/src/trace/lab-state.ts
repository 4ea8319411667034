/** What is true after an event: the state that reducer.ts folds the log into. Plain JSON. */

import type {
  BlockingCall,
  ClientKind,
  Ending,
  Flow,
  KernelSocket,
  LabEvent,
  ServerId,
  SleepingCall,
  ThreadRole,
  WaitingSocket,
} from './events.ts';
import type { Design } from './design.ts';
import type { Settings } from './settings.ts';

/** One message and its answer. */
export interface Exchange {
  t: number;
  message: string;
  reply: string;
  error: boolean;
}

/** What one recv or send moved: where in its direction's stream it began, and its first bytes. */
export interface Segment {
  t: number;
  /** Bytes of this direction before it. */
  offset: number;
  bytes: number;
  /** At most SEGMENT_BYTES, one character a byte. */
  preview: string;
}

export interface ThreadState {
  id: number;
  /** The operating system's thread id. */
  tid: number;
  role: ThreadRole;
  /** The call it is blocked in, or null while it works. */
  call: BlockingCall | null;
  /** The function in which it sleeps for that, or null while it works. */
  in: SleepingCall | null;
  /** The descriptors it waits for. */
  read: number[];
  write: number[];
  /** Those that the socket layer waits for, for reasons of its own. */
  own: number[];
  timeoutMs: number | null;
  /** When it began to wait, or to work. */
  since: number;
  /** Microseconds that it has waited, and not waited, as far as it has reported. */
  waited: number;
  worked: number;
  /** Its last event. */
  heardAt: number;
  /** Server 2: the connection this thread serves. */
  connection: number | null;
  /** The last return of select in this thread. */
  lastSelect: {
    t: number;
    read: number[];
    write: number[];
    readable: number[];
    writable: number[];
    /** Those of the ready descriptors that the thread has come to since, in that order. */
    served: number[];
  } | null;
  /** The last thing that the thread reported, waiting apart; it is at this place of its program. */
  last: {
    type: LabEvent['type'];
    seq: number;
    t: number;
    connection: number | null;
    /** Whether that connection's bytes came since the last select: else a silence made the message. */
    fresh: boolean;
    /** What it calculates, after `evaluating`. */
    message: string | null;
  } | null;
}

export interface ConnectionState {
  id: number;
  fd: number;
  address: string;
  port: number;
  client: ClientKind;
  session: string | null;
  /** What its owner calls it; null if it was given no name. */
  name: string | null;
  openedAt: number;
  /** When a sample first showed it in the accept queue; null if none did. */
  queuedAt: number | null;
  /**
   * Where it is listed, 0 and up: the lowest place that nobody else had when it came. So nobody moves when
   * another one leaves.
   */
  position: number;
  /** The last recv or send. */
  activeAt: number;
  received: Flow;
  sent: Flow;
  messages: number;
  errors: number;
  /** Who has sent a FIN. */
  peerClosed: boolean;
  localClosed: boolean;
  /** The line it was turned away with, and how many bytes of it were sent. */
  refused: string | null;
  refusalSent: number;
  /** The last few messages and answers, oldest first (servers 1 to 3). */
  exchanges: Exchange[];
  /** Previews of the last recv and the last send, one character a byte. */
  lastReceived: string;
  lastSent: string;
  /** The last few recvs and sends, oldest first (server 4). */
  segments: { received: Segment[]; sent: Segment[] };
  /** The last sample of its socket in the kernel; null before the first. */
  kernel: KernelSocket | null;
  /**
   * Since when bytes of it lie in its receive queue and no recv has taken any, as samples and recvs have
   * shown; null while there are none.
   */
  unreadSince: number | null;
  /** Set when it is closed. */
  end: { t: number; how: Ending; errno: string | null; drained: number } | null;
}

export type ServerStatus = 'stopped' | 'starting' | 'listening' | 'not listening' | 'crashed';

/** One that waits in the accept queue, when a sample first showed it there, and where it is listed. */
export interface QueuedSocket extends WaitingSocket {
  since: number;
  position: number;
}

/** What the kernel holds for a server besides its connections. */
export interface KernelState {
  /** When it was sampled. */
  t: number;
  /** Connections in the accept queue; null while nothing listens. */
  acceptQueue: number | null;
  /** The first of them, at most WAITING_LISTED. */
  waiting: QueuedSocket[];
  /** How many of them were reset before they could be named. */
  unnamed: number;
  /** Sockets in TIME_WAIT. */
  timeWait: number;
}

/** What a server is from the moment it joins. */
export interface Joined {
  id: ServerId;
  /** What people call it; the page shows the servers in this order. */
  number: number;
  design: Design;
}

export interface ServerState extends Joined {
  status: ServerStatus;
  fd: number | null;
  address: string | null;
  port: number | null;
  backlog: number | null;
  /** Of the present or last run; the defaults before the first. */
  settings: Settings;
  /** Why it crashed last, or null. */
  error: string | null;
  crashes: number;
  /** Null before the first sample, and when the server does not run. */
  kernel: KernelState | null;
  /** Why there are no samples; null where there are. */
  unobservable: string | null;
  threads: Record<number, ThreadState>;
  /** Open connections, by their number. */
  connections: Record<number, ConnectionState>;
  /** The last ENDED_KEPT of this run that ended, oldest first. */
  ended: ConnectionState[];
  /** The number of this run's first connection, and of its last; the first one above the last: there was none. */
  firstConnection: number;
  lastConnection: number;
  /** Of this run. */
  totals: {
    accepted: number;
    refused: number;
    connectFailures: number;
    messages: number;
    errors: number;
    selects: number;
    received: Flow;
    sent: Flow;
  };
}

export interface LabState {
  epoch: string;
  /** The last event that is in this state; 0 before the first. */
  seq: number;
  t: number;
  /** Those that have joined. */
  servers: Record<ServerId, ServerState>;
  /** The last LOG_KEPT events, oldest first; fewer where they list thousands of descriptors. */
  log: LabEvent[];
}

/** The servers by their number. */
export function serversInOrder({ servers }: Pick<LabState, 'servers'>): ServerState[] {
  return Object.values(servers).sort((a, b) => a.number - b.number);
}

/** The server with this id; undefined also for ids like `constructor`. */
export function serverWithId(
  { servers }: Pick<LabState, 'servers'>,
  id: ServerId,
): ServerState | undefined {
  return Object.hasOwn(servers, id) ? servers[id] : undefined;
}

/** The connection with this number, open or one of those that ended last; undefined for any other. */
export function connectionNumbered(
  { connections, ended }: Pick<ServerState, 'connections' | 'ended'>,
  id: number,
): ConnectionState | undefined {
  return connections[id] ?? ended.findLast((connection) => connection.id === id);
}

export const EXCHANGES_KEPT = 8;
export const SEGMENTS_KEPT = 8;
export const SEGMENT_BYTES = 64;
export const ENDED_KEPT = 12;
/** Who is gone keeps its position for so many microseconds. */
export const GONE_SHOWN = 10_000_000;
export const LOG_KEPT = 200;
/** Descriptors and connections in all lists of those events together. */
export const LOG_DESCRIPTORS = 100_000;
