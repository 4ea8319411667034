/**
 * How smoothly the stage is drawn while a lot happens. A measurement, not a test of behaviour: it
 * runs only for `npm run bench`, and fails when a bound is missed.
 *
 * A frame's time is the distance between two animation frames of the browser, as it gives them.
 */

import { expect, type Page } from '@playwright/test';
import { connectMany } from './connect-many.ts';
import { test } from './lab-test.ts';
import { lastEvent, talking } from './talking.ts';

const SECONDS = 10;
/** Milliseconds: every frame, and every second frame, of 60 a second; browsers tell them to 0.2. */
const SMOOTH = 16.7 + 0.2;
const BEARABLE = 33.3 + 0.2;

interface Load {
  clients: number;
  eventsPerSecond: number;
  limit: number;
}

const loads: readonly Load[] = [
  { clients: 40, eventsPerSecond: 500, limit: SMOOTH },
  { clients: 1000, eventsPerSecond: 500, limit: BEARABLE },
];

for (const { clients, eventsPerSecond, limit } of loads) {
  test(`frames of the stage: ${clients} clients, ${eventsPerSecond} events/s`, async ({
    lab,
    gateway,
  }) => {
    test.setTimeout(120_000);
    await lab.goto(`${gateway.url}?server=3`);
    const sockets = await connectMany(gateway.ports.server3, clients);
    await expect(lab.getByRole('main')).toContainText('blocked in select()');

    const talk = talking(sockets, gateway, eventsPerSecond);
    await warmUp(lab);
    const before = await lastEvent(gateway);
    const frames = await measureFrames(lab, SECONDS);
    const seen = ((await lastEvent(gateway)) - before) / SECONDS;
    talk.stop();
    for (const socket of sockets) socket.destroy();

    const sorted = frames.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Infinity;
    console.log(
      `${clients} clients, ${seen.toFixed(0)} events/s: ${frames.length} frames, ` +
        `median ${at(0.5).toFixed(1)} ms, p95 ${at(0.95).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, ` +
        `worst ${at(1).toFixed(1)} ms`,
    );
    expect(seen, 'events a second').toBeGreaterThan(0.8 * eventsPerSecond);
    expect(at(0.95), '95th percentile of the frame time, ms').toBeLessThanOrEqual(limit);
  });
}

/** Two seconds, so that the page's code is compiled and its fonts are there. */
async function warmUp(page: Page): Promise<void> {
  await measureFrames(page, 2);
}

function measureFrames(page: Page, seconds: number): Promise<number[]> {
  return page.evaluate(
    (ms) =>
      new Promise<number[]>((done) => {
        const times: number[] = [];
        const frame = (now: number): void => {
          times.push(now);
          if (now - (times[0] ?? now) < ms) requestAnimationFrame(frame);
          else done(times.slice(1).map((time, i) => time - (times[i] ?? time)));
        };
        requestAnimationFrame(frame);
      }),
    seconds * 1000,
  );
}
