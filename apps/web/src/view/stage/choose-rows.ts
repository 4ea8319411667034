/** Who is drawn on the stage: everybody while there is room, else the interesting ones and counts. */

import type { TcpState, WaitingSocket } from '@sockscope/tcp-core/trace/events';
import type { ConnectionState, ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { ClientRows, ClientRowView } from '../panel/client-rows.ts';

/** Somebody who may be drawn: the row of the client and what is known of it in the server. */
export interface Candidate {
  row: ClientRowView;
  /** Null until it is accepted. */
  connection: ConnectionState | null;
  /** Its socket in the accept queue. */
  waiting: WaitingSocket | null;
}

/** Those that are not drawn one by one. */
export interface FoldedRows {
  /** All of them together. */
  count: number;
  browser: number;
  external: number;
  /** In the accept queue. */
  waiting: number;
  /** The kernel has not connected them: their SYN is not answered. */
  connecting: number;
  /** Sampled TCP states, the most frequent first. */
  states: { tcp: TcpState; count: number }[];
  /** Connections of which there is no sample yet. */
  unsampled: number;
  /** Bytes in their receive and send queues in the kernel. */
  receive: number;
  send: number;
}

/** A client of this page that the kernel has not connected. */
export function isConnecting({ mark }: ClientRowView): boolean {
  return mark === 'SYN';
}

/** Everybody present: served or turned away just now, then those that wait in the accept queue. */
export function presentOf({ connections }: ServerState, rows: ClientRows): Candidate[] {
  const byKey = new Map(Object.values(connections).map((each) => [`connection-${each.id}`, each]));
  return rows.present.map((row) => ({
    row,
    connection: byKey.get(row.key) ?? null,
    waiting: row.queued,
  }));
}

/** Those that are gone and still shown, newest first. */
export function goneOf(server: ServerState, rows: ClientRows): Candidate[] {
  const ended = new Map(server.ended.map((each) => [`connection-${each.id}`, each]));
  return rows.gone.map((row) => ({
    row,
    connection: ended.get(row.key) ?? null,
    waiting: null,
  }));
}

/**
 * The `most` interesting ones, in the order in which they came: turned away, the own ones, waiting,
 * then those that spoke last. Half of the places are for those that are served, however many wait.
 */
export function chooseInFront(present: readonly Candidate[], most: number): Candidate[] {
  if (present.length <= most) return [...present];
  const served = present.filter(({ row }) => row.place === 'open');
  const chosen = new Set(heaviest(served, Math.ceil(most / 2)));
  const others = present.filter((candidate) => !chosen.has(candidate));
  for (const candidate of heaviest(others, most - chosen.size)) chosen.add(candidate);
  return present.filter((candidate) => chosen.has(candidate));
}

/** The `most` heaviest, heaviest first. */
function heaviest(candidates: readonly Candidate[], most: number): Candidate[] {
  if (most < 1) return [];
  const best: { candidate: Candidate; weight: number }[] = [];
  for (const candidate of candidates) {
    const weight = weightOf(candidate);
    if (best.length === most && weight <= (best.at(-1)?.weight ?? Infinity)) continue;
    let place = best.length;
    while (place > 0 && (best[place - 1]?.weight ?? 0) < weight) place -= 1;
    best.splice(place, 0, { candidate, weight });
    if (best.length > most) best.pop();
  }
  return best.map(({ candidate }) => candidate);
}

/** How many wait in the accept queue beyond those that a sample lists; who was reset there does not wait. */
export function unlistedIn(kernel: ServerState['kernel']): number {
  return kernel?.acceptQueue ? kernel.acceptQueue - kernel.waiting.length - kernel.unnamed : 0;
}

/** What those in `present` who are not in `drawn` come to; null if there are none. */
export function foldRest(
  server: ServerState,
  present: readonly Candidate[],
  drawn: readonly Candidate[],
): FoldedRows | null {
  const unlisted = unlistedIn(server.kernel);
  const shown = new Set(drawn);
  const rest = present.filter((candidate) => !shown.has(candidate));
  if (rest.length + unlisted === 0) return null;

  const states = new Map<TcpState, number>();
  const folded: FoldedRows = {
    count: rest.length + unlisted,
    browser: 0,
    external: 0,
    waiting: unlisted,
    connecting: 0,
    states: [],
    unsampled: 0,
    receive: 0,
    send: 0,
  };
  for (const { connection, row } of rest) {
    if (isConnecting(row)) folded.connecting += 1;
    else if (row.place === 'waiting') folded.waiting += 1;
    else if (row.kind === 'you' || row.kind === 'browser') folded.browser += 1;
    else if (row.kind === 'external') folded.external += 1;
    if (!connection) continue;
    const { kernel } = connection;
    if (!kernel) {
      folded.unsampled += 1;
      continue;
    }
    states.set(kernel.tcp, (states.get(kernel.tcp) ?? 0) + 1);
    folded.receive += kernel.receive;
    folded.send += kernel.send;
  }
  folded.states = [...states]
    .map(([tcp, count]) => ({ tcp, count }))
    .sort((a, b) => b.count - a.count);
  return folded;
}

/** Higher is more interesting; times are microseconds since the epoch, far below the steps. */
function weightOf({ row, connection }: Candidate): number {
  const step = 1e15;
  if (row.place === 'refused') return 3 * step;
  if (row.place === 'waiting') return step + (row.client === null ? 0 : step);
  if (!connection) return 0;
  const spoke = Math.max(
    connection.openedAt,
    connection.exchanges.at(-1)?.t ?? 0,
    connection.segments.received.at(-1)?.t ?? 0,
    connection.segments.sent.at(-1)?.t ?? 0,
  );
  return row.kind === 'you' ? 2 * step + spoke : spoke;
}
