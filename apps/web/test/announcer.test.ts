import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Announcer } from '../src/state/announcer.svelte.ts';

let announcer: Announcer;
beforeEach(() => {
  vi.useFakeTimers();
  announcer = new Announcer();
});
afterEach(() => {
  announcer.close();
  vi.useRealTimers();
});

it('tells an answer at once, and the sentence of the moment a second after it', () => {
  announcer.sentence('A asks 22 + 44');
  expect(announcer.told.words).toBe('A asks 22 + 44');
  vi.advanceTimersByTime(100);
  announcer.sentence('B is connected');
  announcer.answer(() => 'A: 66');
  announcer.sentence('A was answered 66');
  expect(announcer.told.words).toBe('A: 66');
  vi.advanceTimersByTime(999);
  expect(announcer.told.words).toBe('A: 66');
  vi.advanceTimersByTime(1);
  expect(announcer.told.words).toBe('A was answered 66');
});

it('loses no answer of many that come at once', () => {
  for (let each = 1; each <= 30; each += 1) announcer.answer(() => `A: ${each}`);
  expect(announcer.told.words).toBe('A: 1');
  vi.advanceTimersByTime(1_000);
  expect(announcer.told.words).toBe(
    `${Array.from({ length: 20 }, (_, each) => `A: ${each + 2}`).join('; ')}; 9 more answers`,
  );
});

it('tells the same answer again, and the same sentence once', () => {
  announcer.answer(() => 'A: 66');
  const first = announcer.told;
  vi.advanceTimersByTime(1_000);
  announcer.answer(() => 'A: 66');
  expect(announcer.told).not.toBe(first);
  announcer.sentence('A left');
  vi.advanceTimersByTime(1_000);
  const left = announcer.told;
  announcer.sentence('A left');
  vi.advanceTimersByTime(1_000);
  expect(announcer.told).toBe(left);
});
