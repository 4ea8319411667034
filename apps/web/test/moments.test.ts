import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Moments } from '../src/state/moments.svelte.ts';
import { ALab } from './a-lab.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('tells at most one sentence a second, the weightiest of what came meanwhile', () => {
  const moments = new Moments();
  const lab = new ALab();
  lab.connect('server1', 1, 24);
  moments.tell(lab.events.splice(0), lab.lab);
  expect(moments.current?.sentence).toContain('A is connected');

  lab.turnAway('server1', 2, 25);
  lab.connect('server2', 3, 26);
  moments.tell(lab.events.splice(0), lab.lab);
  expect(moments.current?.sentence).toContain('A is connected');
  vi.advanceTimersByTime(999);
  expect(moments.current?.sentence).toContain('A is connected');
  vi.advanceTimersByTime(1);
  expect(moments.current?.sentence).toContain('turned away');
  moments.close();
});

it('begins with the last moment, on a page that comes late', () => {
  const moments = new Moments();
  const lab = new ALab();
  lab.start('server1');
  lab.turnAway('server1', 1, 25);
  moments.begin(lab.events, lab.lab);
  expect(moments.current?.sentence).toContain('turned away');
  moments.begin([], lab.lab);
  expect(moments.current).toBeNull();
});
