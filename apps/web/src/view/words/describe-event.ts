/**
 * One event as one calm sentence in the field's terms: a line of the log. It says in plain words what happened
 * and by which call; the server is who does it, and a client is called by its name where it has one.
 */

import { endpoint } from '@sockscope/tcp-core/trace/addresses';
import { PREVIEW_BYTES, type LabEvent } from '@sockscope/tcp-core/trace/events';
import { describeWait, waitedFor } from './waiting.ts';
import { bytesSaid, count, counted, duration, said } from './words.ts';

export type LogTone = 'plain' | 'good' | 'bad' | 'quiet';

/** Who is meant by the numbers in an event. */
export interface Named {
  /** What the client that it is about is called; null where nobody can say: then it is its descriptor. */
  client: string | null;
  /** Whose a descriptor is: a client's name, "listener"; null where nobody can say. */
  descriptor: (fd: number) => string | null;
}

/** A sentence in two parts: "received 7/2\n" and how that was: "recv(), 4 bytes", or "". */
export interface EventWords {
  what: string;
  how: string;
}

const nobody: Named = { client: null, descriptor: () => null };

/** Descriptors that are listed; more are counted. */
const LISTED = 3;
/** So much of the characters that there are a number may take; a longer one is told by its digits. */
const NUMBER_PART = 2 / 3;

/** The whole sentence; what was said is cut after `most` characters. */
export function describeEvent(event: LabEvent, named: Named = nobody, most = 120): string {
  const { what, how } = eventWords(event, named, most);
  const by = named.client === null ? '' : `${named.client}: `;
  return `${by}${what}${how === '' ? '' : ` · ${how}`}`;
}

/** Its two parts, without who it is about; what was said is cut after `most` characters. */
export function eventWords(event: LabEvent, named: Named = nobody, most = 120): EventWords {
  const told = tell(event, named, most);
  return typeof told === 'string' ? { what: told, how: '' } : { what: told[0], how: told[1] };
}

function tell(event: LabEvent, named: Named, most: number): string | [what: string, how: string] {
  const text = (words: string): string => brief(said(words, PREVIEW_BYTES), most);
  const bytes = (preview: string): string => brief(bytesSaid(preview, PREVIEW_BYTES), most);
  /** "recv()", and whose descriptor that was if nothing else says it. */
  const call = (name: string): string =>
    named.client === null && 'fd' in event ? `${name}(fd ${event.fd})` : `${name}()`;
  switch (event.type) {
    case 'joined':
      return 'joined the lab';
    case 'starting':
      return 'starting';
    case 'listening':
      return [
        `listens on ${endpoint(event.address, event.port)}`,
        `listen(), fd ${event.fd}, backlog ${count(event.backlog)}`,
      ];
    case 'listenerClosed':
      return [
        'listens no more: the kernel refuses newcomers now',
        `close() of the listener, fd ${event.fd}`,
      ];
    case 'stopped':
      return 'stopped: its sockets are closed';
    case 'crashed':
      return `crashed: ${said(event.error)}${event.restarting ? '; it restarts' : ''}`;
    case 'threadStarted':
      return `thread ${event.tid} started (${event.role})`;
    case 'threadEnded':
      return `thread ${event.tid} ended`;
    case 'blocked':
      return describeWait(event, event.call === 'select' ? undefined : whose(event, named));
    case 'accepted':
      return [
        `accepted, from ${endpoint(event.address, event.port)}${event.reset ? ': reset while it waited' : ''}`,
        `accept() → fd ${event.fd}`,
      ];
    case 'identified': {
      const name = event.name === undefined ? '' : `, called ${said(event.name)}`;
      return event.client === 'browser'
        ? `it is a browser client${name}`
        : `it is an external program${name}`;
    }
    case 'handedOver':
      return `${named.client === null ? `fd ${event.fd} ` : ''}given to a thread of its own`;
    case 'received':
      return [
        `received ${bytes(event.preview)}`,
        `${call('recv')}, ${counted(event.bytes, 'byte')}`,
      ];
    case 'peerClosed':
      return ['FIN from the client', `${call('recv')} → 0`];
    case 'evaluating':
      return `calculates ${text(event.message)} …`;
    case 'evaluated':
      return [`${text(event.message)} → ${text(event.reply)}`, duration(event.micros)];
    case 'sent':
      return event.bytes < event.requested
        ? [
            `sent ${count(event.bytes)} of ${counted(event.requested, 'byte')}`,
            `${call('send')}: no more room in the send queue`,
          ]
        : [`sent ${bytes(event.preview)}`, `${call('send')}, ${counted(event.bytes, 'byte')}`];
    case 'refused':
      return event.sent > 0
        ? `turned away: ${said(event.reason)}`
        : `turned away; it was gone before this could be sent: ${said(event.reason)}`;
    case 'selected':
      return describeSelected(event, named);
    case 'shutdown':
      return ['FIN to the client', call('shutdown')];
    case 'closed':
      return describeClosed(event, call('close'));
    case 'summed':
      return describeSummed(event);
    case 'sampled':
      return describeSampled(event);
    case 'unobservable':
      return `the kernel’s sockets are not observable here: ${said(event.reason)}`;
    case 'connectFailed':
      return `a browser client could not connect: ${said(event.errno)}`;
  }
}

/**
 * Cut with "…" after `most` characters, but in or behind no number; and a long number is how many digits it has.
 * What fills a whole preview may go on behind it.
 */
function brief(text: string, most: number): string {
  const isWhole = text.length < PREVIEW_BYTES;
  const told = text.replaceAll(/\d{21,}/g, (digits, at: number) => {
    if (digits.length <= most * NUMBER_PART) return digits;
    const mayGoOn = !isWhole && at + digits.length >= PREVIEW_BYTES;
    return `(${digits.length}${mayGoOn ? '+' : ''} digits)`;
  });
  const characters = Array.from(told);
  if (characters.length <= most) return told;
  const isDigit = (at: number): boolean => /[\d.]/.test(characters[at] ?? '');
  let end = most - 1;
  while (end > 0 && isDigit(end - 1)) end -= 1;
  return `${characters.slice(0, end === 0 ? most - 1 : end).join('')}…`;
}

/** The descriptors of a wait, by the names of those whose they are. */
function whose(wait: Of<'blocked'>, named: Named): string {
  const fds = [...new Set([...wait.read, ...wait.write])];
  return fds.length > 0 && fds.length <= LISTED ? listed(fds, named) : waitedFor(wait);
}

/** "A, listener, fd 24": by name where there is one. */
function listed(fds: readonly number[], { descriptor }: Named): string {
  if (fds.length > LISTED) return `${count(fds.length)} descriptors`;
  return fds.map((fd) => descriptor(fd) ?? `fd ${fd}`).join(', ');
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

function describeSelected(event: Of<'selected'>, named: Named): string {
  const watched = new Set([...event.read, ...event.write]).size;
  const ready: string[] = [];
  if (event.readable.length > 0) ready.push(`${listed(event.readable, named)} readable`);
  if (event.writable.length > 0) ready.push(`${listed(event.writable, named)} writable`);
  if (ready.length === 0) return `select() returned: time is up, none of ${count(watched)} ready`;
  return `select() returned: ${ready.join(', ')} of ${count(watched)} watched`;
}

function describeClosed(event: Of<'closed'>, call: string): [string, string] {
  const what = {
    fin: 'the client closed first (FIN)',
    rst: `reset (RST), ${event.errno ?? 'ECONNRESET'}`,
    timeout: `no answer, ${event.errno ?? 'ETIMEDOUT'}`,
    local: 'the server closed first',
  }[event.how];
  const drained = event.drained > 0 ? `, ${count(event.drained)} more dropped` : '';
  const bytes = `${count(event.received)} bytes in${drained}, ${count(event.sent)} out`;
  return [`closed: ${what}`, `${call}, ${bytes}`];
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
