import { expect } from '@playwright/test';
import { Panel } from './lab-page.ts';
import { test } from './lab-test.ts';

test('server 2 gives each of five clients (nc and browser) a thread of its own', async ({
  lab,
  nc,
}) => {
  const panel = new Panel(lab, 2);
  const terminals = [nc('server2'), nc('server2'), nc('server2'), nc('server2')];
  const replies = await Promise.all(terminals.map((client, index) => client.ask(`${index} * 11`)));
  expect(replies).toEqual(['0', '11', '22', '33']);

  await panel.addClient();
  await panel.send('4 * 11');
  await expect(panel.clientsThatAre('you')).toContainText(/→\s*44/);

  await expect(panel.clientThreads).toHaveCount(5);
  await expect(panel.clientThreads.filter({ hasText: 'recv()' })).toHaveCount(5);
  await expect(panel.process).toContainText('blocked in accept()');

  await terminals[0]?.quit();
  await expect(panel.clientThreads).toHaveCount(4);
});
