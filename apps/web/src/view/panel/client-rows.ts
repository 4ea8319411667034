/** The clients of one server as its panel lists them: who, from where, what was said, how it ended. */

import { endpoint } from '@sockscope/tcp-core/trace/addresses';
import type { ClientKind } from '@sockscope/tcp-core/trace/events';
import type { ConnectionState, ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { connectionIdentity, identityWords, type Identity } from '../identity.ts';
import {
  briefEnding,
  describeClientEnding,
  describeEnding,
  endingMark,
  type ClientEnding,
} from '../words/describe-ending.ts';
import { inAcceptQueue } from '../words/waiting.ts';
import { bytesSaid, said, shortEndpoint } from '../words/words.ts';

/** What the page itself knows of a client that it opened. */
export interface OwnClient {
  /** The page's own name for it. */
  id: string;
  /** The gateway's name for it, which the log carries; null until the gateway has told it. */
  session: string | null;
  /** What its owner calls it; null: nothing. */
  name: string | null;
  /** `absent`: at the moment that is shown it was not there yet. */
  phase: 'absent' | 'connecting' | 'connected' | 'ended';
  /** Its end of the connection, once connected. */
  localAddress: string | null;
  localPort: number | null;
  ending: ClientEnding | null;
  /** performance.now() at its end. */
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
  /** The page's client behind it, by its id. */
  client: string | null;
  /** That client's name in the log. */
  session: string | null;
  /** The row in one sentence. */
  words: string;
}

/** How long a row stays after the end, in microseconds. */
export const REFUSED_SHOWN = 60_000_000;
const ENDED_SHOWN = 15_000_000;
const ENDED_ROWS = 3;

/** The connection of a client that this page opened, as soon as it can be told. */
function connectionOfClient(
  server: ServerState,
  { session, localAddress, localPort }: Pick<OwnClient, 'session' | 'localAddress' | 'localPort'>,
): ConnectionState | null {
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
export function identityOfClient(
  server: ServerState,
  client: Pick<OwnClient, 'session' | 'localAddress' | 'localPort'>,
): Identity | null {
  const connection = connectionOfClient(server, client);
  return connection ? connectionIdentity(server.id, connection.id) : null;
}

/** A client of this page while the past is shown: only the log tells what it said. */
export function inThePast({ id, session, name }: OwnClient): OwnClient {
  return {
    id,
    session,
    name,
    phase: 'ended',
    localAddress: null,
    localPort: null,
    ending: null,
    endedAt: null,
    lastSent: null,
    lastReceived: null,
    sentBytes: 0,
    halfClosed: false,
    reading: true,
  };
}

export interface ClientRows {
  /** Served, then waiting, in the order in which they came. */
  present: ClientRowView[];
  /** Newest first, at most ENDED_ROWS. */
  gone: ClientRowView[];
}

/** `now` is the lab's clock in microseconds, `pageNow` performance.now(). */
export function clientRows(
  server: ServerState,
  own: readonly OwnClient[],
  now: number,
  pageNow: number,
): ClientRows {
  const mine = new Map<number, OwnClient>();
  const unmatched: OwnClient[] = [];
  for (const client of own) {
    const connection = connectionOfClient(server, client);
    if (connection) mine.set(connection.id, client);
    else unmatched.push(client);
  }

  const present = Object.values(server.connections)
    .sort((a, b) => a.id - b.id)
    .map((connection) => connectionRow(server, connection, mine.get(connection.id)));
  for (const client of unmatched) {
    if (client.phase === 'connecting' || client.phase === 'connected')
      present.push(waitingRow(client));
  }

  const gone = server.ended
    .filter((connection) => isRecent(connection, now))
    .map((connection) => connectionRow(server, connection, mine.get(connection.id)))
    .reverse();
  const failed = unmatched
    .filter(({ endedAt }) => endedAt !== null && pageNow - endedAt < REFUSED_SHOWN / 1000)
    .map(failedRow)
    .reverse();
  return { present, gone: [...failed, ...gone].slice(0, ENDED_ROWS) };
}

function isRecent(connection: ConnectionState, now: number): boolean {
  const kept = connection.refused === null ? ENDED_SHOWN : REFUSED_SHOWN;
  return connection.end !== null && now - connection.end.t < kept;
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
  const note = noteOf(connection, talk.said !== null);
  const exchange = [talk.said, talk.reply].filter((text) => text !== null).join(' → ');
  return {
    key: `connection-${connection.id}`,
    place,
    identity,
    kind,
    from: shortEndpoint(connection.address, connection.port),
    endpoint: whole,
    mark: connection.end ? endingMark(connection.end.how) : fd,
    ...talk,
    bad: place === 'ended' ? isBroken(connection) : talk.bad,
    note,
    brief: connection.end ? briefEnding(connection) : note,
    client: mine?.id ?? null,
    session: mine?.session ?? null,
    words: [`${identityWords(identity)}, ${kind} client ${whole}, ${fd}`, exchange, note]
      .filter((text) => text !== '')
      .join('; '),
  };
}

function conversation(
  server: ServerState,
  connection: ConnectionState,
  mine: OwnClient | undefined,
): Pick<ClientRowView, 'said' | 'reply' | 'bad'> {
  if (mine && mine.lastSent !== null) {
    const reply = mine.lastReceived === null ? null : said(mine.lastReceived);
    return { said: said(mine.lastSent), reply, bad: reply !== null && isBad(server, reply) };
  }
  const last = connection.exchanges.at(-1);
  if (last) return { said: said(last.message), reply: said(last.reply), bad: last.error };
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

function noteOf(connection: ConnectionState, spoke: boolean): string {
  if (connection.end) return describeEnding(connection);
  if (connection.refused !== null) return 'turned away';
  if (connection.peerClosed) return 'FIN received';
  return spoke ? '' : 'connected, has said nothing';
}

function waitingRow(client: OwnClient): ClientRowView {
  const note = client.phase === 'connecting' ? 'connecting' : inAcceptQueue.note;
  return ownRow(client, 'waiting', {
    mark: client.phase === 'connecting' ? 'SYN' : 'queue',
    note,
    brief: client.phase === 'connecting' ? note : inAcceptQueue.brief,
    said: client.lastSent === null ? null : said(client.lastSent),
  });
}

function failedRow(client: OwnClient): ClientRowView {
  const ending = client.ending ?? { how: 'failed', errno: null };
  return ownRow(client, ending.how === 'refused' ? 'refused' : 'ended', {
    mark: ending.errno ?? ending.how.toUpperCase(),
    note: describeClientEnding(ending),
    brief: ending.errno ?? describeClientEnding(ending),
    bad: true,
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
    identity: null,
    kind: 'you',
    from,
    endpoint: from,
    mark: '',
    said: null,
    reply: null,
    bad: false,
    brief: more.note,
    client: client.id,
    session: client.session,
    words: `your client ${from}: ${more.note}`,
    ...more,
  };
}

function kindWord(kind: ClientKind): string {
  return kind === 'pending' ? 'new' : kind;
}
