/** The gateway as a process of its own, from a bundle as it is shipped. */

import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ChildProgram } from '@sockscope/test-kit/child-program';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { build, type InputOptions, type OutputOptions } from 'rolldown';
import { vi } from 'vitest';
import bundles from '../../cli/rolldown.config.ts';

export interface GatewayProcesses {
  /** The words that start it. */
  command: readonly string[];
  build(): Promise<void>;
  start: (args: readonly string[], env?: Record<string, string>, shell?: string) => ChildProgram;
  /** Ends all that were started, and what they started. */
  endAll(): void;
  /** Removes the bundle. */
  remove(): void;
}

/** As server 2 keeps them by itself. */
const SPARE_THREADS = 4;

/** Free ports for everything. */
export const free = ['--port', '0', '--tcp-ports', '0,0,0,0'];

/** The address of the page, once a process has said it. */
export function pageOf({ stdout }: ChildProgram): string {
  return /page on (\S+)/.exec(stdout)?.[1] ?? '';
}

/**
 * Resolves when it is ready and server 2's spare threads wait for their clients: while they start, the
 * process grows, whatever a test does to it.
 */
export async function settled(process: ChildProgram): Promise<void> {
  await process.says('Sockscope is ready');
  const wait = async (): Promise<void> => {
    const answer = await fetch(`${pageOf(process)}api/lab`);
    const { state } = (await answer.json()) as { state: LabState };
    const threads = Object.values(state.servers['server2']!.threads);
    const spare = threads.filter(({ call }) => call === 'parked').length;
    if (spare < SPARE_THREADS) throw new Error(`${spare} spare threads wait`);
  };
  await vi.waitFor(wait, { timeout: 30_000, interval: 100 });
}

/** The bundle goes into a folder of this name: dist/ may be in use. */
export function gatewayProcesses(name: string): GatewayProcesses {
  const folder = fileURLToPath(new URL(`../../cli/.cache/${name}/`, import.meta.url));
  const command = [process.execPath, `${folder}main.js`, 'start'];
  const programs: ChildProgram[] = [];

  return {
    command,
    async build() {
      const cwd = fileURLToPath(new URL('../../cli/', import.meta.url));
      for (const bundle of bundles as (InputOptions & { output: OutputOptions })[]) {
        const { output, ...input } = bundle;
        await build({ ...input, cwd, output: { ...output, dir: folder } });
      }
    },
    start(args, env = {}, shell) {
      const [file = '', ...rest] = shell ? ['/bin/sh', '-c', shell] : [...command, ...args];
      const program = new ChildProgram(file, rest, {
        env: { ...process.env, ...env },
        // With a process group of its own, what a shell started can be ended with it.
        detached: shell !== undefined,
      });
      programs.push(program);
      return program;
    },
    endAll() {
      for (const { child } of programs.splice(0)) {
        child.kill('SIGKILL');
        endGroup(child);
      }
    },
    remove() {
      rmSync(folder, { recursive: true });
    },
  };
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // There is no such group, or nothing is left of it.
  }
}
