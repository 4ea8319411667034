import { expect } from '@playwright/test';
import { Panel } from './lab-page.ts';
import { test } from './lab-test.ts';

test('server 4 sends nc and a browser client their own bytes back', async ({ lab, nc }) => {
  const panel = new Panel(lab, 4);
  await panel.addClient();
  await panel.send('grüß dich');
  const browser = panel.clientsThatAre('you');
  await expect(browser.getByText('grüß dich')).toHaveCount(2);

  expect(await nc('server4').ask('22 + 44')).toBe('22 + 44');
  await expect(panel.clientsThatAre('external')).toContainText('22 + 44');
  await expect(browser).not.toContainText('22 + 44');
});

test('server 4 sends the rest and its FIN after that of nc -N', async ({ nc, lab }) => {
  const client = nc('server4', ['-N']);
  client.type('the last line');
  client.endInput();
  expect(await client.lines.end()).toEqual(['the last line']);
  await expect(new Panel(lab, 4).clients.filter({ hasText: 'the client sent FIN' })).toHaveCount(1);
});
