/** The same servers in Python, as a student starts them. */

import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { has } from '../../../scripts/test-programs.mjs';
import { ChildProgram } from '@sockscope/test-kit/child-program';
import { TcpClient } from '@sockscope/test-kit/tcp-client';

const twins = fileURLToPath(new URL('../twins/', import.meta.url));

const running: ChildProgram[] = [];
const clients: TcpClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const program of running.splice(0)) {
    program.child.kill('SIGKILL');
    await program.exit;
  }
});

/** Starts a server on a free port and returns that. */
async function start(file: string, ...more: string[]): Promise<number> {
  // -B: it leaves no compiled files behind.
  const program = new ChildProgram('python3', ['-B', twins + file, '127.0.0.1', '0', ...more]);
  running.push(program);
  const [, port] = await program.prints(/listening on port (\d+)\n/);
  return Number(port);
}

async function connect(port: number): Promise<TcpClient> {
  const client = await TcpClient.connect(port);
  clients.push(client);
  return client;
}

const calculating = ['one_at_a_time.py', 'thread_per_client.py', 'select_server.py'];
const forMany = ['thread_per_client.py', 'select_server.py'];
const all = [...calculating, 'echo.py'];

describe.runIf(has('python3'))('the servers in Python', () => {
  it.each(calculating)('%s calculates, line by line, however the bytes are cut', async (file) => {
    const client = await connect(await start(file));
    expect(await client.send('22 + 44\n').line()).toBe('66\n');
    expect(await client.send('7/2\r\n-(2*3)\n1 +').line()).toBe('3.5\n');
    expect(await client.line()).toBe('-6\n');
    expect(await client.send(' 1\n').line()).toBe('2\n');
    expect(await client.send('1/0\n').line()).toMatch(/^error: .*zero\n$/);
    expect(await client.send('__import__("os")\n').line()).toMatch(/^error: only numbers/);
    expect(await client.finish().rest()).toBe('');
  });

  it.each(forMany)('%s serves five clients at once', async (file) => {
    const port = await start(file);
    const five = await Promise.all(Array.from({ length: 5 }, () => connect(port)));
    for (const [i, client] of five.toReversed().entries()) {
      expect(await client.send(`${i} + 44\n`).line()).toBe(`${44 + i}\n`);
    }
  });

  it.each(all)('%s goes on when a client is reset', async (file) => {
    const port = await start(file);
    const first = await connect(port);
    await first.send('1\n').line();
    first.send('22').reset();
    const next = await connect(port);
    expect(await next.send('3\n').line()).toBe('3\n');
  });

  it('one_at_a_time.py tells a second client that it is busy, then serves the next', async () => {
    const port = await start('one_at_a_time.py');
    const first = await connect(port);
    await first.send('1\n').line();
    const second = await connect(port);
    expect(await second.rest()).toMatch(/^busy: [^\n]+\n$/);
    expect(await first.send('2\n').line()).toBe('2\n');
    await first.finish().rest();
    expect(await (await connect(port)).send('3\n').line()).toBe('3\n');
  });

  it('one_at_a_time.py lets a second client wait under policy queue', async () => {
    const port = await start('one_at_a_time.py', 'queue');
    const first = await connect(port);
    await first.send('1\n').line();
    const second = (await connect(port)).send('2\n');
    expect(await first.send('3\n').line()).toBe('3\n');
    expect(second.unread).toBe('');
    first.finish();
    expect(await second.line()).toBe('2\n');
  });

  it('one_at_a_time.py does not listen while it serves under policy refuse', async () => {
    const port = await start('one_at_a_time.py', 'refuse');
    const first = await connect(port);
    await first.send('1\n').line();
    await expect(TcpClient.connect(port)).rejects.toThrow('ECONNREFUSED');
    await first.finish().rest();
  });

  it('echo.py sends back what comes, also to who reads late', async () => {
    const client = await connect(await start('echo.py'));
    const bytes = 'abcdefgh'.repeat(256 * 1024);
    client.socket.pause();
    client.send(bytes).finish();
    client.socket.resume();
    expect((await client.restBytes()).equals(Buffer.from(bytes))).toBe(true);
  });
});
