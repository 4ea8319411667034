/** The clients of one server as its panel lists them: who, from where, what was said, how it ended. */

import { endpoint, isLoopback } from '@sockscope/tcp-core/trace/addresses';
import type { ClientKind } from '@sockscope/tcp-core/trace/events';
import {
  connectionNumbered,
  GONE_SHOWN,
  type ConnectionState,
  type QueuedSocket,
  type ServerState,
} from '@sockscope/tcp-core/trace/lab-state';
import { connectionIdentity, identityWords, type Identity } from '../identity.ts';
import {
  briefEnding,
  describeClientEnding,
  describeEnding,
  endingMark,
  type ClientEnding,
} from '../words/describe-ending.ts';
import { clientName, letters, numberInQueue } from '../words/names.ts';
import { inAcceptQueue, waitOf, type ClientWait } from '../words/waiting.ts';
import { bytesSaid, count, counted, said, shortEndpoint } from '../words/words.ts';

/** What the page itself knows of a client that it opened. */
export interface OwnClient {
  /** The page's own name for it. */
  id: string;
  /** The gateway's name for it, which the log carries; null until the gateway has told it. */
  session: string | null;
  /** Its connection's number in the log; null until the log has told it. */
  connection: number | null;
  /** What its owner calls it; null: nothing. */
  name: string | null;
  /** `absent`: at the moment that is shown it was not there yet. */
  phase: 'absent' | 'connecting' | 'connected' | 'ended';
  /** Its end of the connection, once connected. */
  localAddress: string | null;
  localPort: number | null;
  ending: ClientEnding | null;
  /** When it ended, in microseconds of the lab's clock. */
  endedAt: number | null;
  /** What it sent last, and what came back since; null before. */
  lastSent: string | null;
  lastReceived: string | null;
  /** All that it had sent; the server may not have read it. */
  sentBytes: number;
  /** It has sent its FIN. */
  halfClosed: boolean;
  /** False: it lets what the server sends wait in the kernel. */
  reading: boolean;
}

/**
 * `open` is being served; `waiting` is connected for the client but not accepted yet; `refused` was
 * turned away by the server or the kernel; `ended` is gone.
 */
export type ClientPlace = 'open' | 'waiting' | 'refused' | 'ended';

export interface ClientRowView {
  key: string;
  place: ClientPlace;
  /** "A", or the name that it was given; "" as long as nobody knows which letter it will get. */
  name: string;
  /** Where it is listed, 0 and up: the same as long as it is shown. */
  position: number;
  /** What it waits for, while the server makes it wait. */
  wait: ClientWait | null;
  /** Since when its message is being calculated, in microseconds; null while it is not. */
  calculatedSince: number | null;
  /** Null until the server accepted it. */
  identity: Identity | null;
  /** "you", "browser", "external", or "new" while that is not known. */
  kind: string;
  /** The client's end: its port if it is on this machine, else address and port. */
  from: string;
  /** The whole address, for the tooltip. */
  endpoint: string;
  /** "fd 24", or how it ended: "FIN". */
  mark: string;
  said: string | null;
  reply: string | null;
  /** The reply is an error or a refusal. */
  bad: boolean;
  /** What to say when nothing was said, or beside it. */
  note: string;
  /** The same where there is less room. */
  brief: string;
  /** False: a client of this page that lets what the server sends wait in the kernel. */
  reads: boolean;
  /** The page's client behind it, by its id. */
  client: string | null;
  /** That client's name in the log. */
  session: string | null;
  /** Its socket in the accept queue, as sampled; null where it is in none, or not seen yet. */
  queued: QueuedSocket | null;
  /** The row in one sentence. */
  words: string;
}

const ENDED_ROWS = 6;

/** By what the page's own client is found in the log. */
export type OwnAddress = Pick<OwnClient, 'session' | 'connection' | 'localAddress' | 'localPort'>;

/** The connection of a client that this page opened, as soon as it can be told. */
function connectionOfClient(
  server: ServerState,
  { session, connection: number, localAddress, localPort }: OwnAddress,
): ConnectionState | null {
  // Known once, it is known of earlier moments, too.
  if (number !== null) return connectionNumbered(server, number) ?? null;
  // What the page has learned from its own WebSocket, and nobody else can have told it.
  if (session === null) return null;
  const known = [...Object.values(server.connections), ...server.ended.toReversed()];
  return (
    known.find((connection) => connection.session === session) ??
    // Before the log has named it, its address and port tell.
    known.find(
      ({ client, address, port, end }) =>
        client === 'pending' && end === null && port === localPort && address === localAddress,
    ) ??
    null
  );
}

/** The hue and shape that accept gave to a client of this page; null before. */
export function identityOfClient(server: ServerState, client: OwnAddress): Identity | null {
  const connection = connectionOfClient(server, client);
  return connection ? connectionIdentity(server.id, connection.id) : null;
}

/** What a client of this page is called; null until accept took it. */
export function nameOfClient(server: ServerState, client: OwnAddress): string | null {
  const connection = connectionOfClient(server, client);
  return connection && clientName(server, connection);
}

export interface ClientRows {
  /** The moment that they are of: the lab's clock in microseconds. */
  now: number;
  /** Served, then waiting; a row's `position` tells where it is listed. */
  present: ClientRowView[];
  /** Newest first, at most ENDED_ROWS. */
  gone: ClientRowView[];
}

/** `own` is what the page knew of its clients at `now`, the lab's clock in microseconds. */
export function clientRows(
  server: ServerState,
  own: readonly OwnClient[],
  now: number,
): ClientRows {
  const mine = new Map<number, OwnClient>();
  const unmatched: OwnClient[] = [];
  for (const client of own) {
    const connection = connectionOfClient(server, client);
    if (connection) mine.set(connection.id, client);
    else unmatched.push(client);
  }

  const served = Object.values(server.connections)
    .sort((a, b) => a.id - b.id)
    .map((connection) => connectionRow(server, connection, mine.get(connection.id)));
  const waiting = waitingRows(
    server,
    unmatched.filter(({ phase }) => phase === 'connecting' || phase === 'connected'),
  );
  const gone = server.ended
    .filter(({ end }) => end !== null && now - end.t < GONE_SHOWN)
    .map((connection) => connectionRow(server, connection, mine.get(connection.id)))
    .reverse();
  const failed = unmatched
    .filter(({ endedAt }) => endedAt !== null && now - endedAt < GONE_SHOWN)
    .map(failedRow)
    .reverse();
  const rows = {
    now,
    present: [...served, ...waiting],
    gone: [...failed, ...gone].slice(0, ENDED_ROWS),
  };
  findPlaces([...rows.present, ...rows.gone]);
  return rows;
}

/** Without the rows of these clients of the page. */
export function withoutHidden(rows: ClientRows, hidden: readonly string[]): ClientRows {
  if (hidden.length === 0) return rows;
  const isShown = ({ client }: ClientRowView): boolean =>
    client === null || !hidden.includes(client);
  return { ...rows, present: rows.present.filter(isShown), gone: rows.gone.filter(isShown) };
}

/** Those that the kernel has connected and no accept has taken, and the page's own that it has not yet. */
function waitingRows(server: ServerState, own: readonly OwnClient[]): ClientRowView[] {
  const mine = new Map(own.map((client) => [client.localPort, client]));
  // A sample may be older than its event: who is accepted waits no more.
  const accepted = new Set(Object.values(server.connections).map(endpointOf));
  const queued = (server.kernel?.waiting ?? []).filter((each) => !accepted.has(endpointOf(each)));
  const rows = queued.map((socket) => {
    // The page's own clients come from this machine.
    const client = isLoopback(socket.address) ? mine.get(socket.port) : undefined;
    if (client) mine.delete(socket.port);
    return queuedRow(server, socket, client);
  });
  const unseen = own.filter((client) => !rows.some((row) => row.client === client.id));
  return [...rows, ...unseen.map(connectingRow)];
}

const endpointOf = ({ address, port }: { address: string; port: number }): string =>
  endpoint(address, port);

/** Gives those that the log has not seen yet the lowest places that are free. */
function findPlaces(rows: readonly ClientRowView[]): void {
  const taken = new Set(rows.map(({ position }) => position));
  for (const row of rows) {
    if (row.position >= 0) continue;
    let free = 0;
    while (taken.has(free)) free += 1;
    taken.add(free);
    row.position = free;
  }
}

function connectionRow(
  server: ServerState,
  connection: ConnectionState,
  mine: OwnClient | undefined,
): ClientRowView {
  const identity = connectionIdentity(server.id, connection.id);
  const place: ClientPlace =
    connection.refused !== null ? 'refused' : connection.end ? 'ended' : 'open';
  const kind = mine ? 'you' : kindWord(connection.client);
  const whole = endpoint(connection.address, connection.port);
  const fd = `fd ${connection.fd}`;
  const talk =
    connection.refused !== null
      ? { said: null, reply: refusalOf(connection), bad: true }
      : conversation(server, connection, mine);
  const wait = place === 'open' ? waitOf(server, connection) : null;
  const note = noteOf(server, connection, talk.said !== null, mine);
  const exchange = [talk.said, talk.reply].filter((text) => text !== null).join(' → ');
  const name = mine?.name ?? clientName(server, connection);
  return {
    key: `connection-${connection.id}`,
    place,
    name,
    position: connection.position,
    wait,
    calculatedSince: calculatedSince(server, connection),
    identity,
    kind,
    from: shortEndpoint(connection.address, connection.port),
    endpoint: whole,
    mark: connection.end ? endingMark(connection.end.how) : fd,
    ...talk,
    bad: place === 'ended' ? isBroken(connection) : talk.bad,
    note,
    brief: connection.end ? briefEnding(connection) : note,
    reads: mine?.reading ?? true,
    client: mine?.id ?? null,
    session: mine?.session ?? null,
    queued: null,
    words: [`${name}, ${identityWords(identity)}, ${kind} client ${whole}, ${fd}`, exchange, note]
      .filter((text) => text !== '')
      .join('; '),
  };
}

/** Since when the thread that serves it calculates its message; null while none does. */
function calculatedSince({ threads }: ServerState, { id }: ConnectionState): number | null {
  const busy = Object.values(threads).find(
    ({ last }) => last?.type === 'evaluating' && last.connection === id,
  );
  return busy?.last?.t ?? null;
}

/** Bytes that a client of this page has sent and no recv has taken. */
function unreadOf({ received }: ConnectionState, mine: OwnClient | undefined): number {
  return mine ? Math.max(0, mine.sentBytes - received.bytes) : 0;
}

function conversation(
  server: ServerState,
  connection: ConnectionState,
  mine: OwnClient | undefined,
): Pick<ClientRowView, 'said' | 'reply' | 'bad'> {
  if (mine && mine.lastSent !== null) {
    const reply = mine.lastReceived === null || !mine.reading ? null : said(mine.lastReceived);
    return { said: said(mine.lastSent), reply, bad: reply !== null && isBad(server, reply) };
  }
  // What the kernel holds for it nobody has read: only how much it is.
  if (connection.unreadSince !== null && connection.kernel !== null)
    return { said: counted(connection.kernel.receive, 'byte'), reply: null, bad: false };
  const last = connection.exchanges.at(-1);
  if (last) {
    // What is calculated may be sent later: when the others have been calculated, too.
    const isSent = connection.activeAt >= last.t;
    return { said: said(last.message), reply: isSent ? said(last.reply) : null, bad: last.error };
  }
  if (connection.received.bytes === 0) return { said: null, reply: null, bad: false };
  const reply = connection.sent.bytes > 0 ? bytesSaid(connection.lastSent) : null;
  // A message's newline is only worth showing where every byte is.
  const received =
    server.design.speaks === 'lines'
      ? connection.lastReceived.replace(/\r?\n$/, '')
      : connection.lastReceived;
  return { said: bytesSaid(received), reply, bad: false };
}

function isBroken({ end }: ConnectionState): boolean {
  return end?.how === 'rst' || end?.how === 'timeout';
}

/** The servers' error replies begin with `error: `; an echo of that text is no error. */
function isBad(server: ServerState, reply: string): boolean {
  return server.design.speaks === 'lines' && /^(error|busy): /.test(reply);
}

/** What a client that was turned away was told. */
function refusalOf({ refused, refusalSent }: ConnectionState): string {
  return refusalSent > 0 ? said(refused ?? '') : 'nothing could be sent';
}

function noteOf(
  server: ServerState,
  connection: ConnectionState,
  spoke: boolean,
  mine: OwnClient | undefined,
): string {
  if (connection.end) return describeEnding(connection);
  if (connection.refused !== null) return 'turned away';
  const unread = unreadOf(connection, mine);
  if (unread > 0) return `sent ${count(unread)} B, unread`;
  if (connection.unreadSince !== null) return 'unread';
  if (connection.peerClosed) return 'FIN received';
  if (mine && !mine.reading) return 'does not read';
  return spoke ? '' : 'connected, has said nothing';
}

/** One of the page's own, of which the kernel's table has told nothing yet. */
function connectingRow(client: OwnClient): ClientRowView {
  const note = client.phase === 'connecting' ? 'connecting' : inAcceptQueue.note;
  return ownRow(client, 'waiting', {
    mark: client.phase === 'connecting' ? 'SYN' : 'queue',
    note,
    brief: client.phase === 'connecting' ? note : inAcceptQueue.brief,
    said: client.lastSent === null ? null : said(client.lastSent),
  });
}

/** A client that the kernel has connected and nobody has accepted. */
function queuedRow(
  server: ServerState,
  socket: QueuedSocket,
  mine: OwnClient | undefined,
): ClientRowView {
  const whole = endpoint(socket.address, socket.port);
  const isGone = socket.tcp === 'CLOSE';
  const note = isGone ? 'has reset; its place in the queue is left' : inAcceptQueue.note;
  const number = numberInQueue(server, socket);
  const name = mine?.name ?? (number === null ? '' : letters(number - server.firstConnection));
  const unread = socket.receive > 0 ? counted(socket.receive, 'byte') : null;
  const lastSent = mine?.lastSent ?? null;
  return {
    key: `waiting-${whole}`,
    place: 'waiting',
    name,
    position: socket.position,
    wait: isGone ? null : { for: 'accept', since: socket.since },
    calculatedSince: null,
    identity: number === null ? null : connectionIdentity(server.id, number),
    kind: mine ? 'you' : 'new',
    from: shortEndpoint(socket.address, socket.port),
    endpoint: whole,
    mark: 'queue',
    said: lastSent === null ? unread : said(lastSent),
    reply: null,
    bad: false,
    note,
    brief: isGone ? 'has reset' : inAcceptQueue.brief,
    reads: mine?.reading ?? true,
    client: mine?.id ?? null,
    session: mine?.session ?? null,
    queued: socket,
    words: [`${name} client ${whole}`.trim(), note].join(': '),
  };
}

function failedRow(client: OwnClient): ClientRowView {
  const ending = client.ending ?? { how: 'failed', errno: null };
  return ownRow(client, ending.how === 'refused' ? 'refused' : 'ended', {
    mark: ending.errno ?? ending.how.toUpperCase(),
    note: describeClientEnding(ending),
    brief: ending.errno ?? describeClientEnding(ending),
    bad: ending.how !== 'fin',
  });
}

function ownRow(
  client: OwnClient,
  place: ClientPlace,
  more: Partial<ClientRowView> & { note: string },
): ClientRowView {
  const from = client.localPort === null ? '' : `:${client.localPort}`;
  return {
    key: `client-${client.id}`,
    place,
    name: client.name ?? '',
    position: -1, // see findPlaces
    wait: null,
    calculatedSince: null,
    identity: null,
    kind: 'you',
    from,
    endpoint: from,
    mark: '',
    said: null,
    reply: null,
    bad: false,
    brief: more.note,
    reads: client.reading,
    client: client.id,
    session: client.session,
    queued: null,
    words: `your client ${from}: ${more.note}`,
    ...more,
  };
}

function kindWord(kind: ClientKind): string {
  return kind === 'pending' ? 'new' : kind;
}
