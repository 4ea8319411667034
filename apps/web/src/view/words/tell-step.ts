/** Any event in a plain sentence, for when time stands still at it. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import {
  connectionNumbered,
  serverWithId,
  type LabState,
  type ServerState,
} from '@sockscope/tcp-core/trace/lab-state';
import { describeEvent } from './describe-event.ts';
import { serverName } from './servers.ts';
import { nameIn, namesOf, quoting, tellDepth, tellMoment, type Told } from './tell.ts';
import { blockedWords } from './waiting.ts';
import { bytesSaid, count, counted, duration } from './words.ts';

type Of<T extends LabEvent['type']> = Extract<LabEvent, { type: T }>;

/** Null for a sample that changes nothing of what was told. `lab` is the state after the event. */
export function tellStep(event: LabEvent, lab: LabState): Told | null {
  const moment = tellMoment(event, lab);
  if (moment) return moment;
  if (event.type === 'sampled') return tellSample(event, serverWithId(lab, event.server));
  return { sentence: stepWords(event, lab), detail: detailOf(event), rank: 0 };
}

/** Bytes that nobody has read, or who waits to be accepted. */
function tellSample(event: Of<'sampled'>, state: ServerState | undefined): Told | null {
  const unread = event.connections.find(
    ({ tcp, receive, connection }) =>
      tcp === 'ESTABLISHED' && receive > 0 && state && connectionNumbered(state, connection),
  );
  if (!unread) return tellDepth(event);
  const wait = unread.receive === 1 ? 'waits' : 'wait';
  return {
    sentence: `${counted(unread.receive, 'byte')} of ${nameIn(state, unread)} ${wait} unread`,
    detail: 'kernel',
    rank: 0,
  };
}

function stepWords(event: LabEvent, lab: LabState): string {
  const server = serverName(event, lab);
  const lower = server.toLowerCase();
  const state = serverWithId(lab, event.server);
  switch (event.type) {
    case 'joined':
      return `${server} joined the lab`;
    case 'starting':
      return `${server} is being started`;
    case 'threadStarted':
      return event.role === 'client' ? `${server} has one more thread` : `${server} runs`;
    case 'threadEnded':
      return `A thread of ${lower} ended`;
    case 'blocked':
      return blockedStep(event, server, state);
    case 'identified': {
      const what = event.client === 'browser' ? 'a browser client' : 'an external program';
      return `${nameIn(state, event)} is ${what}`;
    }
    case 'handedOver':
      return `${nameIn(state, event)} gets a thread of its own`;
    case 'received':
      return `${server} read “${textOf(event.preview, state)}” from ${nameIn(state, event)}`;
    case 'peerClosed':
      return `${nameIn(state, event)} will send no more`;
    case 'sent':
      return `${server} sent “${textOf(event.preview, state)}” to ${nameIn(state, event)}`;
    case 'selected':
      return selectedStep(event, state);
    case 'shutdown':
      return `${server} will send ${nameIn(state, event)} no more`;
    case 'closed':
      return event.how === 'local'
        ? `${server} closed the connection of ${nameIn(state, event)}`
        : `${nameIn(state, event)} left`;
    case 'listenerClosed':
      return `${server} listens no more: it stops`;
    case 'stopped':
      return `${server} stopped; it starts again`;
    case 'summed': {
      const bytes = event.connections.reduce((sum, { received }) => sum + received.bytes, 0);
      return `${server} read ${counted(bytes, 'byte')} in ${duration(event.micros)}`;
    }
    case 'unobservable':
      return quoting('The kernel’s sockets cannot be seen here: ', event.reason, '');
    default:
      return `${server}: ${describeEvent(event)}`;
  }
}

/** A line without its end, or all the bytes of an echo. */
function textOf(preview: string, state: ServerState | undefined): string {
  return bytesSaid(state?.design.speaks === 'bytes' ? preview : preview.replace(/\r?\n$/, ''), 48);
}

function blockedStep(event: Of<'blocked'>, server: string, state: ServerState | undefined): string {
  const fds = [...new Set([...event.read, ...event.write])];
  const role = event.thread === null ? null : state?.threads[event.thread]?.role;
  const who = role === 'client' ? `A thread of ${server.toLowerCase()}` : server;
  switch (event.call) {
    case 'select': {
      const clients = fds.filter((fd) => fd !== state?.fd).length;
      const newcomers = clients < fds.length;
      const whom = [
        ...(clients > 0 ? [counted(clients, 'client')] : []),
        ...(newcomers ? ['newcomers'] : []),
      ];
      return `${server} waits in select() for ${whom.join(' and ') || 'nobody'}`;
    }
    case 'accept':
      return `${server} waits in accept() for a newcomer`;
    case 'recv':
      return `${who} waits in recv() until ${namesOf(fds, state)} sends`;
    case 'send':
      return `${who} waits in send() until ${namesOf(fds, state)} reads`;
    case 'close':
      return `${who} waits until ${namesOf(fds, state)} leaves`;
    default:
      return `${who} is ${blockedWords(event)}`;
  }
}

function selectedStep(event: Of<'selected'>, state: ServerState | undefined): string {
  const readable = new Set(event.readable);
  const ready = [...new Set([...event.readable, ...event.writable])];
  if (ready.length === 0) return 'select() returned: the time is up, nobody is ready';
  if (ready.length === 1 && ready[0] === state?.fd) return 'select() returned: a newcomer is there';
  const how = ready.every((fd) => readable.has(fd)) ? 'readable' : 'ready';
  const are = ready.length === 1 ? 'is' : 'are';
  return `select() returned: ${namesOf(ready, state)} ${are} ${how}`;
}

function detailOf(event: LabEvent): string {
  switch (event.type) {
    case 'received':
      return `recv(), ${counted(event.bytes, 'byte')}, fd ${event.fd}`;
    case 'sent':
      return event.bytes < event.requested
        ? `send() took ${count(event.bytes)} of ${counted(event.requested, 'byte')}, fd ${event.fd}`
        : `send(), ${counted(event.bytes, 'byte')}, fd ${event.fd}`;
    case 'peerClosed':
      return `recv() → 0, FIN, fd ${event.fd}`;
    case 'shutdown':
      return `FIN, fd ${event.fd}`;
    case 'threadStarted':
    case 'threadEnded':
      return `thread ${event.tid}`;
    case 'handedOver':
    case 'closed':
    case 'listenerClosed':
      return `fd ${event.fd}`;
    case 'blocked':
      return event.timeoutMs === null ? '' : `at most ${count(event.timeoutMs)} ms`;
    case 'selected':
      return `after ${duration(event.micros)}`;
    default:
      return '';
  }
}
