/** The five programs as a student starts them. */

import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { has } from '../../../scripts/test-programs.mjs';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { ChildProgram } from '@sockscope/test-kit/child-program';
import { TcpClient } from '@sockscope/test-kit/tcp-client';

const running: ChildProgram[] = [];
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
});

function run(program: string, args: string[], before?: string): ChildProgram {
  const child = ChildProgram.sockscope(program, args, before);
  running.push(child);
  return child;
}

async function startServer(program: string, args: string[] = [], before?: string) {
  const server = run(program, ['127.0.0.1', '0', ...args], before);
  const [, port] = await server.prints(/listening on 127\.0\.0\.1:(\d+)\n/);
  return { server, port: Number(port) };
}

/** Runs a program on a terminal, reads its first line, says its process id, and reads no more. */
const STOPPED_TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
print(pid, os.read(terminal, 1024).decode(), flush=True)
print("exit", os.waitpid(pid, 0)[1], flush=True)
`;

/** What the process has in memory, in MiB. */
function residentMiB({ child }: ChildProgram): number {
  const status = readFileSync(`/proc/${child.pid ?? ''}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

describe.each(serverIds)('%s', (program) => {
  it('prints a usage line and exits 2 on wrong arguments', async () => {
    // One way in for all four: the first is asked about everything.
    const wrong = [
      ['127.0.0.1'],
      [],
      ['127.0.0.1', 'http'],
      ['127.0.0.1', '70000'],
      ['127.0.0.1', '1', '2'],
      ['127.0.0.1', '0', '--no-such'],
    ];
    for (const args of program === 'server1' ? wrong : wrong.slice(0, 1)) {
      const child = run(program, args);
      expect((await child.exit).code).toBe(2);
      expect(child.stderr).toContain(`usage: ${program} <ip> <port>`);
      expect(child.stdout).toBe('');
    }
  });

  it('exits 1 with the name of the error when it cannot listen', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const busy = run(program, ['127.0.0.1', String((taken.address() as AddressInfo).port)]);
    expect((await busy.exit).code).toBe(1);
    expect(busy.stderr).toMatch(/^.*EADDRINUSE.*\n$/);
    taken.close();
    const elsewhere = run(program, ['192.0.2.1', '0']);
    expect((await elsewhere.exit).code).toBe(1);
    expect(elsewhere.stderr).toMatch(/^.*EADDRNOTAVAIL.*\n$/);
  });

  it('prints a line per connect, message, reply and disconnect, with the real descriptor', async () => {
    const { server, port } = await startServer(program);
    const client = await TcpClient.connect(port);
    client.send('22 + 44\n');
    await client.line();
    client.finish();
    await client.rest();
    await server.prints(/disconnected\n/);
    const reply = program === 'server4' ? '22 + 44' : '66';
    expect(server.stdout.replace(/(socket(?: number)?) \d+/g, '$1 FD')).toBe(
      [
        `${program} listening on 127.0.0.1:${port}`,
        'Connected with client socket number FD',
        'Client socket FD sent message: 22 + 44',
        `Sending reply: ${reply}`,
        'Client socket FD disconnected',
        '',
      ].join('\n'),
    );
  });

  it('escapes control characters before it prints them', async () => {
    const { server, port } = await startServer(program);
    const client = await TcpClient.connect(port);
    client.send('\x1b[2J\x07\n');
    await client.line();
    const [line] = await server.prints(/sent message: .*\n/);
    expect(line).toBe('sent message: \\x1b[2J\\x07\n');
    client.close();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'exits 0 on %s with clients connected',
    async (signal) => {
      const { server, port } = await startServer(program);
      const clients = await Promise.all(Array.from({ length: 8 }, () => TcpClient.connect(port)));
      await server.prints(/Connected/);
      server.child.kill(signal);
      expect(await server.exit).toEqual({ code: 0, signal: null });
      for (const client of clients) client.close();
    },
  );
});

describe.each(serverIds)('%s, whose lines nobody reads', (program) => {
  /** Server 4 prints a line for each recv and send: one message at a time, each is one of both. */
  const [batch, reply, messages] =
    program === 'server4' ? [1, '6*7\n'.length, 15_000] : [500, '42\n'.length, 50_000];

  /** Sends sums of which far more lines are due than a pipe and the server's own queue hold. */
  async function rush(port: number, total: number): Promise<void> {
    const client = await TcpClient.connect(port);
    for (let sent = 0; sent < total; sent += batch) {
      client.send('6*7\n'.repeat(batch));
      await client.take(reply * batch);
    }
    client.close();
  }

  it('goes on, keeps a bounded number of them, and ends on SIGTERM', async () => {
    const { server, port } = await startServer(program);
    server.child.stdout?.pause();
    await rush(port, messages); // what a warm program has
    const before = residentMiB(server);
    await rush(port, messages);
    expect(residentMiB(server) - before).toBeLessThan(120);
    const stopped = performance.now();
    server.child.kill('SIGTERM');
    expect(await once(server.child, 'exit')).toEqual([0, null]);
    expect(performance.now() - stopped).toBeLessThan(2000);
  });

  it('says how many it did not print when they are read again', async () => {
    const { server, port } = await startServer(program);
    server.child.stdout?.pause();
    await rush(port, messages);
    server.child.stdout?.resume();
    // Each line was printed or is counted by one that says how many were not.
    const due = 1 + 2 * (1 + messages); // its address; the rush, with what it says first and last
    await server.until((stdout) => counted(stdout) === due, `${due} lines, printed or counted`);
    expect(server.stdout).toMatch(/\n… \d+ lines were not printed\n/);
    const last = await TcpClient.connect(port);
    last.send('22 + 44\n');
    await last.take(2);
    last.close();
    await server.prints(/sent message: 22 \+ 44\n[^]*disconnected.*\n$/);
    expect(counted(server.stdout)).toBe(due + 4);
  });
});

/** The lines that were printed, and those of which it is said that they were not. */
function counted(stdout: string): number {
  const lines = stdout.slice(0, stdout.lastIndexOf('\n')).split('\n');
  const told = lines.map((line) => Number(/^… (\d+) lines/.exec(line)?.[1] ?? 1));
  return told.reduce((sum, count) => sum + count, 0);
}

it.runIf(has('python3'))('a server on a terminal that was stopped ends on SIGTERM', async () => {
  const words = ChildProgram.commandOf('server3', ['127.0.0.1', '0']);
  const server = new ChildProgram('python3', ['-c', STOPPED_TERMINAL, ...words]);
  running.push(server);
  const [, pid, port] = await server.prints(/(\d+) .*127\.0\.0\.1:(\d+)/);
  const client = await TcpClient.connect(Number(port));
  for (let i = 0; i < 50; i++) {
    client.send('6*7\n'.repeat(500));
    await client.take(3 * 500);
  }
  const stopped = performance.now();
  process.kill(Number(pid), 'SIGTERM');
  await server.prints(/exit 0/);
  expect(performance.now() - stopped).toBeLessThan(2000);
  client.close();
});

it.runIf(has('bash'))(
  'a server without a free descriptor turns newcomers away, neither spins nor dies, and recovers',
  async () => {
    const { server, port } = await startServer('server3', [], 'ulimit -n 40');
    const clients: TcpClient[] = [];
    for (let i = 0; i < 40; i++) clients.push((await TcpClient.connect(port)).send('1+1\n'));
    const answers = await Promise.all(clients.map((client) => client.line()));
    const turnedAway = answers.filter((line) => /^error: .*no file descriptor/.test(line));
    expect(turnedAway.length).toBeGreaterThan(0);
    expect(answers.filter((line) => line === '2\n').length).toBe(40 - turnedAway.length);
    for (const client of clients) client.close();
    await server.until((stdout) => stdout.split('disconnected').length > 40);
    const next = await TcpClient.connect(port);
    expect(await next.send('2+2\n').line()).toBe('4\n');
    next.close();
  },
);

describe('client', () => {
  it('prints a usage line and exits 2 on wrong arguments', async () => {
    const child = run('client', ['127.0.0.1']);
    expect((await child.exit).code).toBe(2);
    expect(child.stderr).toContain('usage: client <ip> <port>');
  });

  it('asks, prints replies, and ends at "n"', async () => {
    const { port } = await startServer('server3');
    const client = run('client', ['127.0.0.1', String(port)]);
    await client.prints(/Message: $/);
    client.write('22 + 44\n');
    await client.prints(/Server replied: 66\nContinue\? \(Y\/n\) $/);
    client.write('\n');
    await client.prints(/\) Message: $/);
    client.write('7/0\n');
    await client.prints(/Server replied: error: .*\nContinue/);
    client.write('n\n');
    expect(await client.exit).toEqual({ code: 0, signal: null });
  });

  it('works with piped input and ends with it', async () => {
    const { port } = await startServer('server2');
    const client = run('client', ['127.0.0.1', String(port)]).end('1+1\nY\n2+2\n');
    expect((await client.exit).code).toBe(0);
    expect(client.stdout.match(/Server replied: .*/g)).toEqual([
      'Server replied: 2',
      'Server replied: 4',
    ]);
  });

  it('is turned away by a busy server before it prompts, and exits 1', async () => {
    const { server, port } = await startServer('server1');
    const first = await TcpClient.connect(port);
    await server.prints(/Connected/);
    const client = run('client', ['127.0.0.1', String(port)]).end('1+1\nn\n');
    expect((await client.exit).code).toBe(1);
    expect(client.stdout).toBe('');
    expect(client.stderr).toMatch(/^error: .*busy: .*\n$/);
    first.close();
  });

  it('says that nobody listens, and exits 1', async () => {
    const { port: open } = await startServer('server4');
    // The port of a client: nobody listens there, and nobody else can while it is connected.
    const holder = await TcpClient.connect(open);
    const client = run('client', ['127.0.0.1', String(holder.port)]);
    expect((await client.exit).code).toBe(1);
    expect(client.stderr).toMatch(/^error: .*ECONNREFUSED.*\n$/);
    holder.close();
  });

  it('sends an empty message, and prints what the server says to it', async () => {
    const { port } = await startServer('server3');
    const client = run('client', ['127.0.0.1', String(port)]).end('\n\n1+1\n');
    expect((await client.exit).code).toBe(0);
    expect(client.stdout).toMatch(/Server replied: error: an empty line.*\n/);
    expect(client.stdout).toMatch(/Server replied: 2\n/);
  });

  /** Says `text` over and over, when it is connected or when it is asked, as fast as it is read. */
  async function endless(text: string, atOnce: boolean) {
    const server = createServer((socket) => {
      const flood = (): void => {
        while (socket.writable && socket.write(text));
      };
      socket.on('error', () => undefined).on('drain', flood);
      if (atOnce) flood();
      else socket.once('data', flood);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { server, client: run('client', ['127.0.0.1', String(port)]) };
  }

  it.each([
    ['at once', true],
    ['as its reply', false],
  ])('says that the line never ends that the server sends %s, and exits 1', async (_, atOnce) => {
    const { server, client } = await endless('6'.repeat(65_536), atOnce);
    client.write('1+1\n');
    expect((await client.exit).code).toBe(1);
    expect(client.stderr).toMatch(/^error: .*65536 characters without the end of a line\n$/);
    server.close();
  });

  it('reads no further than it prints', async () => {
    const { server, client } = await endless('66\n'.repeat(20_000), false);
    client.write('1+1\n');
    await client.prints(/Server replied: 66\nContinue/);
    const before = residentMiB(client);
    for (let i = 0; i < 200; i++) client.write('\n1+1\n');
    await client.until((stdout) => stdout.split('replied').length > 200);
    expect(residentMiB(client) - before).toBeLessThan(40);
    client.write('n\n');
    expect((await client.exit).code).toBe(0);
    server.close();
  });

  it('says that the connection was lost, and exits 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = run('client', ['127.0.0.1', String((server.address() as AddressInfo).port)]);
    const [socket] = (await once(server, 'connection')) as [Socket];
    await client.prints(/Message: $/);
    socket.resetAndDestroy();
    expect((await client.exit).code).toBe(1);
    expect(client.stderr).toMatch(/^error: .*connection lost \(ECONNRESET\)\n$/);
    server.close();
  });
});
