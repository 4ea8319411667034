/**
 * What a tab costs that is forgotten behind others while the lab is busy. A measurement: it runs only
 * for `npm run bench`, for $SOCKSCOPE_HIDDEN_MINUTES, or ten.
 *
 * A browser without a screen hides no tab. So the page is told that it is hidden, and gets no
 * animation frames, which is what a hidden one goes without.
 */

import { expect, type CDPSession, type Page } from '@playwright/test';
import { connectMany } from './connect-many.ts';
import { test } from './lab-test.ts';
import { lastEvent, talking } from './talking.ts';

const MINUTES = Number(process.env['SOCKSCOPE_HIDDEN_MINUTES'] ?? 10);
const MIB = 1024 * 1024;
const HEAP_MORE = 20 * MIB;
const EVENTS_PER_SECOND = 1000;
/** Milliseconds until a page that comes back shows the present. */
const AT_ONCE = 1000;

declare global {
  var hideTab: (isHidden: boolean) => void;
}

test('a tab that is hidden under load', async ({ lab, gateway }) => {
  test.setTimeout((MINUTES + 2) * 60_000);
  await lab.addInitScript(hideable);
  await lab.goto(`${gateway.url}?server=3`);
  const sockets = await connectMany(gateway.ports.server3, 40);
  await expect(lab.getByText('40 connected')).toBeVisible();
  const talk = talking(sockets, gateway, EVENTS_PER_SECOND);
  const session = await lab.context().newCDPSession(lab);
  // Until the page remembers as many events as it ever will.
  await lab.waitForTimeout(15_000);

  await hide(lab, true);
  const before = await heap(session);
  const first = await lastEvent(gateway);
  await lab.waitForTimeout(MINUTES * 60_000);
  const more = (await heap(session)) - before;
  const events = (await lastEvent(gateway)) - first;
  talk.stop();
  sockets.push(...(await connectMany(gateway.ports.server3, 1)));
  const since = performance.now();
  await hide(lab, false);
  await expect(lab.getByText('41 connected')).toBeVisible();
  const late = performance.now() - since;
  for (const socket of sockets) socket.destroy();

  console.log(
    `hidden for ${MINUTES} minutes, ${events} events: heap ${(before / MIB).toFixed(1)} MiB, ` +
      `${(more / MIB).toFixed(1)} MiB more; shows the present after ${late.toFixed(0)} ms`,
  );
  expect(more, 'bytes more').toBeLessThanOrEqual(HEAP_MORE);
  expect(late, 'ms until the present is shown').toBeLessThanOrEqual(AT_ONCE);
});

async function heap(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}

function hide(page: Page, isHidden: boolean): Promise<void> {
  return page.evaluate((hidden) => globalThis.hideTab(hidden), isHidden);
}

/** Runs in the page, before its own scripts. */
function hideable(): void {
  let isHidden = false;
  const held = new Map<number, FrameRequestCallback>();
  const draw = globalThis.requestAnimationFrame.bind(globalThis);
  const forget = globalThis.cancelAnimationFrame.bind(globalThis);
  let id = 1e9;
  globalThis.requestAnimationFrame = (frame) => {
    if (!isHidden) return draw(frame);
    held.set(++id, frame);
    return id;
  };
  globalThis.cancelAnimationFrame = (frame) => {
    if (!held.delete(frame)) forget(frame);
  };
  Object.defineProperty(document, 'hidden', { get: () => isHidden });
  Object.defineProperty(document, 'visibilityState', {
    get: () => (isHidden ? 'hidden' : 'visible'),
  });
  globalThis.hideTab = (hidden) => {
    isHidden = hidden;
    document.dispatchEvent(new Event('visibilitychange'));
    if (hidden) return;
    for (const frame of held.values()) draw(frame);
    held.clear();
  };
}
