import { describe, expect, it } from 'vitest';
import { readView, writeView, type ViewSettings } from '../src/view/view-url.ts';

describe('the view in the URL', () => {
  it('is the wall, live, without a query', () => {
    const wall = readView('');
    expect(wall).toMatchObject({ server: null, projector: false, speed: null, axis: 'clock' });
    expect(writeView(wall)).toBe('');
  });

  it('comes back as it was written', () => {
    const view: ViewSettings = {
      server: 'server3',
      projector: true,
      speed: 500,
      axis: 'order',
      code: 'python',
    };
    expect(writeView(view)).toBe('?server=3&mode=projector&speed=500&axis=order&code=python');
    expect(readView(writeView(view))).toEqual(view);
  });

  it('leaves out what it does not know', () => {
    const view = readView('?server=9&mode=cinema&speed=-1&axis=<b>&code=cobol');
    expect(writeView(view)).toBe('');
  });
});
