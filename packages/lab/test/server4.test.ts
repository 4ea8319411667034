/** Server 4: what goes in comes out, byte for byte. */

import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { TestLab } from './test-lab.ts';

const test = new TestLab();
const port = test.start('server4');

it('echoes all 256 byte values', async () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const { client } = await test.accepted(await port);
  expect(await client.send(all).finish().restBytes()).toEqual(all);
  expect(client.end).toBe('fin');
});

it("echoes telnet's commands as they are", async () => {
  const { client } = await test.accepted(await port);
  const ctrlC = Buffer.from([0xff, 0xf4, 0xff, 0xfd, 0x06]);
  expect(await client.send(ctrlC).finish().restBytes()).toEqual(ctrlC);
});

it('echoes 16 MiB identically, and everything before its own FIN', async () => {
  const { client, connection } = await test.accepted(await port);
  const data = randomBytes(16 * 1024 * 1024);
  const hash = createHash('sha256');
  let got = 0;
  client.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    hash.update(chunk);
    got += chunk.length;
  });
  client.send(data).finish();
  await client.rest();
  expect(got).toBe(data.length);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
  const closed = await test.event('closed', (event) => event.connection === connection);
  expect(closed).toMatchObject({ received: data.length, sent: data.length, how: 'fin' });
});

it('sends bytes back to their sender only', async () => {
  const [a, b] = [await test.accepted(await port), await test.accepted(await port)];
  a.client.send('aaaa');
  b.client.send('bbbb');
  expect(await a.client.take(4)).toBe('aaaa');
  expect(await b.client.take(4)).toBe('bbbb');
  a.client.finish();
  expect(await a.client.rest()).toBe('');
});

it('stops reading from a client that does not read, keeps the rest, and serves the others', async () => {
  const { client: deaf, connection, fd } = await test.accepted(await port);
  deaf.socket.pause();
  const from = test.events.length; // descriptors are used again
  const flood = deaf.flood(randomBytes(64 * 1024));
  // Pending up to the bound: it waits for room to write, and reads no more from that client.
  await test.event(
    'blocked',
    (event) => event.write.includes(fd) && !event.read.includes(fd),
    from,
  );
  flood.stop();
  const { client } = await test.accepted(await port);
  expect(await client.send('hello').take(5)).toBe('hello');
  const { received, sent: echoed } = test.lab.state.servers.server4!.connections[connection] ?? {};
  expect((received?.bytes ?? 0) - (echoed?.bytes ?? 0)).toBeLessThanOrEqual(256 * 1024);
  deaf.finish();
  deaf.socket.resume();
  expect((await deaf.restBytes()).length).toBe(flood.sent);
});
