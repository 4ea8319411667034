import type { LabEvent, LabFact } from '@sockscope/tcp-core/trace/events';
import { describe, expect, it } from 'vitest';
import { ClockScale } from '../src/view/timeline/clock-scale.ts';

const on = { connection: 1, fd: 21 } as const;
const received: LabFact = { type: 'received', ...on, bytes: 6, preview: '22+44\n' };
const evaluating: LabFact = { type: 'evaluating', ...on, message: '22+44' };
const answer = { message: '22+44', reply: '66', error: false, micros: 40 } as const;
const evaluated: LabFact = { type: 'evaluated', ...on, ...answer };
const sent: LabFact = { type: 'sent', ...on, bytes: 3, requested: 3, preview: '66\n' };

let seq = 0;
function at(t: number, fact: LabFact): LabEvent {
  return { ...fact, epoch: 'epoch-1', seq: (seq += 1), t, server: 'server3', thread: 1 };
}

function exchange(scale: ClockScale, t: number): void {
  scale.take(at(t, received), false);
  scale.take(at(t + 200, evaluated), false);
  scale.take(at(t + 600, sent), false);
}

/** Two exchanges with seven quiet seconds between them, a calculation of two, and a rush. */
function aScale(): ClockScale {
  const scale = new ClockScale(1_000_000, false);
  exchange(scale, 2_000_000);
  exchange(scale, 9_100_000);
  scale.take(at(10_000_000, received), false);
  scale.take(at(10_000_100, evaluating), true);
  scale.take(at(12_000_100, evaluated), false);
  scale.take(at(12_000_300, sent), false);
  for (let i = 0; i < 2_000; i += 1) exchange(scale, 12_100_000 + 2_000 * i);
  scale.reach(30_000_000);
  return scale;
}

describe('the clock’s axis', () => {
  it('never goes back, and leads from each place to one time', () => {
    const scale = aScale();
    let before = -Infinity;
    for (let t = 0; t <= 40_000_000; t += 9_973) {
      const place = scale.place(t);
      expect(place).toBeGreaterThan(before);
      expect(Math.abs(scale.time(place) - t)).toBeLessThan(1);
      before = place;
    }
  });

  it('folds quiet time, however long it was', () => {
    const scale = aScale();
    const folds = scale.within(0, Infinity).filter(({ fold }) => fold !== null);
    expect(folds.map(({ fromTime, toTime }) => Math.round((toTime - fromTime) / 1e5))).toEqual([
      71, 139,
    ]);
    // One unit, and the room before the recv that ended it.
    expect(scale.place(9_100_000) - scale.place(2_000_600)).toBeCloseTo(1 + 0.9);
    expect(scale.place(30_000_000) - scale.place(16_098_600)).toBeCloseTo(1);
  });

  it('does not fold while something is calculated: a second is as wide as another', () => {
    const scale = aScale();
    const begun = scale.place(10_000_100);
    expect(scale.place(11_000_100) - begun).toBeCloseTo(1);
    expect(scale.place(12_000_100) - begun).toBeCloseTo(2);
  });

  it('breaks also what is waited for very long, and moves nothing by it', () => {
    const scale = new ClockScale(0, false);
    scale.take(at(1_000_000, evaluating), true);
    const begun = scale.place(1_000_000);
    scale.reach(9_000_000);
    expect(scale.place(9_000_000) - begun).toBeCloseTo(8);
    expect(scale.within(0, Infinity).at(-1)?.fold).toBeNull();
    scale.reach(91_000_000);
    expect(scale.place(91_000_000) - begun).toBeCloseTo(12);
    expect(scale.within(0, Infinity).at(-1)?.fold).not.toBeNull();
    expect(scale.place(1_000_000)).toBe(begun);
  });

  it('gives an exchange 120 px at least, an echo too', () => {
    const scale = new ClockScale(0, false);
    exchange(scale, 5_000_000);
    scale.take(at(15_000_000, received), false);
    scale.take(at(15_000_090, sent), false);
    const px = 3.5 * 16;
    expect((scale.place(5_000_600) - scale.place(5_000_000)) * px).toBeGreaterThanOrEqual(120);
    expect((scale.place(15_000_090) - scale.place(15_000_000)) * px).toBeGreaterThanOrEqual(120);
  });

  it('stays a clock in a rush: four seconds of it are not a hundred screens', () => {
    const scale = aScale();
    const rush = scale.place(16_098_600) - scale.place(12_100_000);
    expect(rush).toBeGreaterThan(4);
    expect(rush).toBeLessThan(50);
    // At its end each second takes as much as the one before.
    const second = (from: number): number => scale.place(from + 1e6) - scale.place(from);
    expect(second(15_000_000)).toBeLessThan(4);
    expect(second(15_000_000)).toBeCloseTo(second(14_000_000), 0);
  });

  it('leaves all that is known where it is, whatever comes and whatever is forgotten', () => {
    const scale = aScale();
    const times = [9_100_000, 9_100_200, 9_100_600, 11_000_000, 12_000_300, 13_000_000];
    const before = times.map((t) => scale.place(t));
    exchange(scale, 31_000_000);
    scale.reach(60_000_000);
    expect(times.map((t) => scale.place(t))).toEqual(before);
    scale.forget(9_000_000);
    expect(times.map((t) => scale.place(t))).toEqual(before);
    expect(scale.start).toBeGreaterThan(0);
  });

  it('lays what a thread reported late between what is there', () => {
    const scale = new ClockScale(0, false);
    exchange(scale, 2_000_000);
    const before = scale.place(2_000_600);
    scale.take(at(2_000_300, sent), false);
    expect(scale.place(2_000_600)).toBe(before);
    expect(scale.place(2_000_300)).toBeGreaterThan(scale.place(2_000_200));
    expect(scale.place(2_000_300)).toBeLessThan(before);
  });
});
