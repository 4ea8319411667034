/** How the page says that a thread or a client waits: the same words wherever it is said. */

import type { BlockingCall, SleepingCall } from '@sockscope/tcp-core/trace/events';
import type {
  ConnectionState,
  ServerState,
  ThreadState,
} from '@sockscope/tcp-core/trace/lab-state';
import { count, counted, descriptors, seconds } from './words.ts';

/** Written beside the name of a call. */
export const BLOCKED_IN = 'blocked in';

/** A client that the kernel has connected and no accept has taken, and the same where it is narrow. */
export const inAcceptQueue = {
  note: 'waits in the accept queue',
  others: 'wait in the accept queue',
  brief: 'in the accept queue',
} as const;

/** Waiting that is no call of a socket; for all else null. */
function waitingFor(call: BlockingCall): string | null {
  if (call === 'handoff') return 'waiting for a free thread';
  return call === 'parked' ? 'waiting for a client' : null;
}

/** Whether it waits in a call of a socket. */
export function isSocketCall(call: BlockingCall): boolean {
  return waitingFor(call) === null;
}

/** The call, where it is plain that the thread is blocked: "recv()", "waiting for a client". */
export function callWords(call: BlockingCall): string {
  return waitingFor(call) ?? `${call}()`;
}

/** A call in which a thread is blocked, and the function in which it sleeps for that. */
export interface Sleep {
  call: BlockingCall;
  in: SleepingCall;
}

/** What a thread sleeps in; null while it works. */
export function sleepOf(thread: {
  call: BlockingCall | null;
  in: SleepingCall | null;
}): Sleep | null {
  const { call, in: sleepsIn } = thread;
  return call === null || sleepsIn === null ? null : { call, in: sleepsIn };
}

/** "via poll()" where the thread sleeps in another function than the call that it is blocked in; else "". */
export function viaWords(sleep: Sleep): string {
  return isSocketCall(sleep.call) && sleep.in !== sleep.call ? `via ${sleep.in}()` : '';
}

/** What the thread does: "blocked in recv()", "blocked in accept() via poll()", "waiting for a client". */
export function blockedWords(sleep: Sleep): string {
  return waitingFor(sleep.call) ?? joined(`${BLOCKED_IN} ${sleep.call}()`, viaWords(sleep));
}

function joined(...words: string[]): string {
  return words.filter((word) => word !== '').join(' ');
}

interface Wait extends Sleep {
  read: readonly number[];
  write: readonly number[];
  timeoutMs: number | null;
}

/** The descriptors of a wait: "fd 24", of select "6 descriptors". */
export function waitedFor({ call, read, write }: Omit<Wait, 'in' | 'timeoutMs'>): string {
  const fds = [...new Set([...read, ...write])];
  return call === 'select' ? counted(fds.length, 'descriptor') : descriptors(fds);
}

/** The wait in one sentence; `on` says for whom. */
export function describeWait(wait: Wait, on = waitedFor(wait)): string {
  const { call, timeoutMs } = wait;
  if (!isSocketCall(call)) return blockedWords(wait);
  if (call === 'close')
    return `${blockedWords(wait)}: drops what still arrives until the client’s FIN`;
  const most = timeoutMs === null ? '' : `, at most ${count(timeoutMs)} ms`;
  return `${blockedWords(wait)} on ${on}${most}`;
}

/**
 * What a server makes a client wait for, and since when (microseconds): until accept takes it out of the
 * queue, until a recv takes its bytes, until it gets a thread.
 */
export interface ClientWait {
  for: 'accept' | 'recv' | 'thread';
  since: number;
}

/** What an open connection waits for; null while it has asked for nothing, or is being served. */
export function waitOf(server: ServerState, connection: ConnectionState): ClientWait | null {
  const threads = Object.values(server.threads);
  if (server.design.pool && !threads.some((thread) => thread.connection === connection.id)) {
    const waits = threads.some(({ call }) => call === 'handoff');
    if (waits) return { for: 'thread', since: connection.openedAt };
  }
  const returned = returnedAt(threads, connection.fd);
  const since = Math.min(connection.unreadSince ?? Infinity, returned ?? Infinity);
  return since === Infinity ? null : { for: 'recv', since };
}

/** When select returned the descriptor to a thread that has not come to it yet; null if none did. */
function returnedAt(threads: readonly ThreadState[], fd: number): number | null {
  const thread = threads.find(
    ({ call, lastSelect }) =>
      call === null &&
      lastSelect !== null &&
      lastSelect.readable.includes(fd) &&
      !lastSelect.served.includes(fd),
  );
  return thread?.lastSelect?.t ?? null;
}

/** "waits 3.4 s", "waits 75 s": tenths while they matter. */
export function waitWords(wait: Pick<ClientWait, 'since'>, now: number): string {
  return `waits ${seconds(now - wait.since)}`;
}

/** How many wait for accept, and the longest of them: "3 wait in the accept queue, longest 6.0 s"; null if nobody does. Where it is plain, `where` is left empty. */
export function queueWords(
  { kernel }: ServerState,
  now: number,
  where = ' in the accept queue',
): string | null {
  const depth = kernel?.acceptQueue ?? 0;
  if (!kernel || depth === 0) return null;
  const since = Math.min(...kernel.waiting.map((each) => each.since));
  const longest = since === Infinity ? '' : `, longest ${seconds(now - since)}`;
  return `${count(depth)} ${depth === 1 ? 'waits' : 'wait'}${where}${longest}`;
}

/** Somebody waits for this server, or for what it calculates: what is shown of it grows older by itself. */
export function isWaitedFor({ kernel, threads, connections }: ServerState): boolean {
  return (
    (kernel?.acceptQueue ?? 0) > 0 ||
    Object.values(threads).some(
      ({ call, last }) => last?.type === 'evaluating' || call === 'handoff',
    ) ||
    Object.values(connections).some(({ unreadSince }) => unreadSince !== null)
  );
}
