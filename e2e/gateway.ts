/** A real gateway in a process of its own. */

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Lines } from './lines.ts';

/** The program of `npm start`, and its first argument. */
export const gatewayProgram: readonly string[] = [
  fileURLToPath(new URL('../apps/cli/dist/main.js', import.meta.url)),
  'start',
];

export type ServerName = 'server1' | 'server2' | 'server3' | 'server4';

export interface Gateway {
  /** Where the page is. */
  url: string;
  /** The TCP port of each server. */
  ports: Record<ServerName, number> & Record<string, number>;
  /** Sends SIGTERM. Resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface Ports {
  page: number;
  tcp: readonly [number, number, number, number];
}

const anyPorts: Ports = { page: 0, tcp: [0, 0, 0, 0] };

/** Ports that are free, and that the kernel gives to nobody by itself: they can be had again (ip(7)). */
export async function portsToKeep(): Promise<Ports> {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/);
  const lowest = 20_000;
  const free = new Set<number>();
  while (free.size < 5) {
    const port = randomInt(lowest, Math.max(Number(range[0]), lowest + 10_000));
    if (await isFree(port)) free.add(port);
  }
  const [page = 0, one = 0, two = 0, three = 0, four = 0] = free;
  return { page, tcp: [one, two, three, four] };
}

async function isFree(port: number): Promise<boolean> {
  const holder = createServer();
  try {
    holder.listen(port, '127.0.0.1');
    await once(holder, 'listening');
  } catch {
    return false;
  }
  await once(holder.close(), 'close');
  return true;
}

/** Starts one and waits until it is ready. 0 lets the kernel pick a port. */
export async function startGateway(
  { page, tcp }: Ports = anyPorts,
  program = gatewayProgram,
): Promise<Gateway> {
  const child = spawn(
    process.execPath,
    [...program, '--port', String(page), '--tcp-ports', tcp.join(',')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      // It ends with the test runner, whatever becomes of that.
      env: { ...process.env, npm_lifecycle_event: 'start' },
    },
  );
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const lines = new Lines(child.stdout);
  await lines.find(/^Sockscope is ready/);

  const listening = lines.all.flatMap((line) => {
    const [, server, port] = /^(\S+) listening on .+:(\d+)$/.exec(line) ?? [];
    return server === undefined ? [] : [[server, Number(port)]];
  });
  return {
    url: lines.seen(/(http:\/\/[^\s/]+)/)[1] ?? '',
    ports: Object.fromEntries(listening) as Gateway['ports'],
    async stop() {
      child.kill('SIGTERM');
      return (await ended)[0];
    },
  };
}

/** Restarts a server with other settings, as the page's controls do. */
export async function changeServer(
  { url }: Gateway,
  server: ServerName,
  changes: { policy?: 'busy' | 'refuse' | 'queue'; slowMs?: number },
): Promise<void> {
  const { ok, status } = await fetch(`${url}/api/servers/${server}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(changes),
  });
  if (!ok) throw new Error(`PATCH ${server}: ${status}`);
}
