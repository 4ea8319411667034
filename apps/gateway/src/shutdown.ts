/** Ends the process in good order, whoever asks for it, and in bounded time. */

import { exitProcess } from '@sockscope/lab/exit-process';

/** If the end takes longer, it is forced: hundreds of threads take the kernel most of a second more. */
const END_WITHIN_MS = 1300;

/**
 * Calls `end` once, on the first SIGINT, SIGTERM or SIGHUP, and exits with 0 when it is done; a
 * second signal exits at once.
 */
export function endOnSignal(end: () => Promise<void>): void {
  let ending = false;
  const onSignal = (): void => {
    if (ending) exitProcess(0);
    ending = true;
    setTimeout(() => exitProcess(0), END_WITHIN_MS).unref();
    void end().finally(() => exitProcess(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}
