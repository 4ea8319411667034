/** The event log as whoever listens to it sees it. */

import { expect, it } from 'vitest';
import { EventLog } from '../src/event-log.ts';
import { assignment } from '@sockscope/tcp-core/designs/all';

it('lets other work of its thread in between when much is ready at once', async () => {
  const log = new EventLog('test', assignment);
  const thread = log.expect(() => undefined);
  log.board.open(thread.place, log.now());
  const all = Array.from({ length: 5000 }, (_, i) =>
    log.add('server1', [{ type: 'unobservable', reason: String(i) }]),
  );
  expect(log.state.seq).toBe(0); // the thread might still report something earlier

  let before: number | undefined;
  log.onEvents(() => {
    const until = performance.now() + 0.1;
    while (performance.now() < until);
  });
  log.board.close(thread.place);
  log.look();
  setTimeout(() => (before = log.state.seq));
  await Promise.all(all);

  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(3000);
  expect(log.state.seq).toBe(5000);
  expect(log.state.servers.server1!.unobservable).toBe('4999');
});
