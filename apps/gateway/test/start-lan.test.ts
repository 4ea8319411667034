import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { reachableAddresses } from '../src/addresses.ts';
import type { ChildProgram } from '@sockscope/test-kit/child-program';
import { free, gatewayProcesses } from './gateway-process.ts';

const processes = gatewayProcesses('start-lan-test');
const { start } = processes;

beforeAll(() => processes.build(), 60_000);
afterEach(() => processes.endAll());
afterAll(() => processes.remove());

interface Presenter {
  origin: string;
  token: string;
}

function presenterOf({ stdout }: ChildProgram): Presenter {
  const [, origin = '', token = ''] =
    /^presenter: (http:\/\/[^/]+)\/#token=([\w-]+) /m.exec(stdout) ?? [];
  return { origin, token };
}

describe('--lan', () => {
  it('says where the page is, what that opens, and once how to control it', async () => {
    const server = start([...free, '--lan']);
    await server.says('Sockscope is ready');
    const { origin, token } = presenterOf(server);
    expect(token).toMatch(/^[\w-]{32}$/);
    // On this machine the token crosses no network.
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(server.stdout.split(token)).toHaveLength(2);
    const [, port] = /:(\d+)$/.exec(origin) ?? [];
    for (const address of reachableAddresses('0.0.0.0'))
      expect(server.stdout).toContain(`page on http://${address}:${port}/\n`);
    expect(server.stdout).toMatch(/^warning: --lan: whoever reaches this machine .*watch/m);
    expect(server.stdout).not.toMatch(/^warning: .*use the four servers/m);
    expect(server.stderr).toBe('');
  });

  it('makes another token at each start, or takes the one that it is given', async () => {
    const servers = [start([...free, '--lan']), start([...free, '--lan'])];
    const given = start([...free, '--lan'], {
      SOCKSCOPE_PRESENTER_TOKEN: 'mine-0123456789-0123456789',
    });
    await Promise.all([...servers, given].map((each) => each.says('Sockscope is ready')));
    const tokens = servers.map((each) => presenterOf(each).token);
    expect(new Set(tokens).size).toBe(2);
    expect(presenterOf(given).token).toBe('mine-0123456789-0123456789');
  });

  it('takes no token that can be guessed', async () => {
    const server = start([...free, '--lan'], { SOCKSCOPE_PRESENTER_TOKEN: 'secret' });
    expect((await server.exit).code).toBe(2);
    expect(server.stderr).toMatch(/^sockscope: SOCKSCOPE_PRESENTER_TOKEN must be 22 .+\n$/);
    expect(server.stderr).not.toContain('secret');
  });

  it('leaves the four servers on this machine', async () => {
    const server = start([...free, '--lan']);
    await server.says('Sockscope is ready');
    const ports = [...server.stdout.matchAll(/^server\d listening on 127\.0\.0\.1:(\d+)$/gm)];
    expect(ports).toHaveLength(4);
    const [address] = reachableAddresses('0.0.0.0');
    if (address === undefined) return;
    for (const [, port] of ports) {
      const socket = connect({ host: address, port: Number(port) });
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNREFUSED');
    }
  });

  it('has the token, the cookie and what was tried in no log', async () => {
    const server = start([...free, '--lan', '--log-level', 'debug']);
    await server.says('Sockscope is ready');
    const { origin, token } = presenterOf(server);
    const show = (shown: string) =>
      fetch(`${origin}/api/presenter`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: shown }),
      });
    expect((await show('a-wrong-token')).status).toBe(403);
    expect((await show(`${token}${'a-long-token'.repeat(20)}`)).status).toBe(400);
    const cookie = (await show(token)).headers.get('set-cookie')?.split(';')[0] ?? '';
    const stop = `${origin}/api/servers/server4/stop`;
    expect((await fetch(stop, { method: 'POST' })).status).toBe(403);
    expect((await fetch(stop, { method: 'POST', headers: { cookie } })).status).toBe(200);
    server.child.kill('SIGTERM');
    expect((await server.exit).code).toBe(0);
    expect(server.stderr).toContain('/api/presenter');
    for (const secret of [token, cookie.split('=')[1] ?? '-', 'a-wrong-token', 'a-long-token'])
      expect(server.stderr).not.toContain(secret);
  });
});
