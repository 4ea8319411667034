/** Each demonstration of a lecture with a clicker's keys and letters alone, in ten keys at most. */

import { expect, type Page } from '@playwright/test';
import { feedStatus, Stage } from './lab-page.ts';
import { test } from './lab-test.ts';
import { boxesOf, expectStill, type Boxes } from './still-boxes.ts';

/** The most keys that a demonstration may take. */
const MOST_KEYS = 10;

/** A lecturer's hand: counts the keys. */
class Hand {
  readonly #page: Page;
  keys = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.keys += 1;
      await this.#page.keyboard.press(key);
    }
  }

  /** Freezes the picture, and reads where everything is. */
  async freeze(): Promise<Boxes> {
    await this.press('.');
    await expect(feedStatus(this.#page)).toHaveText('frozen');
    return boxesOf(this.#page);
  }
}

const demonstration = (
  title: string,
  show: (hand: Hand, stage: Stage, page: Page) => Promise<void>,
): void =>
  test(title, async ({ lab }) => {
    const hand = new Hand(lab);
    await feedStatus(lab).filter({ hasText: 'live' }).waitFor();
    await show(hand, new Stage(lab), lab);
    expect(hand.keys).toBeLessThanOrEqual(MOST_KEYS);
  });

const inPlace = (stage: Stage, page: Page, place: string) =>
  stage.clients.and(page.locator(`[data-place=${place}]`));

demonstration('server 1, busy: one is served, four are told so', async (hand, stage, page) => {
  await hand.press('1', 'A');
  await expect(inPlace(stage, page, 'open')).toHaveCount(1);
  await expect(inPlace(stage, page, 'refused').first()).toContainText('FIN');
  const before = await hand.freeze();
  await hand.press('PageUp', 'PageUp');
  expectStill(before, await boxesOf(page));
});

demonstration('server 1, refuse: the kernel refuses the others', async (hand, stage, page) => {
  await hand.press('1', 'y');
  await expect(stage.root).toContainText('refuse');
  await hand.press('A');
  await expect(inPlace(stage, page, 'open')).toHaveCount(1);
  await expect(inPlace(stage, page, 'refused').first()).toContainText('ECONNREFUSED');
});

demonstration(
  'server 1, queue: the others wait, and one sees how long',
  async (hand, stage, page) => {
    await hand.press('1', 'y');
    await expect(stage.root).toContainText('refuse');
    await hand.press('y');
    await expect(stage.root).toContainText('queue');
    await hand.press('A');
    await expect(inPlace(stage, page, 'waiting')).toHaveCount(4);
    await expect(inPlace(stage, page, 'waiting').first()).toContainText(/waits \d/);
    const before = await hand.freeze();
    await hand.press('.');
    // It grows with the clock, and nothing else changes its place.
    await expect(inPlace(stage, page, 'waiting').first()).toContainText(/waits [1-9]/);
    expectStill(before, await hand.freeze());
  },
);

demonstration(
  'a full accept queue: three have a place in it, the next is not connected',
  async (hand, stage) => {
    await hand.press('1', 'q', 'y');
    await expect(stage.root).toContainText('refuse');
    await hand.press('y');
    await expect(stage.acceptQueue).toContainText('/ 2');
    await hand.press('A');
    await expect(stage.acceptQueue).toContainText('3 / 2');
    await expect(stage.clients.filter({ hasText: 'connecting' })).toHaveCount(1);
  },
);

for (const server of [2, 3] as const)
  demonstration(
    `server ${server}: five ask at once, and each calculation takes 5 s`,
    async (hand, stage, page) => {
      await hand.press(String(server), 'k', 'A');
      await expect(inPlace(stage, page, 'open')).toHaveCount(5);
      await hand.press('e');
      await expect(stage.clients.filter({ hasText: /calculated|at work/ })).toHaveCount(
        server === 2 ? 5 : 1,
      );
      if (server === 3) {
        await expect(stage.clients.filter({ hasText: /waits \d/ })).toHaveCount(4);
        const before = await hand.freeze();
        await hand.press('PageUp', 'PageUp', 'PageDown');
        expectStill(before, await boxesOf(page));
      }
    },
  );

demonstration('two are ready in one select, back and forth', async (hand, stage, page) => {
  await hand.press('3', 'k', 'A');
  await expect(inPlace(stage, page, 'open')).toHaveCount(5);
  await hand.press('e');
  const ready = stage.descriptors.and(page.locator('[data-ready=true]'));
  // The first select returns the first that spoke, or all five, if it was late; the next one the others.
  await expect.poll(() => ready.count(), { timeout: 15_000 }).toBeGreaterThan(1);
  const together = await ready.count();
  const before = await hand.freeze();
  await hand.press('Shift+ArrowLeft', 'Shift+ArrowRight');
  await expect(ready).toHaveCount(together);
  expectStill(before, await boxesOf(page));
});

demonstration('half-close: its answer still comes', async (hand, stage, page) => {
  await hand.press('1', 'A');
  await expect(inPlace(stage, page, 'open')).toHaveCount(1);
  await hand.press('e');
  await expect(stage.clients.filter({ hasText: '66' })).toHaveCount(1);
  // The newest was turned away: the one that is served has to be chosen.
  await hand.press('n', 'h');
  await expect(stage.log).toContainText('FIN');
});

demonstration('a reset: RST, and the server sees it', async (hand, stage) => {
  await hand.press('2', 'A');
  await expect(stage.clients).toHaveCount(5);
  await hand.press('r');
  await expect(stage.log).toContainText('ECONNRESET');
  await expect(stage.clients.filter({ hasText: 'RST' })).toHaveCount(1);
});

demonstration('an echo in two recvs: a message in two pieces', async (hand, stage) => {
  await hand.press('4', 'A');
  await expect(stage.clients).toHaveCount(5);
  await hand.press('i');
  await expect(stage.log).toContainText('3 bytes');
  await hand.press('i');
  await expect(stage.log.getByText('2 bytes').first()).toBeVisible();
});

demonstration('what happened 40 s ago, and back to live', async (hand, stage, page) => {
  await hand.press('3', 'A');
  await expect(stage.clients).toHaveCount(5);
  await hand.press('j', 'j', 'j', 'j');
  await expect(feedStatus(page)).toHaveText('frozen');
  await expect(stage.clients).toHaveCount(0);
  await hand.press('End');
  await expect(feedStatus(page)).toHaveText('live');
  await expect(stage.clients).toHaveCount(5);
});

demonstration('clear the stage: nobody is there, nothing is counted', async (hand, stage) => {
  await hand.press('1', 'A');
  await expect(stage.root).toContainText('4 turned away');
  await hand.press('x');
  await expect(stage.clients).toHaveCount(0);
  await expect(stage.root).not.toContainText('4 turned away');
  await expect(stage.root).toContainText('nobody connected');
});
