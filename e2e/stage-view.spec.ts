/** How the stage looks to everybody: many clients, small and large screens, axe, keyboard, motion. */

import type { Socket } from 'node:net';
import { expect, type Page } from '@playwright/test';
import { seriousFindings } from './accessibility.ts';
import { connectMany } from './connect-many.ts';
import type { Gateway } from './gateway.ts';
import { kernelRows } from './kernel-table.ts';
import { feedStatus, overlaps, readOut, Stage } from './lab-page.ts';
import { test } from './lab-test.ts';

const servers = [1, 2, 3, 4] as const;
const sizes = [
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
] as const;

test('40 clients on each server: no two labels overlap', async ({ lab, gateway }) => {
  const stage = new Stage(lab);
  for (const server of servers) {
    const sockets = await connectMany(gateway.ports[`server${server}`], 40);
    for (const [index, socket] of sockets.entries()) socket.write(`${index} * 1000 + 7\n`);
    await stage.open(gateway.url, server);
    // Server 2 starts forty threads: that takes a busy machine a while.
    if (server > 1) await expect(lab.getByText('40 connected')).toBeVisible({ timeout: 60_000 });
    for (const size of sizes) {
      await lab.setViewportSize(size);
      await expect.poll(() => overlaps(lab), `server ${server}, ${size.width} wide`).toEqual([]);
      expect(
        await lab.evaluate(() => document.documentElement.scrollHeight),
        'it fits the screen',
      ).toBe(size.height);
    }
    for (const socket of sockets) socket.destroy();
  }
});

for (const [look, keys] of [
  ['light', []],
  ['dark, for the projector', ['d', 'p']],
] as const) {
  test(`axe finds nothing serious on the stages (${look})`, async ({ lab, gateway }) => {
    const stage = new Stage(lab);
    const sockets: Socket[] = [];
    for (const server of servers) {
      const some = await connectMany(gateway.ports[`server${server}`], 3);
      for (const socket of some) socket.write('22 + 44\n');
      sockets.push(...some);
    }
    await stage.open(gateway.url, 1);
    for (const key of keys) await lab.keyboard.press(key);
    for (const server of servers) {
      await lab.keyboard.press(String(server));
      await expect(stage.root).toHaveAccessibleName(new RegExp(`server ${server}`));
      await expect(stage.clients).toHaveCount(3);
      if (look === 'light') await expect(stage.litLines).not.toHaveCount(0);
      expect(await seriousFindings(lab), `server ${server}`).toEqual([]);
    }
    for (const socket of sockets) socket.destroy();
  });
}

test('of 1,000 mixed connections none is labelled wrongly', async ({ lab, gateway }) => {
  const stage = new Stage(lab);
  const { server3, server4 } = gateway.ports;
  const sockets = [...(await connectMany(server3, 500)), ...(await connectMany(server4, 500))];
  // Some leave in good order, some are reset, some half-close, some speak.
  for (const [index, socket] of sockets.entries()) {
    if (index % 5 === 0) socket.end();
    else if (index % 7 === 0) socket.resetAndDestroy();
    else if (index % 3 === 0) socket.write(`${index} + 1\n`);
  }
  for (const [server, port] of [
    [3, server3],
    [4, server4],
  ] as const) {
    await stage.open(gateway.url, server);
    const left = () =>
      kernelRows(port)
        .filter(({ tcp, inode }) => tcp === 1 && inode !== 0)
        .map(({ remotePort }) => remotePort);
    // Until the server has accepted all of them, and the page has heard of it.
    await expect
      .poll(async () => {
        const said = await lab.getByText(/^\d+ connected/).textContent();
        return said?.startsWith(`${left().length} connected`);
      })
      .toBe(true);
    const open = new Set(left());
    const established = stage.sockets.and(lab.getByRole('listitem', { name: /ESTABLISHED/ }));
    await expect(established).not.toHaveCount(0);
    const labelled = await established.evaluateAll((rows) =>
      rows.map((row) => row.getAttribute('aria-label') ?? ''),
    );
    for (const words of labelled) {
      const port = Number(/:(\d+)/.exec(words)?.[1]);
      expect(open.has(port), words).toBe(true);
    }
  }
  for (const socket of sockets) socket.destroy();
});

/** A browser client asks server 3 on a screen 360 pixels wide. */
async function askOnPhone(lab: Page, gateway: Gateway, height: number) {
  await lab.setViewportSize({ width: 360, height });
  const stage = new Stage(lab);
  await stage.open(gateway.url, 3);
  await lab.getByRole('button', { name: 'Add a browser client' }).click();
  const message = lab.getByRole('textbox', { name: /^Message from/ });
  await message.fill('22 + 44');
  await message.press('Enter');
  return { stage, message };
}

test('is usable on a phone, 360 pixels wide', async ({ lab, gateway }) => {
  const { stage } = await askOnPhone(lab, gateway, 740);
  await expect(stage.clients).toContainText(/→\s*66/);
  expect(await lab.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  expect(await overlaps(lab)).toEqual([]);
  expect(await seriousFindings(lab)).toEqual([]);
});

test('on a telephone whose keyboard is open, input and own answer are both in view', async ({
  lab,
  gateway,
}) => {
  // What a keyboard leaves of 360 × 640.
  const { message } = await askOnPhone(lab, gateway, 320);
  await expect(message).toBeFocused();
  await expect(message).toBeInViewport({ ratio: 1 });
  await expect(lab.getByRole('paragraph').filter({ hasText: '22 + 44 → 66' })).toBeInViewport({
    ratio: 1,
  });
});

test('the stage works with the keyboard alone', async ({ lab }) => {
  await expect(feedStatus(lab)).toHaveText('live');
  await lab.keyboard.press('3');
  const stage = new Stage(lab);
  await expect(stage.root).toBeFocused();
  await lab.keyboard.press('a');
  await expect(lab.getByRole('button', { name: 'Send', exact: true })).toBeEnabled();
  await lab.keyboard.type('2 ^ 10');
  await lab.keyboard.press('Enter');
  await expect(stage.clients).toContainText(/→\s*1024/);
  await lab.keyboard.press('Escape');
  await expect(stage.root).toBeFocused();
  await lab.keyboard.press('w');
  await expect(lab.getByRole('region', { name: /^Server 3/ })).toBeVisible();
});

/** The places between which the next chip with bytes travels. */
function placesOfNextChip(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((done) => {
        const look = (): void => {
          const effect = document.querySelector('.chip.bytes')?.getAnimations()[0]?.effect;
          if (effect instanceof KeyframeEffect)
            done(new Set(effect.getKeyframes().map(({ transform }) => transform)).size);
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
}

test('a chip travels, or stands still for those who want less motion; a live region tells it in words', async ({
  lab,
  gateway,
}) => {
  const stage = new Stage(lab);
  await lab.emulateMedia({ reducedMotion: 'no-preference' });
  await stage.open(gateway.url, 3);
  const [socket] = await connectMany(gateway.ports.server3, 1);
  await expect(stage.clients).toHaveCount(1);
  const { texts } = await readOut(lab);
  const travels = placesOfNextChip(lab);
  socket?.write('22 + 44\n');
  expect(await travels).toBeGreaterThan(1);
  await expect(stage.moment).toContainText('was answered 66');
  await expect.poll(texts).toContainEqual(expect.stringContaining('was answered 66'));

  await expect(lab.locator('.chip')).toHaveCount(0);
  await lab.emulateMedia({ reducedMotion: 'reduce' });
  const stands = placesOfNextChip(lab);
  socket?.write('7 / 2\n');
  expect(await stands).toBe(1);
  socket?.destroy();
});

for (const muted of [false, true])
  test(`one’s own answer is read out first${muted ? ', and where the commentary is muted, too' : ''}`, async ({
    lab,
  }) => {
    const stage = new Stage(lab);
    await expect(feedStatus(lab)).toHaveText('live');
    await lab.keyboard.press('3');
    if (muted) {
      await lab.keyboard.press('?');
      await lab.getByRole('checkbox', { name: /screen reader/ }).uncheck();
      await lab.keyboard.press('Escape');
    }
    await lab.keyboard.press('a');
    await expect(stage.clients).toContainText('A');
    const { texts } = await readOut(lab);
    await lab.keyboard.type('22 + 44');
    await lab.keyboard.press('Enter');
    await expect(stage.moment).toContainText('was answered 66');
    const about66 = async () => (await texts()).filter((words) => words.includes('66'));
    await expect
      .poll(about66)
      .toEqual(muted ? ['A: 66'] : ['A: 66', expect.stringContaining('A was answered 66')]);
  });
