import { expect } from '@playwright/test';
import { Panel } from './lab-page.ts';
import { test } from './lab-test.ts';

test('server 3 serves nc and a browser client from one thread in select', async ({ lab, nc }) => {
  const panel = new Panel(lab, 3);
  await expect(panel.watched).toHaveCount(1);
  const terminal = nc('server3');
  expect(await terminal.ask('(22 + 44) * 3')).toBe('198');

  await panel.addClient();
  await panel.send('1 / 0');
  await expect(panel.clientsThatAre('you')).toContainText('division by zero');
  expect(await terminal.ask('0.1 + 0.2')).toBe('0.3');

  await expect(panel.watched, 'the listener and two clients').toHaveCount(3);
  await expect(panel.process).toContainText('blocked in select()');
  await expect(panel.clientThreads).toHaveCount(0);
});
