/** Takes the picture in README.md. Not a test: it runs only for `npm run screenshot`. */

import { fileURLToPath } from 'node:url';
import { expect } from '@playwright/test';
import { Panel } from './lab-page.ts';
import { test } from './lab-test.ts';

const file = fileURLToPath(new URL('../docs/images/wall.png', import.meta.url));

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
  await lab.mouse.move(0, 0);
  await lab.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await lab.screenshot({ path: file, animations: 'disabled' });
});
