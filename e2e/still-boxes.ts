/** Where the boxes of the page are while it is frozen: what must not move from one freeze to the next. */

import { expect, type Page } from '@playwright/test';

/** Of each box its place, by what it shows. */
export type Boxes = Readonly<Record<string, string>>;

/** Reads them; the page must be frozen. */
export function boxesOf(page: Page): Promise<Boxes> {
  return page.evaluate(() => {
    const found: Record<string, string> = {};
    const add = (name: string, element: Element | null): void => {
      if (!element) return;
      const { x, y, width, height } = element.getBoundingClientRect();
      found[name] = [x, y, width, height].map((each) => each.toFixed(2)).join(' ');
    };
    add('bar', document.querySelector('header'));
    for (const control of document.querySelectorAll('header > *, header nav > button'))
      add(
        `bar ${control.tagName} ${control.textContent.slice(0, 6)}`,
        control.matches('.shown') ? null : control,
      );
    add('time shown', document.querySelector('header .shown'));
    add('sentence', document.querySelector('.moment'));
    add('picture', document.querySelector('.picture'));
    add('below', document.querySelector('.speak'));
    add('timeline', document.querySelector('.timeline'));
    add('code', document.querySelector('section.code'));
    for (const row of document.querySelectorAll('[data-key]')) {
      const band = row.closest('[aria-label]')?.parentElement?.closest('[aria-label]');
      add(
        `${band?.getAttribute('aria-label') ?? ''} ${row.getAttribute('data-key') ?? ''}`,
        row.querySelector('rect'),
      );
    }
    add('listener', document.querySelector('.listener'));
    add('chair', document.querySelector('.chair'));
    return found;
  });
}

/** Nothing that both show has moved by a pixel. */
export function expectStill(before: Boxes, after: Boxes): void {
  const both = Object.keys(before).filter((name) => name in after);
  expect(both.length).toBeGreaterThan(6);
  const moved = both
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${before[name] ?? ''} → ${after[name] ?? ''}`);
  expect(moved).toEqual([]);
}
