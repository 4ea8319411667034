/** The gateway as a process of its own, from a bundle as it is shipped. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type InputOptions, type OutputOptions } from 'rolldown';
import bundles from '../../cli/rolldown.config.ts';

export interface Started {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  /** Exit code. */
  ended: Promise<number | null>;
  /** Resolves when this stands in stdout. */
  says(text: string): Promise<void>;
}

export interface GatewayProcesses {
  /** The words that start it. */
  command: readonly string[];
  build(): Promise<void>;
  start: (args: readonly string[], env?: Record<string, string>, shell?: string) => Started;
  /** Ends all that were started, and what they started. */
  endAll(): void;
  /** Removes the bundle. */
  remove(): void;
}

/** Free ports for everything. */
export const free = ['--port', '0', '--tcp-ports', '0,0,0,0'];

/** The address of the page, once a process has said it. */
export function pageOf({ stdout }: Started): string {
  return /page on (\S+)/.exec(stdout())?.[1] ?? '';
}

/** The bundle goes into a folder of this name: dist/ may be in use. */
export function gatewayProcesses(name: string): GatewayProcesses {
  const folder = fileURLToPath(new URL(`../../cli/.cache/${name}/`, import.meta.url));
  const command = [process.execPath, `${folder}main.js`, 'start'];
  const children: ChildProcess[] = [];

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
      const child = spawn(file, rest, {
        env: { ...process.env, ...env },
        // With a process group of its own, what a shell started can be ended with it.
        detached: shell !== undefined,
      });
      children.push(child);
      return watched(child);
    },
    endAll() {
      for (const child of children.splice(0)) {
        child.kill('SIGKILL');
        endGroup(child);
      }
    },
    remove() {
      rmSync(folder, { recursive: true });
    },
  };
}

function watched(child: ChildProcess): Started {
  let [stdout, stderr] = ['', ''];
  const lookers: (() => void)[] = [];
  child.stdout?.on('data', (data) => {
    stdout += String(data);
    for (const look of lookers) look();
  });
  child.stderr?.on('data', (data) => (stderr += String(data)));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: once(child, 'close').then(([code]) => code as number | null),
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = () => stdout.includes(text) && resolve();
        lookers.push(look);
        child.once('close', () => reject(new Error(`ended without "${text}": ${stderr}`)));
        look();
      }),
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
