/**
 * The log folded into a state: `apply(state, event) → state`, pure and the same everywhere.
 *
 * A batch is folded with `applyAll`, which copies each part that changes once per batch instead of
 * once per event; the state that went in is never touched.
 */

import {
  type Flow,
  type KernelSocket,
  type LabEvent,
  type ServerId,
  type TcpState,
  type WaitingSocket,
  WAITING_LISTED,
} from './events.ts';
import {
  ENDED_KEPT,
  EXCHANGES_KEPT,
  GONE_SHOWN,
  LOG_DESCRIPTORS,
  LOG_KEPT,
  SEGMENT_BYTES,
  SEGMENTS_KEPT,
  serverWithId,
  type ConnectionState,
  type Joined,
  type KernelState,
  type LabState,
  type QueuedSocket,
  type Segment,
  type ServerState,
  type ThreadState,
} from './lab-state.ts';
import { defaultSettings } from './settings.ts';

/** The state of a lab in which nothing has happened yet, but that these servers have joined. */
export function emptyLab(epoch: string, joined: readonly Joined[] = []): LabState {
  const servers: LabState['servers'] = {};
  for (const server of joined) servers[server.id] = emptyServer(server);
  return { epoch, seq: 0, t: 0, servers, log: [] };
}

/** The state after one more event. */
export function apply(state: LabState, event: LabEvent): LabState {
  return applyAll(state, [event]);
}

/** The state after these events, in their order. */
export function applyAll(state: LabState, events: readonly LabEvent[]): LabState {
  const last = events.at(-1);
  if (!last) return state;
  const lab: LabState = {
    ...state,
    epoch: last.epoch,
    seq: last.seq,
    t: last.t,
    servers: { ...state.servers },
    log: latest(state.log, events),
  };
  const draft = new Draft(lab);
  for (const event of events) reduce(draft, event);
  return lab;
}

/**
 * The last events of both, at most LOG_KEPT of them and LOG_DESCRIPTORS in their lists. The newest is
 * always there.
 */
function latest(log: readonly LabEvent[], events: readonly LabEvent[]): LabEvent[] {
  const kept = [...log, ...events].slice(-LOG_KEPT);
  let listed = 0;
  const first = kept.findLastIndex((event) => (listed += listedIn(event)) > LOG_DESCRIPTORS);
  return first < 0 ? kept : kept.slice(Math.min(first + 1, kept.length - 1));
}

function listedIn(event: LabEvent): number {
  if (event.type === 'selected' || event.type === 'blocked')
    return event.read.length + event.write.length;
  return event.type === 'sampled' || event.type === 'summed' ? event.connections.length : 0;
}

/** Gives out parts of a state that may be changed, copying each at its first use. */
class Draft {
  readonly #lab: LabState;
  readonly #own = new Set<object>();

  constructor(lab: LabState) {
    this.#lab = lab;
  }

  join(server: Joined): void {
    this.#own.add((this.#lab.servers[server.id] = emptyServer(server)));
  }

  server(id: ServerId): ServerState {
    const server = serverWithId(this.#lab, id);
    if (!server) throw new Error(`no server ${id} has joined`);
    if (this.#own.has(server)) return server;
    const copy: ServerState = {
      ...server,
      threads: { ...server.threads },
      connections: { ...server.connections },
      ended: [...server.ended],
      totals: {
        ...server.totals,
        received: { ...server.totals.received },
        sent: { ...server.totals.sent },
      },
    };
    this.#own.add(copy);
    this.#lab.servers[id] = copy;
    return copy;
  }

  thread(server: ServerState, id: number | null): ThreadState | undefined {
    const thread = id === null ? undefined : server.threads[id];
    if (!thread || this.#own.has(thread)) return thread;
    const copy = { ...thread };
    this.#own.add(copy);
    return (server.threads[copy.id] = copy);
  }

  connection(server: ServerState, id: number): ConnectionState | undefined {
    const connection = server.connections[id];
    if (!connection || this.#own.has(connection)) return connection;
    const copy: ConnectionState = {
      ...connection,
      received: { ...connection.received },
      sent: { ...connection.sent },
      segments: { ...connection.segments },
    };
    this.#own.add(copy);
    return (server.connections[id] = copy);
  }
}

function reduce(draft: Draft, event: LabEvent): void {
  if (event.type === 'joined') {
    const { server: id, number, design } = event;
    draft.join({ id, number, design });
    return;
  }
  const server = draft.server(event.server);
  const thread = draft.thread(server, event.thread);
  if (thread) noteTime(thread, event);
  // Whatever a thread reports, it is not blocked any more; `blocked` below says so again.
  if (thread && thread.call !== null) {
    thread.call = thread.in = null;
    thread.since = event.t;
  }
  if (thread && event.type !== 'blocked') noteStep(server, thread, event);

  switch (event.type) {
    case 'starting':
      server.status = 'starting';
      server.settings = event.settings;
      server.ended = [];
      server.firstConnection = server.lastConnection + 1;
      server.totals = noTotals();
      return;
    case 'listening':
      server.status = 'listening';
      server.fd = event.fd;
      server.address = event.address;
      server.port = event.port;
      server.backlog = event.backlog;
      server.error = null;
      return;
    case 'listenerClosed':
      server.status = 'not listening';
      server.fd = null;
      // Its accept queue is gone with it: the kernel has reset who was in there.
      if (server.kernel)
        server.kernel = { ...server.kernel, acceptQueue: null, waiting: [], unnamed: 0 };
      return;
    case 'stopped':
      server.status = 'stopped';
      server.fd = null;
      server.kernel = null;
      server.threads = {};
      return;
    case 'crashed':
      server.status = 'crashed';
      server.error = event.error;
      server.crashes += 1;
      server.fd = null;
      server.kernel = null;
      return;

    case 'threadStarted':
      if (event.thread === null) return;
      server.threads[event.thread] = {
        id: event.thread,
        tid: event.tid,
        role: event.role,
        call: null,
        in: null,
        read: [],
        write: [],
        own: [],
        timeoutMs: null,
        since: event.t,
        waited: 0,
        worked: 0,
        heardAt: event.t,
        connection: null,
        lastSelect: null,
        last: {
          type: event.type,
          seq: event.seq,
          t: event.t,
          connection: null,
          fresh: false,
          message: null,
        },
      };
      return;
    case 'threadEnded':
      if (event.thread !== null) delete server.threads[event.thread];
      return;
    case 'blocked':
      if (!thread) return;
      thread.call = event.call;
      thread.in = event.in;
      thread.read = event.read;
      thread.write = event.write;
      thread.own = event.own;
      thread.timeoutMs = event.timeoutMs;
      thread.since = event.t;
      return;
    case 'selected':
      server.totals.selects += 1;
      if (!thread) return;
      thread.lastSelect = {
        t: event.t,
        read: event.read,
        write: event.write,
        readable: event.readable,
        writable: event.writable,
        served: [],
      };
      return;

    case 'accepted':
      server.totals.accepted += 1;
      server.lastConnection = Math.max(server.lastConnection, event.connection);
      server.connections[event.connection] = {
        ...newConnection(event),
        ...cameFrom(server, event),
      };
      server.kernel = inOrder(withoutAccepted(server.kernel, event), server, event);
      return;
    case 'connectFailed':
      server.totals.connectFailures += 1;
      return;
    case 'handedOver': {
      const receiver = draft.thread(server, event.to);
      if (receiver) receiver.connection = event.connection;
      return;
    }
    case 'sampled': {
      const { t, acceptQueue, waiting, timeWait } = event;
      // A list that is not full is complete.
      const isFull = waiting.length >= WAITING_LISTED;
      const { unnamed = isFull ? 0 : Math.max(0, (acceptQueue ?? 0) - waiting.length) } = event;
      const queued = inQueue(server, waiting, t);
      server.kernel = { t, acceptQueue, waiting: queued, unnamed, timeWait };
      server.unobservable = null;
      for (const { connection: id, ...kernel } of event.connections) {
        const connection = draft.connection(server, id);
        if (connection) sample(server, connection, kernel, t);
      }
      return;
    }
    case 'unobservable':
      server.unobservable = event.reason;
      return;
    case 'summed':
      server.totals.selects += event.turns;
      for (const sum of event.connections) {
        const connection = draft.connection(server, sum.connection);
        count(server.totals, sum);
        if (connection) count(connection, sum);
      }
      return;
    default:
      reduceConnection(draft, server, event);
  }
}

/**
 * The accept queue as it was sampled, without the connection that accept has taken out of it since. It is
 * first in, first out: so it took one of those who were there, and if it is none of the listed, one
 * of the others.
 */
function withoutAccepted(
  kernel: KernelState | null,
  event: { address: string; port: number; reset?: true },
): KernelState | null {
  if (!kernel?.acceptQueue) return kernel;
  const at = indexOfAccepted(kernel.waiting, event);
  if (at >= 0)
    return {
      ...kernel,
      waiting: kernel.waiting.toSpliced(at, 1),
      acceptQueue: kernel.acceptQueue - 1,
    };
  const others = kernel.acceptQueue - kernel.waiting.length;
  if (others <= 0) return kernel; // it came after the sample
  const unnamed = Math.min(kernel.unnamed - (event.reset ? 1 : 0), others - 1);
  return { ...kernel, unnamed: Math.max(0, unnamed), acceptQueue: kernel.acceptQueue - 1 };
}

/**
 * Which of those who wait accept has taken, -1 if none is listed: of two with the same address and port the
 * first was reset, or the second could not be there.
 */
export function indexOfAccepted(
  waiting: readonly WaitingSocket[],
  event: { address: string; port: number; reset?: true },
): number {
  const isIt = ({ address, port }: WaitingSocket): boolean =>
    address === event.address && port === event.port;
  const dead = waiting.findIndex((socket) => isIt(socket) && socket.tcp === 'CLOSE');
  if (event.reset && dead >= 0) return dead;
  return waiting.findIndex((socket) => isIt(socket) && socket.tcp !== 'CLOSE');
}

/** What is kept of one that was in the queue, once accept has taken it. */
function cameFrom(
  server: ServerState,
  event: { t: number; address: string; port: number; reset?: true },
): Pick<ConnectionState, 'queuedAt' | 'position'> {
  const waiting = server.kernel?.waiting ?? [];
  const queued = waiting[indexOfAccepted(waiting, event)];
  return {
    queuedAt: queued?.since ?? null,
    position: queued?.position ?? freePosition(positionsTaken(server, waiting, event.t)),
  };
}

/** Who waits now: who was in the sample before has waited since then, at the same place. */
function inQueue(
  server: ServerState,
  waiting: readonly WaitingSocket[],
  t: number,
): QueuedSocket[] {
  if (waiting.length === 0) return [];
  const before = new Map(server.kernel?.waiting.map((each) => [queueKey(each), each]));
  const stay = waiting.flatMap((each) => before.get(queueKey(each)) ?? []);
  const taken = positionsTaken(server, stay, t);
  return waiting.map((each) => {
    const { since = t, position = freePosition(taken) } = before.get(queueKey(each)) ?? {};
    taken.add(position);
    return { ...each, since, position };
  });
}

/** Whom a sample has shown for less than this many microseconds nobody has looked at: he may be moved. */
const UNSEEN = 250_000;

/**
 * Of those who came together nobody saw the order; accept tells it. Who was listed before the one that it took
 * changes places with him, as long as nobody can have seen that.
 */
function inOrder(
  kernel: KernelState | null,
  { connections }: ServerState,
  { connection: id, t }: { connection: number; t: number },
): KernelState | null {
  const taken = connections[id];
  if (!kernel || taken === undefined || taken.queuedAt === null || t - taken.queuedAt > UNSEEN)
    return kernel;
  const fresh = kernel.waiting.filter(({ since }) => since === taken.queuedAt);
  const first = fresh.reduce<QueuedSocket | null>(
    (best, each) => (each.position < (best ?? taken).position ? each : best),
    null,
  );
  if (!first) return kernel;
  const { position } = taken;
  taken.position = first.position;
  const waiting = kernel.waiting.map((each) => (each === first ? { ...each, position } : each));
  return { ...kernel, waiting };
}

/** The positions of all who are listed at `t`. */
function positionsTaken(
  { connections, ended }: ServerState,
  waiting: readonly QueuedSocket[],
  t: number,
): Set<number> {
  const gone = ended.filter(({ end }) => end !== null && t - end.t < GONE_SHOWN);
  return new Set([...Object.values(connections), ...gone, ...waiting].map((each) => each.position));
}

function freePosition(taken: ReadonlySet<number>): number {
  let position = 0;
  while (taken.has(position)) position += 1;
  return position;
}

/** The same port may come again in a later batch. */
function queueKey({ address, port, batch }: WaitingSocket): string {
  return `${address} ${port} ${batch}`;
}

/** Takes what the kernel's table said at `t`. What select has returned lay there before. */
function sample(
  { threads }: ServerState,
  connection: ConnectionState,
  kernel: KernelSocket,
  t: number,
): void {
  connection.kernel = kernel;
  const { fd, unreadSince } = connection;
  if (!hasUnread(connection)) connection.unreadSince = null;
  else if (unreadSince === null) {
    const select = Object.values(threads).find(
      ({ lastSelect }) => lastSelect?.readable.includes(fd) && !lastSelect.served.includes(fd),
    )?.lastSelect;
    connection.unreadSince = select?.t ?? t;
  }
}

/** The states in which the kernel's figure counts the client's FIN as one more byte. */
const PEER_FIN: ReadonlySet<TcpState> = new Set<TcpState>(['CLOSE_WAIT', 'LAST_ACK', 'CLOSING']);

/** Whether one byte of a socket's receive queue is no byte but the client's FIN; `finRead`: recv has returned 0. */
export function countsFin({ tcp }: KernelSocket, finRead: boolean): boolean {
  return PEER_FIN.has(tcp) && !finRead;
}

/** Whether bytes lie in its receive queue, as the last sample and the recvs since tell. */
export function hasUnread({
  kernel,
  peerClosed,
}: Pick<ConnectionState, 'kernel' | 'peerClosed'>): boolean {
  return kernel !== null && kernel.receive > (countsFin(kernel, peerClosed) ? 1 : 0);
}

/** The receive queue as it was sampled, without what recv has taken out of it since. */
export function withoutTaken(
  kernel: KernelSocket | null,
  { t, bytes }: { t: number; bytes: number },
  sampledAt: number,
): KernelSocket | null {
  if (!kernel || kernel.receive === 0 || t < sampledAt) return kernel;
  return { ...kernel, receive: Math.max(0, kernel.receive - bytes) };
}

/** Counts the time since the thread was heard of last: it waited, or it did not; a sum says how much of each. */
function noteTime(thread: ThreadState, event: LabEvent): void {
  const passed = Math.max(0, event.t - thread.heardAt);
  const waited =
    event.type === 'summed' ? Math.min(event.waited, passed) : thread.call === null ? 0 : passed;
  thread.waited += waited;
  thread.worked += passed - waited;
  thread.heardAt = event.t;
}

/** Where in its program the thread is after the event, and whom of the ready it has come to. */
function noteStep(server: ServerState, thread: ThreadState, event: LabEvent): void {
  const connection = 'connection' in event ? event.connection : null;
  const before = thread.last;
  const isNew = event.type === 'received' || event.type === 'peerClosed';
  const goesOn = before !== null && before.connection === connection && before.fresh;
  const message = event.type === 'evaluating' ? event.message : null;
  const fresh = isNew || (goesOn && event.type !== 'selected' && event.type !== 'closed');
  thread.last = { type: event.type, seq: event.seq, t: event.t, connection, fresh, message };

  const select = thread.lastSelect;
  if (!select) return;
  const served = cameTo(server, event, select).filter((fd) => !select.served.includes(fd));
  if (served.length > 0) thread.lastSelect = { ...select, served: [...select.served, ...served] };
}

/** Whom of those that select returned the thread has come to with this event. */
function cameTo(
  server: ServerState,
  event: LabEvent,
  { readable, writable }: { readable: number[]; writable: number[] },
): number[] {
  // A sum stands for whole turns: nobody who was ready in the last one listed still waits.
  if (event.type === 'summed') return [...readable, ...writable];
  const fd = event.type === 'accepted' ? server.fd : 'fd' in event ? event.fd : null;
  return fd !== null && (readable.includes(fd) || writable.includes(fd)) ? [fd] : [];
}

type ConnectionEvent = Extract<
  LabEvent,
  {
    type:
      | 'identified'
      | 'received'
      | 'peerClosed'
      | 'evaluating'
      | 'evaluated'
      | 'sent'
      | 'refused'
      | 'shutdown'
      | 'closed';
  }
>;

function reduceConnection(draft: Draft, server: ServerState, event: ConnectionEvent): void {
  // An event of a connection that is gone still counts in the server's totals.
  const connection =
    draft.connection(server, event.connection) ??
    newConnection({ ...event, fd: -1, address: '', port: 0 });
  switch (event.type) {
    case 'identified': {
      const ended = server.ended.findIndex(({ id }) => id === event.connection);
      if (ended >= 0) {
        const { client, session, name = null } = event;
        server.ended[ended] = { ...server.ended[ended]!, client, session, name };
      }
      connection.client = event.client;
      connection.session = event.session;
      connection.name = event.name ?? null;
      return;
    }
    case 'received':
      if (server.design.speaks === 'bytes') {
        const { received } = connection.segments;
        connection.segments.received = withSegment(received, connection.received.bytes, event);
      }
      add(server.totals.received, 1, event.bytes);
      add(connection.received, 1, event.bytes);
      connection.lastReceived = event.preview;
      connection.activeAt = event.t;
      connection.kernel = withoutTaken(connection.kernel, event, server.kernel?.t ?? 0);
      // What is left waits for the next recv, from now on.
      connection.unreadSince =
        connection.unreadSince !== null && hasUnread(connection) ? event.t : null;
      return;
    case 'sent':
      if (server.design.speaks === 'bytes') {
        const { sent } = connection.segments;
        connection.segments.sent = withSegment(sent, connection.sent.bytes, event);
      }
      add(server.totals.sent, 1, event.bytes);
      add(connection.sent, 1, event.bytes);
      connection.lastSent = event.preview;
      connection.activeAt = event.t;
      return;
    case 'evaluating':
      return;
    case 'evaluated': {
      const { t, message, reply, error } = event;
      const sum = { messages: 1, errors: error ? 1 : 0 };
      countMessages(server.totals, sum);
      countMessages(connection, sum);
      connection.exchanges = [...connection.exchanges, { t, message, reply, error }].slice(
        -EXCHANGES_KEPT,
      );
      return;
    }
    case 'peerClosed':
      connection.peerClosed = true;
      return;
    case 'shutdown':
      connection.localClosed = true;
      return;
    case 'refused':
      server.totals.refused += 1;
      connection.refused = event.reason;
      connection.refusalSent = event.sent;
      return;
    case 'closed':
      connection.end = {
        t: event.t,
        how: event.how,
        errno: event.errno,
        drained: event.drained,
      };
      if (server.connections[event.connection]) {
        delete server.connections[event.connection];
        server.ended = [...server.ended, connection].slice(-ENDED_KEPT);
      }
      for (const { id, connection: served } of Object.values(server.threads)) {
        const thread = served === event.connection ? draft.thread(server, id) : undefined;
        if (thread) thread.connection = null;
      }
  }
}

/** A server that has joined and done nothing yet. */
export function emptyServer({ id, number, design }: Joined): ServerState {
  return {
    id,
    number,
    design,
    status: 'stopped',
    fd: null,
    address: null,
    port: null,
    backlog: null,
    settings: defaultSettings,
    error: null,
    crashes: 0,
    kernel: null,
    unobservable: null,
    threads: {},
    connections: {},
    ended: [],
    firstConnection: 1,
    lastConnection: 0,
    totals: noTotals(),
  };
}

function noTotals(): ServerState['totals'] {
  return {
    accepted: 0,
    refused: 0,
    connectFailures: 0,
    messages: 0,
    errors: 0,
    selects: 0,
    received: { calls: 0, bytes: 0 },
    sent: { calls: 0, bytes: 0 },
  };
}

function newConnection(event: {
  connection: number;
  fd: number;
  address: string;
  port: number;
  t: number;
}): ConnectionState {
  return {
    id: event.connection,
    fd: event.fd,
    address: event.address,
    port: event.port,
    client: 'pending',
    session: null,
    name: null,
    openedAt: event.t,
    queuedAt: null,
    position: 0,
    activeAt: event.t,
    received: { calls: 0, bytes: 0 },
    sent: { calls: 0, bytes: 0 },
    messages: 0,
    errors: 0,
    peerClosed: false,
    localClosed: false,
    refused: null,
    refusalSent: 0,
    exchanges: [],
    lastReceived: '',
    lastSent: '',
    segments: { received: [], sent: [] },
    kernel: null,
    unreadSince: null,
    end: null,
  };
}

function withSegment(
  segments: readonly Segment[],
  offset: number,
  { t, bytes, preview }: { t: number; bytes: number; preview: string },
): Segment[] {
  const segment = { t, offset, bytes, preview: preview.slice(0, SEGMENT_BYTES) };
  return [...segments, segment].slice(-SEGMENTS_KEPT);
}

interface Counters {
  messages: number;
  errors: number;
}

function count(
  totals: Counters & { received: Flow; sent: Flow },
  sum: Counters & { received: Flow; sent: Flow },
): void {
  countMessages(totals, sum);
  add(totals.received, sum.received.calls, sum.received.bytes);
  add(totals.sent, sum.sent.calls, sum.sent.bytes);
}

function countMessages(totals: Counters, sum: Counters): void {
  totals.messages += sum.messages;
  totals.errors += sum.errors;
}

function add(flow: Flow, calls: number, bytes: number): void {
  flow.calls += calls;
  flow.bytes += bytes;
}
