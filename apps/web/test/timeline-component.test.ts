// @vitest-environment jsdom

import { assignment } from '@sockscope/tcp-core/designs/all';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import Timeline from '../src/components/timeline/Timeline.svelte';
import { stubMatchMedia, stubResizeObserver } from './a-browser.ts';
import { ALab, EPOCH } from './a-lab.ts';

beforeEach(() => {
  // jsdom draws nothing and lays nothing out.
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  stubMatchMedia();
  Object.defineProperty(document, 'fonts', {
    value: { ready: Promise.resolve() },
    configurable: true,
  });
  stubResizeObserver();
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function timeline() {
  const lab = new ALab();
  lab.start('server3');
  lab.connect('server3', 1, 21);
  lab.start('server4');
  const history = new LabHistory(emptyLab(EPOCH, assignment));
  history.push(lab.events);
  const calls = { onaxis: vi.fn(), onseek: vi.fn(), onhover: vi.fn() };
  const look = { live: false, version: 1, axis: 'clock', highlighted: null } as const;
  const server = lab.lab.servers.server3!;
  return { ...calls, ...render(Timeline, { history, server, seq: 5, ...look, ...calls }) };
}

describe('Timeline', () => {
  it('is a slider that tells the shown event in words', () => {
    timeline();
    const slider = screen.getByRole('slider', { name: 'Time' });
    expect(slider.getAttribute('aria-valuenow')).toBe('5');
    expect(slider.getAttribute('aria-valuemin')).toBe('0');
    expect(slider.getAttribute('aria-valuemax')).toBe('10');
    expect(slider.getAttribute('aria-valuetext')).toBe(
      'accepted, from 127.0.0.1:53001 · accept() → fd 21',
    );
  });

  it('steps through the server’s own events by keys, and tells the frame so', async () => {
    const { onseek } = timeline();
    const slider = screen.getByRole('slider', { name: 'Time' });
    const left = await fireEvent.keyDown(slider, { key: 'ArrowLeft' });
    await fireEvent.keyDown(slider, { key: 'ArrowRight' });
    await fireEvent.keyDown(slider, { key: 'Home' });
    await fireEvent.keyDown(slider, { key: 'End' });
    const other = await fireEvent.keyDown(slider, { key: 'p' });
    expect(onseek.mock.calls).toEqual([[4], [6], [1], [6]]);
    // Only what it has handled is not for the page's own keys.
    expect([left, other]).toEqual([false, true]);
  });

  it('offers both axes', () => {
    const { onaxis } = timeline();
    expect(screen.getByRole('button', { pressed: true }).textContent).toBe('Clock');
    screen.getByRole('button', { name: 'Events' }).click();
    expect(onaxis).toHaveBeenCalledWith('order');
  });
});
