/** What jsdom lacks of a browser, for the tests that need it; `vi.unstubAllGlobals()` takes it back. */

import { vi } from 'vitest';

/** Nothing is laid out, so nothing ever changes its size. */
export function stubResizeObserver(): void {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe = vi.fn();
      unobserve = vi.fn();
      disconnect = vi.fn();
    },
  );
}

/** Frames come by timers, which tests let pass: one every 16 ms. */
export function stubFrames(): void {
  vi.stubGlobal('requestAnimationFrame', (draw: () => void) => setTimeout(draw, 16));
  vi.stubGlobal('cancelAnimationFrame', clearTimeout);
}

/** No medium that anything asks about is the case. */
export function stubMatchMedia(): void {
  vi.stubGlobal('matchMedia', () => ({
    matches: false,
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
  }));
}
