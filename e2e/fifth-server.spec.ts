/** The set of servers is open: what joins is drawn, served and replayed as the four are. */

import { fileURLToPath } from 'node:url';
import { expect } from '@playwright/test';
import { build } from 'rolldown';
import { feedStatus, Panel, Stage } from './lab-page.ts';
import { test } from './lab-test.ts';

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Where the gateway's own dependencies are found. */
const bundle = file('../apps/gateway/.cache/five-servers/');

test.beforeAll(async () => {
  await build({
    input: {
      'five-servers': file('five-servers.ts'),
      thread: file('../packages/lab/src/ours/thread.ts'),
    },
    platform: 'node',
    external: ['bufferutil', 'koffi'],
    output: { dir: bundle, format: 'esm', entryFileNames: '[name].js' },
  });
});

test.use({ program: [`${bundle}five-servers.js`] });

test('a fifth server is drawn on wall and stage, talked to, and replayed', async ({ lab, nc }) => {
  const panel = new Panel(lab, 5);
  await expect(lab.getByRole('region', { name: /^Server \d:/ })).toHaveCount(5);
  await panel.addClient();
  await panel.send('22 + 44');
  await expect(panel.clientsThatAre('you')).toContainText(/→\s*66/);

  await lab.keyboard.press('Escape');
  await lab.keyboard.press('5');
  const stage = new Stage(lab);
  await expect(stage.root).toHaveAccessibleName('Stage of server 5: select()');
  expect(await nc('another').ask('2 ^ 10')).toBe('1024');
  await expect(stage.clients).toHaveCount(2);
  await expect(stage.moment).toContainText('was answered 1024');
  await expect(stage.litLines.filter({ hasText: 'select(' })).toHaveCount(1);

  // Turn by turn back to before nc came, and to the present again.
  await lab.keyboard.press('.');
  await expect(feedStatus(lab)).toHaveText('frozen');
  await expect(async () => {
    await lab.keyboard.press('Shift+ArrowLeft');
    await expect(stage.clients).toHaveCount(1, { timeout: 100 });
  }).toPass();
  await lab.keyboard.press('End');
  await expect(stage.clients).toHaveCount(2);
  await expect(lab).toHaveURL(/\?server=5$/);

  // One that has not joined is the wall.
  await lab.goto(lab.url().replace('server=5', 'server=9'));
  await expect(lab).toHaveURL(/\/$/);
  await expect(lab.getByRole('region', { name: /^Server 5:/ })).toBeVisible();
});
