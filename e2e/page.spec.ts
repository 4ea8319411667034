import { gzipSync } from 'node:zlib';
import { expect, type Page } from '@playwright/test';
import { seriousFindings } from './accessibility.ts';
import { portsToKeep } from './gateway.ts';
import { feedStatus, Panel } from './lab-page.ts';
import { test } from './lab-test.ts';

const numbers = [1, 2, 3, 4] as const;

/** A page on which something has happened, in every panel. */
async function busyPage(lab: Page): Promise<void> {
  for (const number of numbers) {
    const panel = new Panel(lab, number);
    for (let client = number === 1 ? 1 : 3; client > 0; client -= 1) await panel.addClient();
    await panel.send('22 + 44');
    await expect(panel.clients.filter({ hasText: '22 + 44' })).toHaveCount(1);
  }
}

test('tells nc from browser clients, and its own from those of another page', async ({
  lab,
  nc,
  gateway,
  context,
}) => {
  const panel = new Panel(lab, 3);
  await panel.addClient();
  expect(await nc('server3').ask('6 * 7')).toBe('42');
  const other = await context.newPage();
  await other.goto(gateway.url);
  await new Panel(other, 3).addClient();

  await expect(panel.clients).toHaveCount(3);
  await expect(panel.clientsThatAre('you')).toHaveCount(1);
  await expect(panel.clientsThatAre('browser')).toHaveCount(1);
  await expect(panel.clientsThatAre('external')).toHaveCount(1);
  await expect(panel.clientsThatAre('external')).toContainText(/→\s*42/);
  await expect(panel.root).toContainText(`nc 127.0.0.1 ${gateway.ports.server3}`);
});

test('fits a screen of 1280 by 720 without scrolling, empty and busy', async ({ lab }) => {
  const size = () =>
    lab.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      height: document.documentElement.scrollHeight,
    }));
  await expect(feedStatus(lab)).toHaveText('live');
  expect(await size()).toEqual({ width: 1280, height: 720 });
  await busyPage(lab);
  expect(await size()).toEqual({ width: 1280, height: 720 });
  for (const number of numbers) {
    await expect(new Panel(lab, number).message, `input of server ${number}`).toBeInViewport({
      ratio: 1,
    });
  }
});

test('works with the keyboard alone', async ({ lab }) => {
  const panel = new Panel(lab, 3);
  await expect(feedStatus(lab)).toHaveText('live');
  await panel.root.getByRole('button', { name: 'select()' }).focus();
  await lab.keyboard.press('a');
  await expect(panel.message).toBeFocused();
  await expect(panel.root.getByRole('button', { name: 'Send', exact: true })).toBeEnabled();
  await lab.keyboard.type('2 ^ 10');
  await lab.keyboard.press('Enter');
  await expect(panel.clients).toContainText(/→\s*1024/);

  await lab.keyboard.press('Escape');
  await lab.keyboard.press('?');
  const keys = lab.getByRole('dialog', { name: 'Keys' });
  await expect(keys).toBeVisible();
  await lab.keyboard.press('Escape');
  await expect(keys).toBeHidden();
});

test('shows text from a client as text', async ({ lab, nc }) => {
  expect(await nc('server3').ask('<img src=x onerror=alert(1)>')).toMatch(/^error: /);
  const row = new Panel(lab, 3).clients;
  await expect(row).toContainText('<img src=x onerror=a…');
  await expect(row.getByTitle('<img src=x onerror=alert(1)>')).toBeVisible();
  await expect(lab.locator('img[src=x]')).toHaveCount(0);
});

test('axe finds nothing serious on the wall, light and dark', async ({ lab }) => {
  await busyPage(lab);
  for (const theme of ['light', 'dark'] as const) {
    const other = lab.getByRole('button', {
      name: theme === 'dark' ? 'Dark' : 'Light',
      exact: true,
    });
    if (await other.isVisible()) await other.click();
    expect(await seriousFindings(lab), theme).toEqual([]);
  }
});

test('reconnects when the gateway comes back on the same ports', async ({ page, start }) => {
  const ports = await portsToKeep();
  const first = await start(ports);
  await page.goto(first.url);
  await expect(feedStatus(page)).toHaveText('live');
  expect(await first.stop()).toBe(0);
  await expect(feedStatus(page)).toContainText('reconnecting');

  await start(ports);
  await expect(feedStatus(page)).toHaveText('live');
  const panel = new Panel(page, 3);
  await panel.addClient();
  await panel.send('22 + 44');
  await expect(panel.clientsThatAre('you')).toContainText(/→\s*66/);
});

test('needs at most 150 kB of JavaScript, compressed, for the first paint', async ({
  page,
  start,
}) => {
  const scripts: Promise<Buffer>[] = [];
  page.on('response', (response) => {
    if (response.request().resourceType() === 'script') scripts.push(response.body());
  });
  const { url } = await start();
  await page.goto(`${url}?server=3`);
  await expect(feedStatus(page)).toHaveText('live');
  const sizes = (await Promise.all(scripts)).map((script) => gzipSync(script).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(sizes.length).toBeGreaterThan(0);
  expect(total / 1024).toBeLessThanOrEqual(150);
});
