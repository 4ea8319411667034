/** Takes the pictures in README.md and docs/. Not a test: it runs only for `npm run screenshot`. */

import { fileURLToPath } from 'node:url';
import { expect, type Page } from '@playwright/test';
import { changeServer } from './gateway.ts';
import { Panel, Stage } from './lab-page.ts';
import { test } from './lab-test.ts';

/** Only what the lesson is about: no pointer, no focus ring, nothing in the air. */
async function take(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await expect(page.locator('.chip')).toHaveCount(0);
  const path = fileURLToPath(new URL(`../docs/images/${name}.png`, import.meta.url));
  await page.screenshot({ path, animations: 'disabled' });
}

test('the wall, with nc and browser clients', async ({ lab, nc }) => {
  const [one, two, three, four] = ([1, 2, 3, 4] as const).map((number) => new Panel(lab, number));
  if (!one || !two || !three || !four) throw new Error('four panels');

  for (const [index, expression] of ['2^64', '7/2', '22 // 7'].entries()) {
    await nc('server2').ask(expression);
    await nc('server3').ask(`${index + 1} * 11`);
  }
  await two.addClient();
  await two.send('(22 + 44) * 3');
  await three.addClient();
  await three.send('1 / 0');
  await nc('server4').ask('hello');
  await four.addClient();
  await four.send('grüß dich');

  await nc('server1').ask('22 + 44');
  await nc('server1').lines.find(/^busy: /);
  await expect(one.clients.filter({ hasText: /busy:|turned away/ })).toHaveCount(1);
  await expect(lab.getByText('external')).not.toHaveCount(0);
  await take(lab, 'wall');
});

test('lesson 1: the second nc is turned away', async ({ lab, gateway, nc }) => {
  const stage = new Stage(lab);
  await stage.open(gateway.url, 1);
  await nc('server1').ask('22 + 44');
  await nc('server1').lines.find(/^busy: /);
  await expect(stage.clients.filter({ hasText: 'FIN' })).toHaveCount(1);
  await expect(stage.sockets.filter({ hasText: 'ESTABLISHED' })).toHaveCount(1);
  await expect(stage.moment).toContainText('away');
  await take(lab, 'stage-1');
  await lab.keyboard.press('p');
  await take(lab, 'projector');
});

test('lesson 2: five nc at once', async ({ lab, gateway, nc }) => {
  const stage = new Stage(lab);
  await changeServer(gateway, 'server2', { slowMs: 2000 });
  await stage.open(gateway.url, 2);
  const terminals = Array.from({ length: 5 }, () => nc('server2'));
  await Promise.all(terminals.map((client, index) => client.ask(`${index + 1} * 11`)));
  terminals[1]?.type('(22 + 44) * 3');
  terminals[3]?.type('2 ^ 64');
  await expect(stage.threads.filter({ hasText: /2 \^ 64|\(22/ })).toHaveCount(2);
  await take(lab, 'stage-2');
});

test('lesson 3: two become ready while the thread calculates', async ({ lab, gateway, nc }) => {
  const stage = new Stage(lab);
  await changeServer(gateway, 'server3', { slowMs: 1500 });
  await stage.open(gateway.url, 3);
  const terminals = Array.from({ length: 4 }, () => nc('server3'));
  await terminals[3]?.ask('1 + 1');
  await expect(stage.clients).toHaveCount(4);
  terminals[0]?.type('22 + 44');
  await expect(stage.process).toContainText('22 + 44');
  terminals[1]?.type('7 / 2');
  terminals[2]?.type('2 ^ 10');
  await expect(stage.descriptors.and(lab.locator('[data-ready=true]'))).toHaveCount(2);
  await expect(stage.process).toContainText(/7 \/ 2|2 \^ 10/);
  await take(lab, 'stage-3');
});

test('lesson 4: what goes in comes out', async ({ lab, gateway, nc }) => {
  const stage = new Stage(lab);
  await stage.open(gateway.url, 4);
  await nc('server4').ask('hello');
  const terminal = nc('server4');
  await terminal.ask('grüß ');
  await terminal.ask('dich');
  await expect(stage.root.getByRole('img', { name: /everything sent back/ })).toBeVisible();
  await expect(stage.moment).toContainText('sent A 5 bytes back');
  await lab.keyboard.press('t');
  await take(lab, 'stage-4');
});
