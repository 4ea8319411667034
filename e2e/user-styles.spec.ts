/** The page in the colours and with the spacing that its user has chosen for all pages. */

import { expect, type Page } from '@playwright/test';
import { feedStatus, overlaps, Stage } from './lab-page.ts';
import { test } from './lab-test.ts';

/** Words on a ground of their own that the browser would hide behind a plate, or that are as dark as it. */
function platedWords(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const ground = getComputedStyle(document.body).backgroundColor;
    return [...document.querySelectorAll('body *:not(svg *)')]
      .filter((element) => element.textContent.trim() !== '')
      .filter((element) => {
        const { backgroundColor, color, forcedColorAdjust } = getComputedStyle(element);
        const hasOwn = backgroundColor !== ground && !backgroundColor.endsWith(', 0)');
        return hasOwn && (forcedColorAdjust !== 'none' || color === backgroundColor);
      })
      .map((element) => element.outerHTML.slice(0, 200));
  });
}

const styleOf = (page: Page, selector: string, property: string): Promise<string> =>
  page
    .locator(selector)
    .first()
    .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);

for (const colorScheme of ['light', 'dark'] as const)
  test(`in forced colours (${colorScheme}) what is told by a fill can be seen`, async ({ lab }) => {
    await lab.emulateMedia({ forcedColors: 'active', colorScheme });
    await expect(feedStatus(lab)).toHaveText('live');
    const stage = new Stage(lab);
    for (const key of ['3', 'k', 'A']) await lab.keyboard.press(key);
    await expect(stage.clients.and(lab.locator('[data-place=open]'))).toHaveCount(5);
    await lab.keyboard.press('e');
    await expect(stage.clients.filter({ hasText: /waits \d/ })).toHaveCount(4);
    await lab.keyboard.press('.');
    await expect(feedStatus(lab)).toHaveText('frozen');
    const style = (selector: string, property: string) => styleOf(lab, selector, property);

    const set = await style('[data-bit=set]', 'fill');
    expect(set).not.toBe(await style('[data-bit=cleared]', 'fill'));
    expect(set).not.toBe(await style('.band', 'fill'));
    expect(await style('.thread.works', 'fill')).not.toBe(await style('.band', 'fill'));
    expect(await style('.chosen .card', 'stroke')).not.toBe(await style('.card', 'stroke'));
    expect(await style('[data-lit=working] .gutter', 'border-left-color')).not.toBe(
      await style('.gutter', 'border-left-color'),
    );
    expect(await platedWords(lab)).toEqual([]);

    await lab.keyboard.press('w');
    const ready = await style('.watched li.ready', 'border-top-color');
    expect(ready).not.toBe(await style('.watched li:not(.ready)', 'border-top-color'));
    expect(await style('.spent:not(.works)', 'background-image')).toContain('gradient');
    expect(await style('.spent:not(.works)', 'forced-color-adjust')).toBe('none');
    expect(await style('.row.chosen', 'outline-style')).toBe('solid');
    expect(await platedWords(lab)).toEqual([]);

    await lab.keyboard.press('p');
    expect(await style('.waits', 'background-image')).toContain('gradient');
    expect(await style('.waits', 'forced-color-adjust')).toBe('none');
    expect(await style('.calculated', 'background-color')).not.toBe(
      await style('.waits', 'background-color'),
    );
    expect(await platedWords(lab)).toEqual([]);
  });

test('with a user’s text spacing the picture’s texts keep apart, and panels keep their words inside', async ({
  lab,
}) => {
  await lab.setViewportSize({ width: 1280, height: 720 });
  await lab.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
      * { line-height: 1.5 !important; letter-spacing: 0.12em !important;
          word-spacing: 0.16em !important; }
      p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets.push(sheet);
  });
  await expect(feedStatus(lab)).toBeInViewport({ ratio: 1 });
  for (const panel of await lab.locator('section.panel').all())
    expect(await panel.evaluate((box) => box.scrollHeight - box.clientHeight)).toBeLessThan(2);
  const stage = new Stage(lab);
  for (const key of ['3', 'A']) await lab.keyboard.press(key);
  await expect(stage.clients.and(lab.locator('[data-place=open]'))).toHaveCount(5);
  await lab.keyboard.press('e');
  await expect(stage.clients.filter({ hasText: '20 digits' })).toHaveCount(1);
  expect(await overlaps(lab)).toEqual([]);
});
