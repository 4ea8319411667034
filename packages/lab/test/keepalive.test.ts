/** A client that vanishes without FIN or RST: the kernel asks whether it is there (tcp(7), SO_KEEPALIVE). */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { TestLab } from './test-lab.ts';

const test = new TestLab();

/** The timer of a connection's socket on the server's side: its kind, and the seconds until it fires. */
function timerOf(serverPort: number, clientPort: number): { kind: string; seconds: number } {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  const line = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .find((each) => new RegExp(`:${hex(serverPort)} \\w+:${hex(clientPort)} `).test(each));
  const [, kind = '', ticks = ''] = / (\d\d):(\w{8}) /.exec(line ?? '') ?? [];
  return { kind, seconds: parseInt(ticks, 16) / 100 };
}

it.each(serverIds)('%s has an idle client asked after ten seconds of silence', async (server) => {
  const port = await test.start(server);
  const { client } = await test.accepted(port);
  // 02 is the keepalive timer (Documentation/networking/proc_net_tcp.rst).
  const { kind, seconds } = timerOf(port, client.port);
  expect(kind).toBe('02');
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(10.1);
});
