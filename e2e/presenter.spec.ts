/** The page open to a network: everybody watches, only who opened the presenter's address controls. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test as base, type Page } from '@playwright/test';
import { gatewayProgram } from './gateway.ts';
import { Lines } from './lines.ts';

interface Addresses {
  page: string;
  presenter: string;
}

const test = base.extend<{ addresses: Addresses }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures here
  addresses: async ({}, use) => {
    const free = ['--port', '0', '--tcp-ports', '0,0,0,0'];
    const child = spawn(
      process.execPath,
      [...gatewayProgram, ...free, '--lan', '--host', '127.0.0.1'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, npm_lifecycle_event: 'start' },
      },
    );
    const ended = once(child, 'exit');
    const lines = new Lines(child.stdout);
    await lines.find(/^Sockscope is ready/);
    await use({
      page: lines.seen(/^page on (\S+)$/)[1] ?? '',
      presenter: lines.seen(/^presenter: (\S+) /)[1] ?? '',
    });
    child.kill('SIGTERM');
    await ended;
  },
});

async function openControls(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings of server 4' }).click();
}

const stop = (page: Page) => page.getByRole('button', { name: 'Stop', exact: true });

test('a student watches and is a client, but stops nothing', async ({ page, addresses }) => {
  await page.goto(addresses.page);
  const panel = page.getByRole('region', { name: /^Server 4:/ });
  await panel.getByRole('button', { name: 'Add a browser client' }).first().click();
  await expect(panel.getByRole('textbox', { name: /^Message from/ })).toBeVisible();
  await openControls(page);
  await expect(stop(page)).toBeDisabled();
  await expect(page.getByText('Only the presenter can change this.')).toBeVisible();
});

test('the presenter controls, and the token is nowhere to be seen', async ({ page, addresses }) => {
  const [, token = ''] = addresses.presenter.split('#token=');
  expect(token.length).toBeGreaterThanOrEqual(22);
  const asked: string[] = [];
  page.on('request', (request) => {
    asked.push(request.url(), ...Object.values(request.headers()));
  });
  await page.goto(addresses.presenter);
  await expect(page).toHaveURL(addresses.page);
  await openControls(page);
  await expect(stop(page)).toBeEnabled();
  await stop(page).click();
  await expect(page.getByRole('region', { name: /^Server 4:/ })).toContainText('stopped');

  // The cookie, which no script sees, is enough from now on.
  await page.reload();
  await openControls(page);
  await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeEnabled();
  expect(await page.evaluate(() => document.cookie)).toBe('');
  expect(asked.filter((text) => text.includes(token))).toEqual([]);
});

test('a token that is pasted into an open page is taken; a wrong one is refused in words', async ({
  page,
  addresses,
}) => {
  await page.goto(addresses.page);
  await openControls(page);
  await expect(stop(page)).toBeDisabled();
  await page.goto(`${addresses.page}#token=0123456789012345678901`);
  await expect(page.getByText('This is not the presenter’s token.')).toBeVisible();
  await expect(stop(page)).toBeDisabled();
  await page.goto(addresses.presenter);
  await expect(stop(page)).toBeEnabled();
  await expect(page).toHaveURL(addresses.page);
});
