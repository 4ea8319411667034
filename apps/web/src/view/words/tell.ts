/** What the sentence of the moment says of one event: the telling words big, the numbers beside them. */

import { endpoint } from '@sockscope/tcp-core/trace/addresses';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import {
  connectionNumbered,
  serverWithId,
  type Exchange,
  type LabState,
  type ServerState,
} from '@sockscope/tcp-core/trace/lab-state';
import { clientName } from './names.ts';
import { restartWords } from './restart.ts';
import { serverName } from './servers.ts';
import { bytesSaid, counted, descriptors, duration, said } from './words.ts';

/** Characters of a sentence, at most: two lines at 40 px on a screen of 1280. */
export const LONGEST = 100;

export interface Told {
  sentence: string;
  /** Numbers and calls, for who wants to know them. */
  detail: string;
  /** Of two at the same time the higher one is told. */
  rank: number;
  bad?: boolean;
}

type Of<T extends LabEvent['type']> = Extract<LabEvent, { type: T }>;

/** What is told as it happens; null for what is only a step of something. `lab` says whose it is. */
export function tellMoment(event: LabEvent, lab: LabState): Told | null {
  const server = serverName(event, lab);
  const state = serverWithId(lab, event.server);
  switch (event.type) {
    case 'crashed':
      return {
        sentence: quoting(`${server} crashed: `, event.error, ''),
        detail: event.restarting ? 'it restarts' : '',
        rank: 6,
        bad: true,
      };
    case 'refused':
      return {
        sentence: quoting(`${nameIn(state, event)} was turned away: “`, event.reason, '”'),
        detail: `fd ${event.fd}`,
        rank: 5,
        bad: true,
      };
    case 'connectFailed':
      return tellFailed(event, server);
    case 'evaluating':
      return {
        sentence: quoting(`${server} calculates `, event.message, ` for ${nameIn(state, event)} …`),
        detail: `fd ${event.fd}`,
        rank: 4,
      };
    case 'evaluated':
      // It is sent later: at once, or when all others have been calculated.
      return tellReply(`${server} has the answer for ${nameIn(state, event)}: `, event, event);
    case 'summed': {
      const messages = event.connections.reduce((sum, each) => sum + each.messages, 0);
      if (messages === 0) return null;
      return {
        sentence: `${server} answered ${counted(messages, 'message')} in ${duration(event.micros)}`,
        detail: counted(event.connections.length, 'client'),
        rank: 3,
      };
    }
    case 'sent':
      if (state?.design.speaks !== 'bytes') return tellAnswered(event, state);
      // Whether the client has read them nobody here knows.
      return {
        sentence: `${server} sent ${nameIn(state, event)} ${counted(event.bytes, 'byte')} back: ${bytesSaid(event.preview, 48)}`,
        detail: `send(), fd ${event.fd}`,
        rank: 4,
      };
    case 'accepted':
      return {
        sentence: `${nameIn(state, event)} is connected`,
        detail: `fd ${event.fd}, port ${event.port}`,
        rank: 3,
      };
    case 'closed':
      // What the server closes it closes for a reason, and that was the moment.
      return event.how === 'local' ? null : tellLeft(event, nameIn(state, event));
    case 'listening':
      return tellListening(event, server, lab);
    case 'listenerClosed':
      // One that restarts, or is gone, says so by itself.
      if (state?.status !== 'not listening') return null;
      return {
        sentence: `${server} listens no more: the kernel refuses newcomers`,
        detail: `fd ${event.fd}`,
        rank: 2,
      };
    case 'stopped':
      return state?.status === 'stopped'
        ? { sentence: `${server} stopped`, detail: 'its sockets are closed', rank: 3 }
        : null;
    case 'sampled':
      return tellQueue(event, state);
    default:
      return null;
  }
}

/** `before`, as much of a client's or a server's text as there is room for, `after`. */
export function quoting(before: string, text: string, after: string): string {
  const room = LONGEST - before.length - after.length;
  return `${before}${said(text, Math.max(12, room))}${after}`;
}

/** What the client of an event is called. */
export function nameIn(
  server: ServerState | undefined,
  { connection: id }: { connection: number },
): string {
  if (!server) return 'A client';
  const known = connectionNumbered(server, id);
  // Who belonged to the run before has a letter of that run.
  if (!known && id < server.firstConnection) return 'A client';
  return said(clientName(server, known ?? { id, name: null }), 24);
}

/** The last answer that was ready goes out with this send. */
function tellAnswered(event: Of<'sent'>, state: ServerState | undefined): Told | null {
  const connection = state && connectionNumbered(state, event.connection);
  const last = connection?.exchanges.at(-1);
  if (!last || connection?.refused !== null) return null;
  return tellReply(`${nameIn(state, event)} was answered `, last, event);
}

function tellReply(
  before: string,
  { message, reply, error }: Pick<Exchange, 'message' | 'reply' | 'error'>,
  { fd }: { fd: number },
): Told {
  return {
    sentence: quoting(before, reply, ''),
    detail: `${said(message, 40)}, fd ${fd}`,
    rank: 4,
    bad: error,
  };
}

function tellFailed({ errno }: Of<'connectFailed'>, server: string): Told {
  const lower = server.toLowerCase();
  return {
    sentence:
      errno === 'ECONNREFUSED'
        ? `The kernel refused a client of ${lower}`
        : `A browser client could not connect to ${lower}`,
    detail: said(errno, 40),
    rank: 5,
    bad: true,
  };
}

function tellLeft({ fd, how, errno }: Of<'closed'>, name: string): Told {
  if (how === 'rst')
    return { sentence: `${name} was reset`, detail: `RST, fd ${fd}`, rank: 3, bad: true };
  if (how !== 'timeout') return { sentence: `${name} left`, detail: `FIN, fd ${fd}`, rank: 3 };
  const detail = `${errno ?? 'ETIMEDOUT'}, fd ${fd}`;
  return { sentence: `${name} no longer answers`, detail, rank: 3, bad: true };
}

function tellListening(event: Of<'listening'>, server: string, lab: LabState): Told {
  const detail = `${endpoint(event.address, event.port)}, fd ${event.fd}`;
  const restarted = restartWords(event, lab);
  return restarted === null
    ? { sentence: `${server} listens: clients can connect`, detail, rank: 2 }
    : { sentence: `${server} ${restarted}`, detail, rank: 5 };
}

/** Somebody new in the accept queue is a moment; whoever is there longer was one. */
function tellQueue(event: Of<'sampled'>, state: ServerState | undefined): Told | null {
  const isNewcomer = state?.kernel?.waiting.some(({ since }) => since === event.t) ?? false;
  return isNewcomer ? tellDepth(event) : null;
}

/** How many the kernel has connected and nobody has accepted; null if there is none. */
export function tellDepth({ acceptQueue }: Of<'sampled'>): Told | null {
  if (acceptQueue === null || acceptQueue === 0) return null;
  const wait = acceptQueue === 1 ? '1 waits' : `${counted(acceptQueue, 'client')} wait`;
  return {
    sentence: `${wait} in the accept queue: connected, but nobody has accepted`,
    detail: 'kernel',
    rank: 2,
  };
}

/** The clients with these descriptors, by name, and the listener as a newcomer. */
export function namesOf(
  fds: readonly number[],
  server: ServerState | undefined,
  listener = 'a newcomer',
): string {
  const owners = server ? Object.values(server.connections) : [];
  const names = [...new Set(fds)].map((fd) => {
    if (fd === server?.fd) return listener;
    const owner = owners.find((each) => each.fd === fd) ?? ownerBefore(server, fd);
    return server && owner ? said(clientName(server, owner), 24) : descriptors([fd]);
  });
  if (names.length > 4) return counted(names.length, 'descriptor');
  const last = names.pop() ?? 'nobody';
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`;
}

function ownerBefore(server: ServerState | undefined, fd: number) {
  return server?.ended.findLast((each) => each.fd === fd);
}
