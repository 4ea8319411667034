/** What the only thread of a select server does, in the words of its program: its phase of the loop. */

import {
  connectionNumbered,
  type ServerState,
  type ThreadState,
} from '@sockscope/tcp-core/trace/lab-state';
import { connectionIdentity, type Identity } from '../../identity.ts';
import { clientName } from '../../words/names.ts';
import { BLOCKED_IN, callWords, sleepOf, viaWords } from '../../words/waiting.ts';
import { bytesSaid, count, counted, said } from '../../words/words.ts';

export const phases = ['select', 'accept', 'recv', 'calculate', 'send', 'close'] as const;
export type Phase = (typeof phases)[number];

/** `turns`: whole turns that were counted, not listed. `none`: it is not in its loop yet. */
type LoopPhase = Phase | 'turns' | 'none';

/** What the thread does, in the words of its program. */
export interface ThreadDoing {
  phase: LoopPhase;
  blocked: boolean;
  /** The call: "select()", or "calculating". */
  call: string;
  /** It is written in the mono font: a real call. */
  isCall: boolean;
  /** The connection that it is about. */
  fd: number | null;
  identity: Identity | null;
  /** What its client is called; "" without one. */
  name: string;
  /** What it waits for, what it got, what it gave. */
  detail: string;
  /** The same in fewer words. */
  brief: string;
  /** Everything in words. */
  words: string;
}

/** The thread's place in its loop, from the log alone. */
export function describeLoop(server: ServerState, thread: ThreadState | null): ThreadDoing {
  const doing = doingOf(server, thread);
  const about = doing.fd === null ? '' : ` for ${doing.name} (fd ${doing.fd})`;
  const detail = doing.detail === '' ? '' : `, ${doing.detail}`;
  return {
    brief: doing.detail,
    ...doing,
    words: `${doing.blocked ? `${BLOCKED_IN} ` : ''}${doing.call}${about}${detail}`,
  };
}

function doingOf(
  server: ServerState,
  thread: ThreadState | null,
): Omit<ThreadDoing, 'words' | 'brief'> & { brief?: string } {
  const idle = {
    phase: 'none' as const,
    blocked: false,
    isCall: false,
    fd: null,
    identity: null,
    name: '',
  };
  if (!thread) {
    return { ...idle, call: 'no thread', detail: server.error ?? `the server is ${server.status}` };
  }
  if (thread.call !== null) {
    const watched = new Set([...thread.read, ...thread.write]).size;
    const most = thread.timeoutMs === null ? '' : `, at most ${count(thread.timeoutMs)} ms`;
    const sleep = sleepOf(thread);
    const via = sleep ? viaWords(sleep) : '';
    const on = `${via === '' ? '' : `${via}, `}${counted(watched, 'descriptor')}`;
    return {
      ...idle,
      phase: phases.find((name) => name === thread.call) ?? 'none',
      blocked: true,
      call: callWords(thread.call),
      isCall: true,
      detail: `${on}${most}`,
      brief: on,
    };
  }
  const last = thread.last;
  const id = last?.connection ?? null;
  const connection = id === null ? undefined : connectionNumbered(server, id);
  const about = {
    blocked: false,
    isCall: true,
    fd: connection?.fd ?? null,
    identity: connection ? connectionIdentity(server.id, connection.id) : null,
    name: connection ? clientName(server, connection) : '',
  };
  switch (last?.type) {
    case 'selected': {
      const { readable = [], writable = [] } = thread.lastSelect ?? {};
      const ready = new Set([...readable, ...writable]).size;
      const detail = ready === 0 ? 'returned: time is up' : `returned ${count(ready)} ready`;
      return { ...about, phase: 'select', call: 'select()', detail };
    }
    case 'accepted':
      return { ...about, phase: 'accept', call: 'accept()', detail: 'a new connection' };
    case 'refused': {
      // A select server turns away only whom it has no descriptor for, inside accept.
      const detail = said(connection?.refused ?? 'turned away', 60);
      return { ...about, phase: 'accept', call: 'accept()', detail };
    }
    case 'received': {
      const detail = quoted(connection?.lastReceived);
      return { ...about, phase: 'recv', call: 'recv()', detail };
    }
    case 'peerClosed':
      return { ...about, phase: 'recv', call: 'recv()', detail: '0 bytes: FIN' };
    case 'evaluating':
      return {
        ...about,
        phase: 'calculate',
        call: 'calculating',
        isCall: false,
        detail: said(thread.last?.message ?? ''),
      };
    case 'evaluated': {
      const exchange = connection?.exchanges.at(-1);
      const detail = exchange ? `${said(exchange.message)} → ${said(exchange.reply)}` : '';
      return { ...about, phase: 'calculate', call: 'calculated', isCall: false, detail };
    }
    case 'sent':
      return { ...about, phase: 'send', call: 'send()', detail: quoted(connection?.lastSent) };
    case 'shutdown':
      return { ...about, phase: 'close', call: 'shutdown()', detail: 'FIN sent' };
    case 'closed':
      return { ...about, phase: 'close', call: 'close()', detail: '' };
    case 'listenerClosed':
      return { ...about, phase: 'close', call: 'close()', detail: 'the listener' };
    case 'summed':
      return {
        ...idle,
        phase: 'turns',
        call: 'whole turns',
        detail: 'too many to list: counted',
      };
    default:
      return { ...idle, call: 'starting', detail: '' };
  }
}

function quoted(bytes: string | undefined): string {
  return bytes === undefined || bytes === '' ? '' : bytesSaid(bytes, 60);
}
