/**
 * The gateway in a process of its own, as `npm start` runs it, for stream.bench.mjs. Its parent tells
 * it over IPC how many events a second to record; each carries the time at which it happened, in
 * nanoseconds of the machine's monotonic clock, as its `session`.
 */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Lab } from '@sockscope/lab/lab';
import { pino } from 'pino';
import { buildApp } from '../src/app.ts';

const TICK_MS = 5;

const lab = new Lab();
const logger = pino({ level: 'silent' });
const app = await buildApp({ lab, webRoot: '/nowhere', options: { maxSessions: 10 }, logger });
const [server3, server4] = await Promise.all([lab.start('server3'), lab.start('server4')]);
await app.listen({ host: '127.0.0.1', port: 0 });

let rate = 0;
let due = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  due += (rate * (now - last)) / 1000;
  last = now;
  for (; due >= 1; due -= 1)
    lab.record('server1', {
      type: 'connectFailed',
      session: String(process.hrtime.bigint()),
      errno: 'ECONNREFUSED',
    });
}, TICK_MS);
process.on('message', (eventsPerSecond: number) => {
  rate = eventsPerSecond;
});
process.send?.({
  page: (app.server.address() as AddressInfo).port,
  server3: server3.port,
  server4: server4.port,
});
await once(process, 'disconnect');
process.exit();
