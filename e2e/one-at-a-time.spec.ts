import { expect } from '@playwright/test';
import { Panel } from './lab-page.ts';
import { test } from './lab-test.ts';

test('server 1 serves one client and turns a second one, nc, away', async ({ lab, nc }) => {
  const panel = new Panel(lab, 1);
  await panel.addClient();
  await panel.send('22 + 44');
  await expect(panel.clientsThatAre('you')).toContainText(/→\s*66/);

  const second = nc('server1');
  expect(await second.lines.line(1)).toMatch(/^busy: /);
  await expect(panel.clients.filter({ hasText: /busy:|turned away/ })).toHaveCount(1);

  await panel.send('2^64');
  await expect(panel.clientsThatAre('you')).toContainText('18446744073709551616');

  await panel.closeClient();
  await expect(panel.clients.filter({ hasText: 'the client sent FIN' })).toHaveCount(1);
  expect(await nc('server1').ask('7 / 2')).toBe('3.5');
});

test('a browser client that server 1 turns away is told so', async ({ lab, nc }) => {
  expect(await nc('server1').ask('1 + 1')).toBe('2');

  const panel = new Panel(lab, 1);
  await panel.root.getByRole('button', { name: 'Add a browser client' }).first().click();
  await expect(panel.root.getByText('the server sent FIN').first()).toBeVisible();
  await expect(panel.clients.filter({ hasText: /busy:|turned away/ })).toHaveCount(1);
});
