/** In a rush calls are counted instead of listed; nothing is lost in the totals. */

import { expect, it } from 'vitest';
import { TestLab } from './test-lab.ts';

const test = new TestLab();

it.each(['server2', 'server3', 'server4'] as const)(
  'the totals of %s are exact under load',
  async (server) => {
    const port = await test.start(server);
    const { client, connection } = await test.accepted(port);
    const rounds = 3000;
    for (let i = 0; i < rounds; i++) await client.send('22 + 44\n').line();
    client.finish();
    await client.rest();
    const closed = await test.event(
      'closed',
      (event) => event.connection === connection && event.server === server,
    );
    const reply = server === 'server4' ? '22 + 44\n' : '66\n';
    expect(closed).toMatchObject({ received: 8 * rounds, sent: reply.length * rounds });
    const { totals, ended } = test.lab.state.servers[server]!;
    const seen = ended.find(({ id }) => id === connection);
    expect(seen?.received).toEqual({ calls: rounds, bytes: 8 * rounds });
    expect(seen?.sent).toEqual({ calls: rounds, bytes: reply.length * rounds });
    expect(totals.messages).toBe(server === 'server4' ? 0 : rounds);
  },
);

it('lists every call when it was asked not to sum up', async () => {
  const { port } = await test.lab.restart('server3', { port: 0, sumUp: false });
  const before = test.events.length;
  const { client, connection } = await test.accepted(port);
  for (let i = 0; i < 1000; i++) await client.send('1+1\n').line();
  client.finish();
  await client.rest();
  await test.event(
    'closed',
    (event) => event.connection === connection && event.server === 'server3',
  );
  const events = test.events.slice(before);
  expect(events.filter(({ type }) => type === 'summed')).toEqual([]);
  expect(events.filter(({ type }) => type === 'evaluated')).toHaveLength(1000);
});
