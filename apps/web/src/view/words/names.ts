/** What a client is called: the name that it was given, else a letter, in the order in which accept took them. */

import type {
  ConnectionState,
  QueuedSocket,
  ServerState,
} from '@sockscope/tcp-core/trace/lab-state';

/** 0 → "A", 25 → "Z", 26 → "AA". */
export function letters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

/** "A" is the first that accept took in its run; `run` is the server's state in that run. */
export function clientName(
  run: Pick<ServerState, 'firstConnection'>,
  { id, name }: Pick<ConnectionState, 'id' | 'name'>,
): string {
  return name ?? letters(Math.max(0, id - run.firstConnection));
}

/**
 * The number that accept will give to one in the queue: it is first in, first out. Null where nobody
 * saw the order in which it came.
 */
export function numberInQueue(
  { kernel, lastConnection }: Pick<ServerState, 'kernel' | 'lastConnection'>,
  socket: QueuedSocket,
): number | null {
  if (!kernel || kernel.unnamed > 0) return null;
  const place = kernel.waiting.indexOf(socket);
  const alone = kernel.waiting.filter(({ batch }) => batch === socket.batch).length === 1;
  return place >= 0 && alone ? lastConnection + 1 + place : null;
}
