/** Server 1: what a second client lives through, under each of the three policies. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { TcpClient } from '@sockscope/test-kit/tcp-client';
import { TestLab } from './test-lab.ts';

describe('policy busy', () => {
  const test = new TestLab();
  const port = test.start('server1');

  it('tells a second client at once that it is busy, and does not disturb the first', async () => {
    const { client: first } = await test.accepted(await port);
    const second = await test.connect(await port);
    expect(await second.rest()).toMatch(/^busy: [^\n]+\n$/);
    expect(second.end).toBe('fin');
    expect(await first.send('1+1\n').line()).toBe('2\n');
  });

  it('lets a refused client read that line although it sent data first, every time', async () => {
    const { client: first } = await test.accepted(await port);
    for (let i = 0; i < 100; i++) {
      const second = await TcpClient.connect(await port);
      second.send('22 + 44\n'.repeat(i + 1));
      expect(await second.rest()).toMatch(/^busy: [^\n]+\n$/);
      expect(second.end).toBe('fin');
      second.close();
    }
    expect(await first.send('1+1\n').line()).toBe('2\n');
  });

  it('serves the next client when the first has left, by FIN or by reset', async () => {
    for (const leave of ['finish', 'reset'] as const) {
      const { client: first, connection } = await test.accepted(await port);
      await first.send('1+1\n').line();
      first[leave]();
      await test.event('closed', (event) => event.connection === connection);
      const { client: next } = await test.accepted(await port);
      expect(await next.send('2+2\n').line()).toBe('4\n');
      next.finish();
      await next.rest();
    }
  });

  it('serves a client that connects, closes and connects again, every time', async () => {
    for (let i = 0; i < 100; i++) {
      const probe = await TcpClient.connect(await port);
      if (i % 2) probe.send('1+');
      // Its FIN is on its way before the next SYN: one that is not is a second client.
      const left = once(probe.socket, i % 3 ? 'finish' : 'close');
      if (i % 3) probe.finish();
      else probe.close();
      await left;
      const client = await TcpClient.connect(await port);
      expect(await client.send('3+3\n').line()).toBe('6\n');
      client.finish();
      await client.rest();
      probe.close();
      client.close();
    }
  });

  it('logs the refusal with its reason and the end of the connection', async () => {
    await test.accepted(await port);
    const second = await test.accepted(await port);
    const refused = await test.event('refused', (event) => event.connection === second.connection);
    expect(refused.reason).toMatch(/^busy: /);
    second.client.finish();
    const closed = await test.event('closed', (event) => event.connection === second.connection);
    expect(closed.how).toBe('local');
    expect(test.lab.state.servers.server1!.ended.at(-1)?.refused).toBe(refused.reason);
  });
});

describe('policy refuse', () => {
  const test = new TestLab();
  const port = test.start('server1', { policy: 'refuse' });

  it('does not listen while it serves, so that the kernel refuses; then it listens again', async () => {
    const { client: first } = await test.accepted(await port);
    await test.event('listenerClosed');
    await expect(TcpClient.connect(await port)).rejects.toThrow('ECONNREFUSED');
    expect(await first.send('1+1\n').line()).toBe('2\n');
    const before = test.events.length;
    first.finish();
    await test.event('listening', () => true, before);
    const { client: next } = await test.accepted(await port);
    expect(await next.send('2+2\n').line()).toBe('4\n');
    const end = test.events.length;
    next.finish();
    await test.event('listening', () => true, end);
  });

  it('comes back however long another program held its port', async () => {
    const start = test.events.length;
    const { client: first } = await test.accepted(await port);
    await test.event('listenerClosed', () => true, start);
    const other = createServer().listen(await port, '127.0.0.1');
    await once(other, 'listening');
    let before = test.events.length;
    first.finish();
    for (let tries = 1; tries <= 7; tries++) {
      const { error, restarting, seq } = await test.event('crashed', () => true, before);
      expect(error).toContain('EADDRINUSE');
      expect(restarting).toBe(true);
      before = seq;
    }
    expect(test.lab.state.servers.server1!).toMatchObject({ status: 'crashed', crashes: 7 });
    other.close();
    await test.event('listening', () => true, before);
    const { client: next } = await test.accepted(await port);
    expect(await next.send('2+2\n').line()).toBe('4\n');
    before = test.events.length;
    next.finish();
    await test.event('listening', () => true, before);
  });

  it('stays stopped when it is stopped while it waits for its port', async () => {
    const start = test.events.length;
    const { client: first } = await test.accepted(await port);
    await test.event('listenerClosed', () => true, start);
    const other = createServer().listen(await port, '127.0.0.1');
    await once(other, 'listening');
    const before = test.events.length;
    first.finish();
    await test.event('crashed', () => true, before);
    await test.lab.stop('server1');
    other.close();
    await once(other, 'close');
    expect(test.lab.state.servers.server1!.status).toBe('stopped');
    // It is free for whoever starts it, and nothing starts it twice.
    expect((await test.lab.start('server1')).port).toBe(await port);
  });
});

describe('policy queue', () => {
  const test = new TestLab();
  const port = test.start('server1', { policy: 'queue' });

  it('lets newcomers wait, connected but unanswered, until the first client has left', async () => {
    const { client: first } = await test.accepted(await port);
    const second = (await test.connect(await port)).send('2+2\n');
    expect(await first.send('1+1\n').line()).toBe('2\n');
    expect(test.events.some((e) => e.type === 'accepted' && e.port === second.port)).toBe(false);
    first.finish();
    expect(await second.line()).toBe('4\n');
  });
});
