/** One event as one calm sentence in the field's terms: a line of the log. */

import { endpoint } from '@sockscope/tcp-core/trace/addresses';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { describeWait } from './waiting.ts';
import { bytesSaid, count, counted, descriptors, duration, said } from './words.ts';

export type LogTone = 'plain' | 'good' | 'bad' | 'quiet';

export function describeEvent(event: LabEvent): string {
  switch (event.type) {
    case 'joined':
      return 'joined the lab';
    case 'starting':
      return 'starting';
    case 'listening':
      return `listen() on ${endpoint(event.address, event.port)}: fd ${event.fd}, backlog ${count(event.backlog)}`;
    case 'listenerClosed':
      return `close() on the listener, fd ${event.fd}: the kernel refuses newcomers now`;
    case 'stopped':
      return 'stopped: its sockets are closed';
    case 'crashed':
      return `crashed: ${said(event.error)}${event.restarting ? '; it restarts' : ''}`;
    case 'threadStarted':
      return `thread ${event.tid} started (${event.role})`;
    case 'threadEnded':
      return `thread ${event.tid} ended`;
    case 'blocked':
      return describeWait(event);
    case 'accepted':
      return `accept() → fd ${event.fd}, ${endpoint(event.address, event.port)}${event.reset ? ': reset while it waited' : ''}`;
    case 'identified':
      return event.client === 'browser' ? 'it is a browser client' : 'it is an external program';
    case 'handedOver':
      return `fd ${event.fd} given to a thread of its own`;
    case 'received':
      return `recv(fd ${event.fd}) → ${counted(event.bytes, 'byte')}: ${bytesSaid(event.preview)}`;
    case 'peerClosed':
      return `recv(fd ${event.fd}) → 0: FIN from the client`;
    case 'evaluating':
      return `calculates ${said(event.message)} …`;
    case 'evaluated':
      return `${said(event.message)} → ${said(event.reply)} (${duration(event.micros)})`;
    case 'sent':
      return event.bytes < event.requested
        ? `send(fd ${event.fd}) took ${count(event.bytes)} of ${counted(event.requested, 'byte')}`
        : `send(fd ${event.fd}) → ${counted(event.bytes, 'byte')}: ${bytesSaid(event.preview)}`;
    case 'refused':
      return event.sent > 0
        ? `turned away: ${said(event.reason)}`
        : `turned away; it was gone before this could be sent: ${said(event.reason)}`;
    case 'selected':
      return describeSelected(event);
    case 'shutdown':
      return `shutdown(fd ${event.fd}): FIN to the client`;
    case 'closed':
      return describeClosed(event);
    case 'summed':
      return describeSummed(event);
    case 'sampled':
      return describeSampled(event);
    case 'unobservable':
      return `the kernel’s sockets are not observable here: ${said(event.reason)}`;
    case 'connectFailed':
      return `connect() of a browser client failed: ${said(event.errno)}`;
  }
}

/** What kind of line it is: refusals and errors stand out, repeated waiting steps back. */
export function toneOf(event: LabEvent): LogTone {
  switch (event.type) {
    case 'refused':
    case 'crashed':
    case 'connectFailed':
      return 'bad';
    case 'evaluated':
      return event.error ? 'bad' : 'good';
    case 'closed':
      return event.how === 'rst' || event.how === 'timeout' ? 'bad' : 'plain';
    case 'blocked':
    case 'threadStarted':
    case 'threadEnded':
    case 'identified':
    case 'sampled':
    case 'starting':
      return 'quiet';
    default:
      return 'plain';
  }
}

/** The connection an event is about, or null. */
export function connectionOf(event: LabEvent): number | null {
  return 'connection' in event ? event.connection : null;
}

type Of<T extends LabEvent['type']> = Extract<LabEvent, { type: T }>;

function describeSelected(event: Of<'selected'>): string {
  const watched = new Set([...event.read, ...event.write]).size;
  const ready: string[] = [];
  if (event.readable.length > 0) ready.push(`${descriptors(event.readable)} readable`);
  if (event.writable.length > 0) ready.push(`${descriptors(event.writable)} writable`);
  if (ready.length === 0) return `select() returned: time is up, none of ${count(watched)} ready`;
  return `select() returned: ${ready.join(', ')} of ${count(watched)} watched`;
}

function describeClosed(event: Of<'closed'>): string {
  const what = {
    fin: 'the client closed first',
    rst: `reset, ${event.errno ?? 'ECONNRESET'}`,
    timeout: `no answer, ${event.errno ?? 'ETIMEDOUT'}`,
    local: 'the server closed first',
  }[event.how];
  const drained = event.drained > 0 ? `, ${count(event.drained)} more dropped` : '';
  return `close(fd ${event.fd}): ${what}; ${count(event.received)} bytes in${drained}, ${count(event.sent)} out`;
}

function describeSummed(event: Of<'summed'>): string {
  let calls = 0;
  let bytes = 0;
  let messages = 0;
  for (const sum of event.connections) {
    calls += sum.received.calls;
    bytes += sum.received.bytes;
    messages += sum.messages;
  }
  const answered = messages > 0 ? `, ${counted(messages, 'message')} answered` : '';
  return `recv() ×${count(calls)}, ${counted(bytes, 'byte')} from ${counted(event.connections.length, 'client')}${answered} in ${duration(event.micros)}, of which the thread slept ${duration(event.waited)}`;
}

function describeSampled({ acceptQueue, connections }: Of<'sampled'>): string {
  const queue = acceptQueue === null ? [] : [`accept queue ${count(acceptQueue)}`];
  const some = connections.length <= 2 ? connections : [];
  const sockets = some.map(
    ({ tcp, receive, send }) => `${tcp} recv-q ${count(receive)} send-q ${count(send)}`,
  );
  const more = some.length < connections.length ? [counted(connections.length, 'socket')] : [];
  return `kernel: ${[...queue, ...sockets, ...more].join(', ')}`;
}
