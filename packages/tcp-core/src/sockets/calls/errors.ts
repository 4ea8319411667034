/** Failed system calls as errors, by the name of their errno: no number is known above this folder. */

import { getSystemErrorMap } from 'node:util';
import { SocketError } from '../api.ts';
import { systemCalls } from './this-platform.ts';

/** What only a mistake in this program explains; all else is the network's, and ends one connection. */
export const OUR_FAULT: ReadonlySet<string> = new Set(['EBADF', 'EFAULT', 'EINVAL', 'ENOTSOCK']);

const meanings = new Map(getSystemErrorMap().values());

/** The error for a call that just failed in this thread. `what` says with which argument. */
export function lastError(syscall: string, what: string): SocketError {
  const name = systemCalls().errorName();
  const meaning = meanings.get(name);
  return new SocketError(syscall, name, meaning ? `${meaning} (${what})` : what);
}
