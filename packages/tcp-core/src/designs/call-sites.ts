/**
 * Where in its server's text a thread is. A server makes each call at one place for each meaning, so
 * the event names the place; source-lines.ts finds the line.
 */

import type { Ending, LabEvent } from '../trace/events.ts';
import {
  connectionNumbered,
  type ConnectionState,
  type ServerState,
  type ThreadState,
} from '../trace/lab-state.ts';

/** Places in the text of the servers. */
export type Site =
  /** The function's own line: its thread comes in, or has left and the layer closes what is open. */
  | 'start'
  | 'listen'
  | 'loop'
  | 'accept'
  /** Server 2. */
  | 'startThread'
  /** Server 1, policy refuse: no listener while a client is served. */
  | 'closeListener'
  | 'listenAgain'
  | 'select'
  /** Server 1, policy busy: while a client is served, somebody is at the door. */
  | 'acceptNewcomer'
  | 'refuse'
  /** The function that serves one client (servers 1 and 2), and its loop. */
  | 'startClient'
  | 'clientLoop'
  | 'recv'
  | 'calculate'
  | 'calculateAfterSilence'
  | 'send'
  /** Server 4: what could not be sent at once, when select says that there is room. */
  | 'sendPending'
  | 'close';

/** The files of the servers, by name. */
export type ServerSource = 'one-at-a-time' | 'thread-per-client' | 'select' | 'echo';

/** A place: which file, and where in it. */
export interface Place {
  source: ServerSource;
  site: Site;
}

/** The file with a server's own function. */
export function mainSource({ design }: Pick<ServerState, 'design'>): ServerSource {
  return design.name as ServerSource;
}

/** The files that a server's threads run in: one at a time may borrow serveClient. */
export function sourcesOf(server: Pick<ServerState, 'design' | 'settings'>): ServerSource[] {
  const main = mainSource(server);
  return borrowsServeClient(server) ? [main, 'thread-per-client'] : [main];
}

function borrowsServeClient({
  design,
  settings,
}: Pick<ServerState, 'design' | 'settings'>): boolean {
  return design.process === 'seat' && settings.policy !== 'busy';
}

/** Those of server 1 are in serveClient, if it does not serve by itself. */
const inServeClient: ReadonlySet<Site> = new Set<Site>([
  'startClient',
  'clientLoop',
  'recv',
  'calculate',
  'send',
  'close',
]);

/**
 * Where a thread is: at the call that it is blocked in, else where the last thing that it reported
 * happened. Null while it runs no line of a server: one of server 2's that waits for a client.
 */
export function placeOf(server: ServerState, thread: ThreadState): Place | null {
  if (thread.call !== null) return placed(server, siteOfCall(thread));
  const { last } = thread;
  return placed(server, last === null ? startOf(thread) : siteOfStep(server, thread, last));
}

/**
 * Where an event happened. `after` is the server's state after it, `thread` its thread there, or, if
 * the event is the thread's end, the thread before. Null for what no line of a server does: all
 * events of the gateway itself, which have no thread.
 */
export function placeOfEvent(
  after: ServerState,
  thread: ThreadState | undefined,
  event: LabEvent,
): Place | null {
  if (event.thread === null || !thread) return null;
  if (event.type === 'threadEnded') return placed(after, startOf(thread));
  return placeOf(after, thread);
}

function placed(server: ServerState, site: Site | null): Place | null {
  if (site === null) return null;
  const borrowed = borrowsServeClient(server) && inServeClient.has(site);
  return { source: borrowed ? 'thread-per-client' : mainSource(server), site };
}

function siteOfCall({ call }: ThreadState): Site | null {
  switch (call) {
    case 'handoff':
      return 'startThread';
    case 'parked':
    case null:
      return null;
    default:
      return call;
  }
}

function startOf({ role }: ThreadState): Site {
  return role === 'client' ? 'startClient' : 'start';
}

type Step = NonNullable<ThreadState['last']>;

function siteOfStep(server: ServerState, thread: ThreadState, step: Step): Site | null {
  const connection =
    step.connection === null ? undefined : connectionNumbered(server, step.connection);
  switch (step.type) {
    case 'threadStarted':
    case 'threadEnded':
      return startOf(thread);
    case 'listening':
      return isSeat(server) && hasServed(server, thread) ? 'listenAgain' : 'listen';
    case 'listenerClosed':
      return isSeat(server) && server.settings.policy === 'refuse' && isServing(server)
        ? 'closeListener'
        : 'start';
    case 'accepted':
      return connection && isNewcomer(server, connection) ? 'acceptNewcomer' : 'accept';
    case 'handedOver':
      return 'startThread';
    case 'selected':
      return 'select';
    case 'received':
    case 'peerClosed':
      return 'recv';
    case 'evaluating':
    case 'evaluated':
      return siteOfCalculation(server, thread, step, connection);
    case 'sent':
      // No server speaks first: who has said nothing is being turned away.
      if (connection?.received.calls === 0) return siteOfRefusal(server, connection);
      return !server.design.calculates && !step.fresh ? 'sendPending' : 'send';
    case 'refused':
      return siteOfRefusal(server, connection);
    case 'shutdown':
    case 'closed':
      if (connection && connection.refused !== null) return siteOfRefusal(server, connection);
      return endsByItself(connection?.end?.how) ? 'close' : startOf(thread);
    case 'summed':
      return servesOne(server, thread) ? 'clientLoop' : 'loop';
    case 'blocked':
    case 'joined':
    case 'starting':
    case 'stopped':
    case 'crashed':
    case 'identified':
    case 'sampled':
    case 'unobservable':
    case 'connectFailed':
      return null; // not a step of a thread
  }
}

/** A server closes first only when it stops; then its function has been left. */
function endsByItself(how: Ending | undefined): boolean {
  return how !== undefined && how !== 'local';
}

/**
 * Servers that wait in select calculate at two places: for bytes that just came, and for a message
 * that a silence ended. A client that was reset reports no bytes, but select had returned it.
 */
function siteOfCalculation(
  server: ServerState,
  { lastSelect }: ThreadState,
  { fresh }: Step,
  connection: ConnectionState | undefined,
): Site {
  const waitsInSelect =
    server.design.process === 'loop' || (isSeat(server) && !borrowsServeClient(server));
  const cameToLast = connection !== undefined && lastSelect?.served.at(-1) === connection.fd;
  return !waitsInSelect || fresh || cameToLast ? 'calculate' : 'calculateAfterSilence';
}

/** Server 1 refuses by a line of its own; all others only inside accept, without a descriptor left. */
function siteOfRefusal(server: ServerState, connection: ConnectionState | undefined): Site {
  if (!isSeat(server) || server.settings.policy !== 'busy' || !connection) return 'accept';
  const atTheDoor = connection.refused?.startsWith('busy:') ?? isNewcomer(server, connection);
  return atTheDoor ? 'refuse' : 'accept';
}

/** Server 1: accepted while somebody else is served. */
function isNewcomer(server: ServerState, { id }: ConnectionState): boolean {
  if (!isSeat(server)) return false;
  return Object.values(server.connections).some(
    (other) => other.id < id && other.refused === null && other.end === null,
  );
}

/** One at a time. */
function isSeat({ design }: ServerState): boolean {
  return design.process === 'seat';
}

function isServing(server: ServerState): boolean {
  return Object.keys(server.connections).length > 0;
}

/** Server 1: whether this thread listened before; a connection of it has ended meanwhile. */
function hasServed(server: ServerState, { since }: ThreadState): boolean {
  return server.ended.some(({ end }) => end !== null && end.t >= since);
}

function servesOne(server: ServerState, thread: ThreadState): boolean {
  return thread.role === 'client' || (isSeat(server) && isServing(server));
}
