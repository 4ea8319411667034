// @vitest-environment jsdom

import { cleanup, render } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import StageText from '../src/components/stage/StageText.svelte';
import { fitSans } from '../src/view/geometry.ts';
import { baseline, labelAt, stageType, textWidth, wrapped } from '../src/view/stage/label.ts';

afterEach(() => cleanup());

describe('labelAt', () => {
  it('keeps the text at its point: it begins, ends, or has its middle there', () => {
    const at = { x: 100, y: 50 };
    const width = textWidth('listen', 13);
    const lefts = (['start', 'middle', 'end'] as const).map((anchor) => {
      const label = labelAt('listen', at, 13, { anchor });
      expect(baseline(label)).toBeCloseTo(50);
      const { container } = render(StageText, { label });
      const text = container.querySelector('text');
      expect(Number(text?.getAttribute('x'))).toBeCloseTo(100);
      expect(text?.getAttribute('text-anchor')).toBe(anchor);
      cleanup();
      return label.x;
    });
    expect(lefts).toEqual([100, 100 - width / 2, 100 - width]);
  });
});

describe('fitSans', () => {
  it('gives wide letters and signs of other scripts the room that they take', () => {
    expect(fitSans('Ada Lovelace', 140, 20)).toBe('Ada Lovelace');
    // In Inter a W is 0.97 em, a sign of Japanese 1 em.
    expect(fitSans('WWWWWWWWWWWW', 140, 20)).toBe('WWWWWW…');
    expect(fitSans('日本語日本語', 100, 20)).toBe('日本語日…');
  });
});

describe('StageText', () => {
  it('says what its place wants instead of what the label says', () => {
    const label = labelAt('recv', { x: 0, y: 20 }, 13, { font: 'mono' });
    const { container } = render(StageText, { label, tone: 'soft', bold: true, term: 'recv()' });
    const text = container.querySelector('text');
    expect(text?.classList).toContain('mono');
    expect(text?.classList).toContain('soft');
    expect(text?.classList).toContain('bold');
    expect(text?.dataset['term']).toBe('recv()');
  });

  it('draws nothing for a text that had no room', () => {
    expect(render(StageText, { label: null }).container.querySelector('text')).toBeNull();
  });
});

describe('wrapped', () => {
  it('has no line where there is room for none', () => {
    const place = { x: 0, y: 0, width: 300 };
    expect(wrapped('a text of some words', place, 13, 0)).toEqual([]);
    expect(wrapped('', place, 13, 2)).toEqual([]);
  });
});

describe('stageType', () => {
  it('has larger letters, but not larger distances, on a projector', () => {
    const size = { width: 1256, height: 470, unit: 26.4 };
    const projector = stageType({ ...size, projector: true });
    expect(projector.small).toBeGreaterThanOrEqual(24);
    expect(projector.space).toBeLessThan(17);
    expect(stageType({ ...size, projector: false }).space).toBe(26.4);
  });
});
