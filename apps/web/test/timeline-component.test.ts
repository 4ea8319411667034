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

function aLab(): ALab {
  const lab = new ALab();
  lab.start('server3');
  lab.connect('server3', 1, 21);
  lab.start('server4');
  return lab;
}

function timeline(lab = aLab(), more: { strip?: boolean; live?: boolean; now?: number } = {}) {
  const history = new LabHistory(emptyLab(EPOCH, assignment));
  history.push(lab.events);
  const calls = { onaxis: vi.fn(), onseek: vi.fn(), onhover: vi.fn() };
  const look = { live: false, now: lab.t, version: 1, axis: 'clock', highlighted: null } as const;
  const server = lab.lab.servers.server3!;
  return { ...calls, ...render(Timeline, { history, server, seq: 5, ...look, ...calls, ...more }) };
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

  describe('drawn', () => {
    /** A canvas that takes everything, and says which texts it was given. */
    function stubCanvas(): string[] {
      const texts: string[] = [];
      const pen = new Proxy<Record<string, unknown>>(
        { fillText: (text: string) => texts.push(text) },
        { get: (own, name) => own[String(name)] ?? (() => pen), set: () => true },
      );
      vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(pen as never);
      const size = { clientWidth: 1136, clientHeight: 152 };
      for (const [name, value] of Object.entries(size))
        vi.spyOn(Element.prototype, name as 'clientWidth', 'get').mockReturnValue(value);
      vi.stubGlobal(
        'ResizeObserver',
        class {
          readonly observe: () => void;
          constructor(tell: () => void) {
            this.observe = tell;
          }
          disconnect = vi.fn();
        },
      );
      vi.stubGlobal('requestAnimationFrame', (draw: () => void) => {
        queueMicrotask(draw);
        return 1;
      });
      return texts;
    }

    /** The second client's bytes lie in the kernel while the first one's are calculated. */
    function aWait(): ALab {
      const lab = aLab();
      lab.connect('server3', 2, 22);
      const on = { connection: 1, fd: 21 };
      lab.happen('server3', 1, { type: 'evaluating', ...on, message: '2^64' });
      const socket = { tcp: 'ESTABLISHED', receive: 4, send: 0 } as const;
      lab.happen('server3', null, {
        ...{ type: 'sampled', acceptQueue: 0, waiting: [], timeWait: 0 },
        connections: [{ connection: 2, ...socket }],
      });
      return lab;
    }

    it('says who waits and how long, also to those who hear it', async () => {
      const texts = stubCanvas();
      const lab = aWait();
      const { rerender } = timeline(lab, { live: true, now: lab.t + 2_000_000 });
      await vi.waitFor(() => expect(texts).toContain('waits 2.0 s'));
      const lanes = screen.getByRole('list', { name: 'Lanes' });
      expect(lanes.textContent).toMatch(/B: .+ connection from port 53002; waits 2 s/);
      expect(lanes.textContent).toMatch(/A: .+ connection from port 53001(?!; waits)/);
      await rerender({ now: lab.t + 3_400_000 });
      await vi.waitFor(() => expect(texts).toContain('waits 3.4 s'));
    });

    it('zooms by buttons and by keys, and says nothing of it to the page', async () => {
      const texts = stubCanvas();
      const lab = aWait();
      const { onseek } = timeline(lab, { live: true, now: lab.t + 8_000_000 });
      const ticks = (): number => new Set(texts.filter((text) => /^\d+ s$/.test(text))).size;
      await vi.waitFor(() => expect(ticks()).toBeGreaterThan(0));
      const before = ticks();
      for (const name of ['Zoom in', 'Zoom in', 'Zoom in']) {
        texts.length = 0;
        await fireEvent.click(screen.getByRole('button', { name }));
        await vi.waitFor(() => expect(texts).not.toEqual([]));
      }
      expect(ticks()).toBeGreaterThan(before);
      const slider = screen.getByRole('slider', { name: 'Time' });
      for (const key of ['-', '-', '-']) {
        texts.length = 0;
        expect(await fireEvent.keyDown(slider, { key })).toBe(false);
        await vi.waitFor(() => expect(texts).not.toEqual([]));
      }
      expect(ticks()).toBe(before);
      expect(onseek).not.toHaveBeenCalled();
    });

    it('is a strip without axes in projector mode', async () => {
      const texts = stubCanvas();
      const lab = aWait();
      timeline(lab, { live: true, now: lab.t + 2_000_000, strip: true });
      await vi.waitFor(() => expect(texts).not.toEqual([]));
      expect(screen.queryByRole('button', { name: 'Events' })).toBeNull();
      expect(screen.getByRole('button', { name: 'Zoom in' })).toBeTruthy();
      expect(screen.getAllByRole('listitem').length).toBeLessThanOrEqual(4);
    });
  });
});
