/** The sentence of the moment: what just happened, for the last row and for a screen reader. */

import { endpoint } from '@sockscope/tcp-core/trace/addresses';
import type { Ending, LabEvent } from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { connectionIdentity, type Identity } from '../identity.ts';
import { connectionOf, describeEvent } from './describe-event.ts';
import { serverName } from './servers.ts';
import { bytesSaid, counted, duration, said } from './words.ts';

export interface Moment {
  seq: number;
  sentence: string;
  identity: Identity | null;
  bad: boolean;
  /** Of two moments at the same time the higher one is told. */
  rank: number;
}

/** The moment that an event is, or null if it is only a step of one. `lab` says whose it is. */
export function momentOf(event: LabEvent, lab: LabState): Moment | null {
  const told = tell(event, lab);
  if (!told) return null;
  const connection = connectionOf(event);
  return {
    seq: event.seq,
    sentence: told.sentence,
    identity: connection === null ? null : connectionIdentity(event.server, connection),
    bad: told.bad ?? false,
    rank: told.rank,
  };
}

/** The moment to show while time stands still at an event: any event then has its sentence. */
export function momentAt(event: LabEvent, lab: LabState): Moment {
  const connection = connectionOf(event);
  return (
    momentOf(event, lab) ?? {
      seq: event.seq,
      sentence: `${serverName(event, lab)}: ${describeEvent(event)}`,
      identity: connection === null ? null : connectionIdentity(event.server, connection),
      bad: false,
      rank: 0,
    }
  );
}

/** The one to tell of several: the highest rank, and of equals the latest. */
export function weightier(a: Moment | null, b: Moment | null): Moment | null {
  if (!a || !b) return a ?? b;
  return b.rank >= a.rank ? b : a;
}

function tell(
  event: LabEvent,
  lab: LabState,
): { sentence: string; rank: number; bad?: boolean } | null {
  const server = serverName(event, lab);
  switch (event.type) {
    case 'crashed':
      return { sentence: `${server} crashed: ${said(event.error, 80)}`, rank: 6, bad: true };
    case 'refused':
      return {
        sentence: `${server} turned fd ${event.fd} away: “${said(event.reason, 80)}”`,
        rank: 5,
        bad: true,
      };
    case 'connectFailed':
      return {
        sentence:
          event.errno === 'ECONNREFUSED'
            ? `The kernel refused a client of ${server.toLowerCase()}: ${event.errno}`
            : `A browser client could not connect to ${server.toLowerCase()}: ${said(event.errno)}`,
        rank: 5,
        bad: true,
      };
    case 'evaluating':
      return {
        sentence: `${server} calculates ${said(event.message, 60)} for fd ${event.fd} …`,
        rank: 4,
      };
    case 'evaluated':
      return {
        sentence: `${server} answered ${said(event.message, 40)} with ${said(event.reply, 80)}`,
        rank: 4,
        bad: event.error,
      };
    case 'summed': {
      const messages = event.connections.reduce((sum, each) => sum + each.messages, 0);
      if (messages === 0) return null;
      const what = counted(messages, 'message');
      return { sentence: `${server} answered ${what} in ${duration(event.micros)}`, rank: 3 };
    }
    case 'sent':
      if (lab.servers[event.server]?.design.speaks !== 'bytes') return null;
      return {
        sentence: `${server} sent back ${counted(event.bytes, 'byte')}: ${bytesSaid(event.preview, 40)}`,
        rank: 4,
      };
    case 'accepted':
      return {
        sentence: `${server} accepted ${endpoint(event.address, event.port)}: it is fd ${event.fd} now`,
        rank: 3,
      };
    case 'closed':
      // What the server closes it closes for a reason, and that was the moment.
      if (event.how === 'local') return null;
      return {
        sentence: closedWords(server, event.fd, event.how),
        rank: 3,
        bad: event.how === 'rst' || event.how === 'timeout',
      };
    case 'listening':
      return { sentence: `${server} listens on ${endpoint(event.address, event.port)}`, rank: 2 };
    case 'listenerClosed':
      return {
        sentence: `${server} closed its listening socket: the kernel refuses newcomers`,
        rank: 2,
      };
    case 'stopped':
      return { sentence: `${server} stopped`, rank: 3 };
    default:
      return null;
  }
}

function closedWords(server: string, fd: number, how: Exclude<Ending, 'local'>): string {
  const did = { fin: 'left (FIN)', rst: 'was reset (RST)', timeout: 'no longer answers' }[how];
  return `The client on fd ${fd} of ${server.toLowerCase()} ${did}`;
}
