import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ChildProgram } from '@sockscope/test-kit/child-program';
import { free, gatewayProcesses, pageOf } from './gateway-process.ts';

const processes = gatewayProcesses('start-test');
const { start } = processes;

beforeAll(() => processes.build(), 60_000);
afterEach(() => processes.endAll());
afterAll(() => processes.remove());

/** A process is ready after so long, unless the machine has much else to do: then everything takes longer. */
const READY_MS = 2000;

/** Waits until one that was just started is ready. What it returns makes a limit one of this machine, now. */
async function ready(server: ChildProgram): Promise<(limitMs: number) => number> {
  const startedAt = performance.now();
  await server.says('Sockscope is ready');
  const slowness = Math.max(1, (performance.now() - startedAt) / READY_MS);
  return (limitMs) => limitMs * slowness;
}

describe('the process', () => {
  it('says where everything is, and last that it is ready', async () => {
    const server = start(free);
    await server.says('Sockscope is ready');
    const lines = server.stdout.trimEnd().split('\n');
    for (const [index, name] of ['server1', 'server2', 'server3', 'server4'].entries())
      expect(lines[index]).toMatch(new RegExp(`^${name} listening on 127\\.0\\.0\\.1:[1-9]\\d*$`));
    expect(lines[4]).toMatch(/^page on http:\/\/127\.0\.0\.1:[1-9]\d*\/$/);
    expect(lines[5]).toMatch(/^Sockscope is ready.*http:\/\/127\.0\.0\.1:\d+\/.*Ctrl\+C ends it/);
    expect(lines).toHaveLength(6);
    const port = Number(lines[3]?.split(':')[1]);
    const client = connect({ port, host: '127.0.0.1' });
    client.end('ping');
    const [echo] = (await once(client, 'data')) as [Buffer];
    expect(echo.toString()).toBe('ping');
    expect((await fetch(`${pageOf(server)}healthz`)).status).toBe(200);
    server.child.kill('SIGTERM');
    expect((await server.exit).code).toBe(0);
    expect(server.stderr).toBe('');
  });

  it('puts IPv6 addresses in brackets', async () => {
    const server = start([...free, '--host', '::1', '--tcp-host', '::1']);
    await server.says('Sockscope is ready');
    expect(server.stdout).toMatch(/^server1 listening on \[::1\]:\d+$/m);
    expect((await fetch(`${pageOf(server)}healthz`)).status).toBe(200);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends within 3 s of %s, whoever is connected',
    async (signal) => {
      const server = start(free);
      const within = await ready(server);
      const ports = [...server.stdout.matchAll(/listening on \S+:(\d+)/g)].map(([, port]) => port);
      const clients = await Promise.all(
        [...ports, ...ports].map(async (port) => {
          const client = connect({ port: Number(port), host: '127.0.0.1' });
          client.on('error', () => undefined);
          await once(client, 'connect');
          return client;
        }),
      );
      const viewer = new WebSocket(`${pageOf(server).replace('http', 'ws')}ws/lab`);
      await once(viewer, 'message');
      const goodbye = once(viewer, 'close');
      const startedAt = performance.now();
      server.child.kill(signal);
      expect((await server.exit).code).toBe(0);
      expect(performance.now() - startedAt).toBeLessThan(within(3000));
      expect((await goodbye)[0]).toBe(1001);
      for (const client of clients) client.destroy();
    },
  );

  it('ends when its parent does, under npm', async () => {
    const command = `${[...processes.command, ...free].map((word) => `"${word}"`).join(' ')} & wait`;
    const shell = start([], { npm_lifecycle_event: 'start' }, command);
    const within = await ready(shell);
    // The output closes when the last process that holds it has ended.
    shell.child.kill('SIGKILL');
    const startedAt = performance.now();
    await shell.exit;
    expect(performance.now() - startedAt).toBeLessThan(within(4000));
  });

  it('goes on when nobody reads its output any more', async () => {
    const server = start([...free, '--log-level', 'info']);
    server.child.stdout?.destroy();
    await expect.poll(() => server.stderr, { timeout: 50_000 }).toContain('Server listening at');
    const [page] = /http:[^"]+/.exec(server.stderr) ?? [];
    expect((await fetch(`${page}/healthz`)).status).toBe(200);
    server.child.kill('SIGTERM');
    expect((await server.exit).code).toBe(0);
  });

  it('names the port that is in use, and leaves nothing running', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    for (const [args, line] of [
      [
        ['--port', '0', '--tcp-ports', `0,0,${port},0`],
        `sockscope: server3: port ${port} on 127.0.0.1 is in use (EADDRINUSE): ` +
          'end the program that holds it, or choose others with --tcp-ports\n',
      ],
      [
        ['--port', String(port), '--tcp-ports', '0,0,0,0'],
        `sockscope: page: port ${port} on 127.0.0.1 is in use (EADDRINUSE): ` +
          'end the program that holds it, or choose another with --port\n',
      ],
    ] as const) {
      const server = start([...args]);
      expect((await server.exit).code).toBe(1);
      expect(server.stderr).toBe(line);
      expect(server.stdout).not.toContain('ready');
    }
    await new Promise((resolve) => holder.close(resolve));
  });

  it.each([
    [['--nonsense'], 2, '--nonsense'],
    [['--port', 'x'], 2, '--port'],
    [[...free, '--host', '0.0.0.0'], 2, 'opens the page to other machines: add --lan'],
    [[...free, '--host', '::'], 2, 'opens the page to other machines: add --lan'],
    [[...free, '--tcp-host', '192.0.2.99'], 1, 'EADDRNOTAVAIL'],
  ])('refuses %j in one line', async (args, code, names) => {
    const server = start(args);
    expect((await server.exit).code).toBe(code);
    expect(server.stderr).toMatch(/^sockscope: .+\n$/);
    expect(server.stderr).toContain(names);
    expect(server.stdout).toBe('');
  });

  it('lists its options', async () => {
    const server = start(['--help']);
    expect((await server.exit).code).toBe(0);
    const options = server.stdout.match(/^ +(-h, )?--[a-z-]+/gm) ?? [];
    expect(options.map((option) => option.replace('-h,', '').trim())).toEqual([
      '--host',
      '--port',
      '--lan',
      '--tcp-host',
      '--tcp-ports',
      '--log-level',
      '--max-sessions',
      '--max-sockets-per-address',
      '--max-connections-per-address',
      '--help',
    ]);
    expect(server.stdout).toContain('SOCKSCOPE_PRESENTER_TOKEN');
  });

  it('warns when its servers can be reached from elsewhere', async () => {
    const server = start([...free, '--tcp-host', '0.0.0.0']);
    await server.says('Sockscope is ready');
    expect(server.stdout).toMatch(/^warning: 0\.0\.0\.0 .*reach/m);
  });
});
