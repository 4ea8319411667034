/** A client that resets at any point of its conversation: the server goes on, and nobody else notices. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { TestLab } from './test-lab.ts';

const test = new TestLab();

/** Connects, does something, and sends RST. Resolves when the server has noticed. */
async function reset(
  server: ServerId,
  port: number,
  act: (socket: ReturnType<typeof connect>) => unknown,
): Promise<void> {
  const from = test.events.length;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const { localPort } = socket;
  await act(socket);
  socket.resetAndDestroy();
  const { connection } = await test.event(
    'accepted',
    (event) => event.server === server && event.port === localPort,
    from,
  );
  await test.event(
    'closed',
    (event) => event.server === server && event.connection === connection,
    from,
  );
}

it.each(serverIds)('%s survives a reset at every point of a conversation', async (server) => {
  const other: ServerId = server === 'server4' ? 'server3' : 'server4';
  const { client: bystander } = await test.accepted(await test.start(other));
  const port = await test.start(server, { slowMs: 0 });
  const from = test.events.length;
  const conversation = '22 + 44\n1/3\r\n7';
  for (let bytes = 0; bytes <= conversation.length; bytes++) {
    const sent = conversation.slice(0, bytes);
    // Between any two bytes, in one segment and byte by byte; with the replies read, and unread.
    await reset(server, port, (socket) => socket.write(sent));
    await reset(server, port, async (socket) => {
      for (const byte of sent) {
        socket.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    if (sent.includes('\n'))
      await reset(server, port, async (socket) => {
        socket.write(sent);
        await once(socket, 'data');
      });
  }
  // While it is sending: half of what it wants to send is unread.
  await reset(server, port, async (socket) => {
    socket.pause();
    const lines = Buffer.from('9**99\n'.repeat(200_000));
    const full = (): boolean => socket.write(lines);
    while (full() && socket.writableLength < 4 * lines.length);
    await test.event('sent', (event) => event.server === server && event.bytes > 0, from);
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
  // After the FIN of its own half.
  await reset(server, port, async (socket) => {
    socket.end('1+1\n');
    await once(socket, 'finish');
  });
  const { client } = await test.accepted(port);
  expect(await client.send('7\n').line()).toBe('7\n');
  expect(await bystander.send('5\n').line()).toBe('5\n');
  expect(test.events.slice(from).filter(({ type }) => type === 'crashed')).toEqual([]);
  await test.lab.stop(server);
  await test.lab.stop(other);
});

it.each(['server1', 'server2', 'server3'] as const)(
  '%s survives a reset while it calculates',
  async (server) => {
    const port = await test.start(server, { slowMs: 150 });
    const from = test.events.length;
    await reset(server, port, async (socket) => {
      socket.write('2*3\n4*5\n');
      await test.event('evaluating', (event) => event.server === server, from);
    });
    const { client } = await test.accepted(port);
    expect(await client.send('1+1\n').line()).toBe('2\n');
    expect(test.events.slice(from).filter(({ type }) => type === 'crashed')).toEqual([]);
    await test.lab.stop(server);
  },
);
