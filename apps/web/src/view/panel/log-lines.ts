/** The lines of the event log. */

import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import type { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { connectionIdentity, type Identity } from '../identity.ts';
import {
  connectionOf,
  describeEvent,
  eventWords,
  toneOf,
  type EventWords,
  type LogTone,
} from '../words/describe-event.ts';
import { clock } from '../words/words.ts';
import type { LogClients } from './log-clients.ts';

export interface LogLineView extends EventWords {
  seq: number;
  time: string;
  server: number;
  identity: Identity | null;
  /** What the client is called that it is about; null: it is about none, or nobody can say. */
  who: string | null;
  /** The whole sentence with all its numbers. */
  full: string;
  tone: LogTone;
}

export interface LogFilter {
  /** Null: of all servers. */
  server: ServerId | null;
  /** Also where threads wait, start and end. */
  everything: boolean;
}

/** Characters of what a client said: with the words around them they fill two narrow lines. */
const SAID = 44;
/** Lines after the shown moment. */
const LATER = 12;
/** Events that are looked through for those. */
const LATER_EVENTS = 400;

/**
 * The events that are listed around a moment, oldest first: at most `most` up to it and a few after it. Where the
 * history has none, those that the state itself knows.
 */
export function eventsAround(
  lab: LabState,
  history: LabHistory | null,
  filter: LogFilter,
  most: number,
): LabEvent[] {
  const isWanted = (event: LabEvent): boolean => isListed(event, filter);
  const before = history?.latest(most, isWanted, lab.seq) ?? [];
  const after = history?.events(lab.seq, lab.seq + LATER_EVENTS).filter(isWanted) ?? [];
  return [
    ...(before.length > 0 ? before : lab.log.filter(isWanted).slice(-most)),
    ...after.slice(0, LATER),
  ];
}

/** Lines that were made already: most of a log is the same from frame to frame. */
const made = new WeakMap<LogClients, { version: number; lines: WeakMap<LabEvent, LogLineView> }>();

/** Newest first: what just happened is always in the same place. `lab` knows the servers. */
export function logLines(
  events: readonly LabEvent[],
  { servers }: Pick<LabState, 'servers'>,
  clients: LogClients,
): LogLineView[] {
  const { version } = clients;
  let before = made.get(clients);
  if (before?.version !== version)
    made.set(clients, (before = { version, lines: new WeakMap<LabEvent, LogLineView>() }));
  const { lines } = before;
  return events.toReversed().map((event) => {
    const known = lines.get(event);
    if (known) return known;
    const line = logLine(event, servers[event.server]?.number ?? 0, clients);
    lines.set(event, line);
    return line;
  });
}

function logLine(event: LabEvent, server: number, clients: LogClients): LogLineView {
  const connection = connectionOf(event);
  const named = clients.named(event);
  const client = connection === null ? null : clients.client(event.server, connection);
  const numbers = client === null ? '' : ` (fd ${client.fd}, ${client.endpoint})`;
  return {
    ...eventWords(event, named, SAID),
    seq: event.seq,
    time: clock(event.t),
    server,
    identity: connection === null ? null : connectionIdentity(event.server, connection),
    who: named.client,
    full: `${describeEvent(event, named)}${numbers}`,
    tone: toneOf(event),
  };
}

/** The line of the shown moment: that of its event, or of the last one before it that has a line. */
export function lineOf(lines: readonly LogLineView[], seq: number): LogLineView | undefined {
  return lines.find((line) => line.seq <= seq);
}

/** How many events that have a line came after one, up to another. */
export function countNewer(
  history: LabHistory | null,
  after: number,
  upTo: number,
  filter: LogFilter,
): number {
  return history?.events(after, upTo).filter((event) => isListed(event, filter)).length ?? 0;
}

const background: ReadonlySet<LabEvent['type']> = new Set<LabEvent['type']>([
  'joined',
  'blocked',
  'threadStarted',
  'threadEnded',
  'identified',
  'starting',
  'sampled',
]);

/** Whether an event has a line under this filter. */
export function isListed(event: LabEvent, { server, everything }: LogFilter): boolean {
  return (server === null || event.server === server) && (everything || !isBackground(event));
}

function isBackground(event: LabEvent): boolean {
  return background.has(event.type);
}
