/** Which platform's system calls are made here. */

import { linuxCalls } from './linux.ts';
import type { SystemCalls } from './system-calls.ts';

let table: SystemCalls | undefined;

/** Why the servers cannot run on this machine, in a sentence; null where they can. */
export function unsupportedPlatform(): string | null {
  const { platform, arch } = process;
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return null;
  return `Sockscope's servers make Linux system calls (x64 or arm64) for now, and this is ${platform} ${arch}: run them in a Linux virtual machine, a container or WSL 2.`;
}

/** The system calls of this machine. Throws an Error with unsupportedPlatform()'s sentence. */
export function systemCalls(): SystemCalls {
  return (table ??= choose());
}

function choose(): SystemCalls {
  const unsupported = unsupportedPlatform();
  if (unsupported !== null) throw new Error(unsupported);
  return linuxCalls();
}
