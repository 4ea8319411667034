/**
 * The gateway in a process of its own, as `npm start` runs it, for bridge.bench.mjs: its parent asks
 * over IPC for its memory, its pages, and the delay of its event loop since the last time it asked.
 * With a port as its argument, server 4 is not ours but whatever listens there.
 */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Lab } from '@sockscope/lab/lab';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { pino } from 'pino';
import { buildApp } from '../src/app.ts';

const MAX_SESSIONS = 1000;

const lab = new Lab();
const app = await buildApp({
  lab,
  webRoot: '/nowhere',
  options: { maxSessions: MAX_SESSIONS },
  logger: pino({ level: 'silent' }),
});
const target = Number(process.argv[2] ?? 0);
const servers = serverIds.filter((server) => !(target && server === 'server4'));
const ports = await Promise.all(
  servers.map(async (server) => [server, (await lab.start(server)).port]),
);
if (target)
  Object.assign(lab.state.servers.server4!, {
    status: 'listening',
    address: '127.0.0.1',
    port: target,
  });
await app.listen({ host: '127.0.0.1', port: 0 });

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('message', () => {
  (globalThis as { gc?: () => void }).gc?.();
  process.send?.({
    rss: process.memoryUsage.rss(),
    p99: delay.percentile(99) / 1e6,
    pages: app.websocketServer.clients.size,
  });
  delay.reset();
});
process.send?.({
  port: (app.server.address() as AddressInfo).port,
  maxSessions: MAX_SESSIONS,
  servers: Object.fromEntries(ports) as Record<string, number>,
});
await once(process, 'disconnect');
process.exit();
