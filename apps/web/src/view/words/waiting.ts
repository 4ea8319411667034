/** How the page says that a thread or a client waits: the same words wherever it is said. */

import type { BlockingCall } from '@sockscope/tcp-core/trace/events';
import { count, counted, descriptors } from './words.ts';

/** Written beside the name of a call. */
export const BLOCKED_IN = 'blocked in';

/** A client that the kernel has connected and no accept has taken, and the same where it is narrow. */
export const inAcceptQueue = {
  note: 'waits in the accept queue',
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

/** What the thread does: "blocked in recv()", "waiting for a client". */
export function blockedWords(call: BlockingCall): string {
  return waitingFor(call) ?? `${BLOCKED_IN} ${call}()`;
}

interface Wait {
  call: BlockingCall;
  read: readonly number[];
  write: readonly number[];
  timeoutMs: number | null;
}

/** The descriptors of a wait: "fd 24", of select "6 descriptors". */
export function waitedFor({ call, read, write }: Omit<Wait, 'timeoutMs'>): string {
  const fds = [...new Set([...read, ...write])];
  return call === 'select' ? counted(fds.length, 'descriptor') : descriptors(fds);
}

/** The wait in one sentence. */
export function describeWait(wait: Wait): string {
  const { call, timeoutMs } = wait;
  if (!isSocketCall(call)) return blockedWords(call);
  if (call === 'close') return 'closing: drops what still arrives until the client’s FIN';
  const most = timeoutMs === null ? '' : `, at most ${count(timeoutMs)} ms`;
  return `${blockedWords(call)} on ${waitedFor(wait)}${most}`;
}
