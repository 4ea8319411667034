/** The lines of the event log. */

import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { connectionIdentity, type Identity } from '../identity.ts';
import { connectionOf, describeEvent, toneOf, type LogTone } from '../words/describe-event.ts';
import { clock } from '../words/words.ts';

export interface LogLineView {
  seq: number;
  time: string;
  server: number;
  identity: Identity | null;
  text: string;
  tone: LogTone;
}

export interface LogFilter {
  /** Null: of all servers. */
  server: ServerId | null;
  /** Also where threads wait, start and end. */
  everything: boolean;
  /** Lines at most. */
  most: number;
}

/** Newest first: what just happened is always in the same place. `lab` knows the servers. */
export function logLines(
  events: readonly LabEvent[],
  filter: LogFilter,
  { servers }: LabState,
): LogLineView[] {
  return events
    .filter((event) => isListed(event, filter))
    .slice(-filter.most)
    .reverse()
    .map((event) => {
      const connection = connectionOf(event);
      return {
        seq: event.seq,
        time: clock(event.t),
        server: servers[event.server]?.number ?? 0,
        identity: connection === null ? null : connectionIdentity(event.server, connection),
        text: describeEvent(event),
        tone: toneOf(event),
      };
    });
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
