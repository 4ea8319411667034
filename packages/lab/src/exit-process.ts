/** The end of a process that had many threads. */

import { systemCalls, unsupportedPlatform } from '@sockscope/tcp-core/sockets/calls/this-platform';

/**
 * Ends this process at once, as process.exit does, its exit handlers included, but without the ten
 * milliseconds that Node takes to tear down each thread: the kernel does that (_exit(2)).
 */
export function exitProcess(code: number): void {
  if (unsupportedPlatform() !== null) process.exit(code);
  process.exitCode = code;
  process.emit('exit', code);
  systemCalls().exit(code);
}
