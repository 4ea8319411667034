/** The event log as whoever listens to it sees it. */

import { expect, it } from 'vitest';
import { EventLog } from '../src/host/event-log.ts';

it('lets other work of its thread in between when much is ready at once', async () => {
  const log = new EventLog('test');
  const thread = log.expect(() => undefined);
  log.board.open(thread.place, log.now());
  const all = Array.from({ length: 5000 }, (_, i) =>
    log.add('server1', [{ type: 'unobservable', reason: String(i) }]),
  );
  expect(log.state.seq).toBe(0); // the thread might still report something earlier

  const order: string[] = [];
  log.onEvents((events) => {
    const until = performance.now() + 40;
    while (performance.now() < until);
    order.push(`${events.length} events`);
  });
  log.board.close(thread.place);
  log.look();
  setTimeout(() => order.push('other work'));
  await Promise.all(all);

  expect(order.filter((what) => what !== 'other work')).toEqual(Array(5).fill('1000 events'));
  expect(order.indexOf('other work')).toBeLessThan(4);
  expect(log.state.seq).toBe(5000);
  expect(log.state.servers.server1.unobservable).toBe('4999');
});
