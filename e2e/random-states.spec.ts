/**
 * Random states of the whole page, wall and stages, desk and projector, on screens of lectures: no text outside of
 * its box, none over another, none cut without "…", no number cut; the head is one row of one height; the focused
 * element is in sight. A lab, clients and keys by chance make them, in walks of some steps each.
 *
 * `STATES=10000` looks at more of them; what is found says with which `SEED` its walk is walked again, in `STATES=320` whole. Clients,
 * threads and the kernel are real: the same walk meets them a little earlier or later another time.
 */

import { expect } from '@playwright/test';
import { lookAt } from './faults-in-sight.ts';
import { test } from './lab-test.ts';
import { RandomWalk } from './random-walk.ts';

const sizes = [
  { width: 1280, height: 720 },
  { width: 1024, height: 768 },
  { width: 1920, height: 1080 },
  { width: 844, height: 390 },
] as const;

/** Of a walk: with more of them nobody sees where it began to be wrong. */
const STEPS = 40;
const SEED = Number(process.env['SEED'] ?? 1);
const STATES = Number(process.env['STATES'] ?? 48);
/** More are not told of one walk. */
const MOST_TOLD = 12;
/** Milliseconds that a step may take on a slow machine. */
const STEP_MS = 1_000;

/** A walk begins in desk mode, the next one in projector mode: there are two at least. */
const walks = Math.max(2, Math.ceil(STATES / sizes.length / STEPS));
const steps = Math.min(STEPS, Math.ceil(STATES / sizes.length / walks));

for (const [index, size] of sizes.entries()) {
  const words = `${size.width}×${size.height}`;
  test(`${words}: random states, all texts in their places`, async ({ lab, gateway }, testInfo) => {
    test.setTimeout(60_000 + walks * steps * STEP_MS);
    await lab.setViewportSize(size);
    lab.on('dialog', (dialog) => void dialog.accept());
    /** The height of the head in each mode. */
    const heads = new Map<string, number>();
    const looks = new Map<string, number>();
    const faults = new Map<string, string>();
    for (let walked = 0; walked < walks; walked += 1) {
      const seed = SEED + walked;
      const walk = new RandomWalk(lab, gateway, seed * sizes.length + index);
      await walk.begin((seed + index) % 2 === 0);
      for (let step = 0; step < steps; step += 1) {
        const { faults: found, head, mode } = await lookAt(lab);
        const at = `SEED=${seed}, step ${step}, ${words}, ${mode}`;
        looks.set(mode, (looks.get(mode) ?? 0) + 1);
        expect(head, `the head's height; ${at}`).toBe(heads.get(mode) ?? head);
        heads.set(mode, head);
        for (const { what, text, where, boxes } of found) {
          const fault = `${what}: “${text}” in ${where} (${boxes})`;
          const after = `after ${walk.done.slice(-5).join(', ')}`;
          const key = `${mode} ${what} ${where}`;
          if (faults.has(key)) continue;
          faults.set(key, `${at}: ${fault}; ${after}`);
          const path = testInfo.outputPath(`${faults.size}.png`);
          if (faults.size <= MOST_TOLD) await lab.screenshot({ path });
        }
        await walk.step();
      }
      walk.end();
    }
    const told = [...looks].map(([mode, many]) => `${many} in ${mode} mode`).join(', ');
    testInfo.annotations.push({ type: 'states', description: `${words}: ${told}` });
    if (process.env['STATES'] !== undefined) console.log(`${words}: looked at ${told}`);
    expect([...faults.values()].slice(0, MOST_TOLD)).toEqual([]);
  });
}
