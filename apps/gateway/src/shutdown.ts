/** Ends the process in good order, whoever asks for it, and in bounded time. */

import { exitProcess } from '@sockscope/lab/exit-process';

/** If the end takes longer, it is forced: hundreds of threads take the kernel most of a second more. */
const END_WITHIN_MS = 1300;
const PARENT_LOOK_MS = 500;

/**
 * Calls `end` once, on the first SIGINT, SIGTERM or SIGHUP, and exits with 0 when it is done; a
 * second signal exits at once. With `watchParent` the end of the parent process counts as a signal:
 * npm puts a shell between itself and this process, and a SIGTERM to npm ends only that shell.
 */
export function endOnSignal(end: () => Promise<void>, watchParent: boolean): void {
  let ending = false;
  const onSignal = (): void => {
    if (ending) exitProcess(0);
    ending = true;
    setTimeout(() => exitProcess(0), END_WITHIN_MS).unref();
    void end().finally(() => exitProcess(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

  if (!watchParent) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onSignal();
  }, PARENT_LOOK_MS).unref();
}
