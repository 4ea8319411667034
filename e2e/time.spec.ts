/** The view's time: freezing, stepping, slow motion, and the URL that holds the view. */

import { expect } from '@playwright/test';
import { feedStatus, Stage } from './lab-page.ts';
import { test } from './lab-test.ts';

test('freezes the picture while the sockets go on, and nc notices nothing', async ({
  lab,
  gateway,
  nc,
}) => {
  const stage = new Stage(lab);
  await stage.open(gateway.url, 3);
  const terminal = nc('server3');
  expect(await terminal.ask('22 + 44')).toBe('66');
  await expect(stage.clients).toContainText(/→\s*66/);

  await lab.keyboard.press('.');
  await expect(feedStatus(lab)).toHaveText('frozen');
  expect(await terminal.ask('7 / 2')).toBe('3.5');
  await expect(lab.getByRole('button', { name: /behind/ })).not.toHaveText(/^−0/);
  await expect(stage.clients).toContainText(/→\s*66/);

  await lab.keyboard.press('End');
  await expect(feedStatus(lab)).toHaveText('live');
  await expect(stage.clients).toContainText(/→\s*3\.5/);
});

test('steps back and forth through what nc did, with a presenter’s clicker', async ({
  lab,
  gateway,
  nc,
}) => {
  const stage = new Stage(lab);
  await stage.open(gateway.url, 4);
  const client = nc('server4');
  // Who a client is is found out beside what it does: it is not to come between the steps.
  await expect
    .poll(async () => (await fetch(`${gateway.url}/api/lab`)).text())
    .toContain('"client":"external"');
  expect(await client.ask('hello')).toBe('hello');
  await expect(stage.log).toContainText('hello');
  const send = stage.log.getByRole('button', { name: /sent hello/ });
  await send.first().click();
  await expect(stage.moment).toContainText('Server 4 sent A 6 bytes back: hello');
  await lab.keyboard.press('PageUp');
  await expect(stage.moment).toContainText('Server 4 read “hello');
  await expect(stage.shownLine).toContainText('received hello');
  await lab.keyboard.press('PageUp');
  await expect(stage.moment).toContainText('select() returned');
  await lab.keyboard.press('PageDown');
  await lab.keyboard.press('PageDown');
  await expect(stage.moment).toContainText('Server 4 sent A 6 bytes back: hello');
});

test('steps back to what happened before the page was opened', async ({ lab, gateway, nc }) => {
  expect(await nc('server3').ask('22 + 44')).toBe('66');
  const stage = new Stage(lab);
  await stage.open(gateway.url, 3);
  await stage.log.getByRole('button', { name: /accept\(\) →/ }).click();
  await expect(stage.clients).toHaveCount(1);
  await expect(stage.clients).not.toContainText('22 + 44');
  await lab.keyboard.press('PageUp');
  await lab.keyboard.press('PageUp');
  await expect(stage.clients).toHaveCount(0);
});

test('finds in the log with f, goes there and back by keyboard', async ({ lab, gateway, nc }) => {
  expect(await nc('server3').ask('7 / 2')).toBe('3.5');
  const other = nc('server3');
  expect(await other.ask('22 + 44')).toBe('66');
  expect(await other.ask('7 / 2')).toBe('3.5');
  const stage = new Stage(lab);
  await stage.open(gateway.url, 3);
  await expect(stage.log).toContainText('22 + 44');
  await lab.keyboard.press('f');
  await lab.keyboard.type('7 / 2 sent');
  const found = lab.getByRole('search').getByRole('status');
  await expect(found).toHaveText('0 found');
  await lab.keyboard.press('Control+a');
  await lab.keyboard.type('RECEIVED 7 / 2');
  await expect(found).toHaveText('2 found');
  await lab.keyboard.press('Enter');
  await expect(found).toHaveText('1 of 2');
  await lab.keyboard.press('Enter');
  await expect(found).toHaveText('2 of 2');
  await expect(stage.shownLine).toContainText('A: received 7 / 2');
  await expect(stage.shownLine).toBeInViewport({ ratio: 1 });
  await expect(stage.clients).toHaveCount(1);
  await lab.keyboard.press('Escape');
  await expect(stage.root).toBeFocused();
  await lab.keyboard.press('End');
  await expect(feedStatus(lab)).toHaveText('live');
});

test('shows event after event in slow motion, each for the same time', async ({
  lab,
  gateway,
  nc,
}) => {
  const stage = new Stage(lab);
  await stage.open(gateway.url, 3, '&speed=200');
  await expect(feedStatus(lab)).toHaveText('slow');
  expect(await nc('server3').ask('22 + 44'), 'at once for the client').toBe('66');
  const behind = lab.getByRole('button', { name: /behind/ });
  await expect(behind).toHaveText(/^−[1-9]/);
  await expect(stage.log).toContainText('received 22 + 44');
  await expect(stage.log).toContainText('22 + 44 → 66');
  await expect(behind).toHaveText(/^−0/);
  await lab.keyboard.press('.');
  await expect(feedStatus(lab)).toHaveText('frozen');
  expect(new URL(lab.url()).searchParams.has('speed')).toBe(false);
});

test('keeps the view in the URL, and the browser’s back leads to the wall', async ({
  lab,
  gateway,
}) => {
  await expect(feedStatus(lab)).toHaveText('live');
  await lab.keyboard.press('2');
  const stage = new Stage(lab);
  await expect(stage.root).toHaveAccessibleName(/server 2/);
  await lab.keyboard.press('p');
  await expect(lab).toHaveURL(`${gateway.url}/?server=2&mode=projector`);
  await lab.reload();
  await expect(stage.root).toHaveAccessibleName(/server 2/);
  await expect(lab.locator('html')).toHaveAttribute('data-mode', 'projector');
  await lab.keyboard.press('p');
  await lab.goBack();
  await expect(lab.getByRole('region', { name: /^Server 1/ })).toBeVisible();
});
