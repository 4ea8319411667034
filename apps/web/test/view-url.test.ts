import { describe, expect, it } from 'vitest';
import { assignment } from '@sockscope/tcp-core/designs/all';
import { readView, writeView, type ViewSettings } from '../src/view/view-url.ts';

describe('the view in the URL', () => {
  it('is the wall, live, without a query', () => {
    const wall = readView('');
    expect(wall).toMatchObject({ server: null, projector: false, speed: null, axis: 'clock' });
    expect(writeView(wall)).toBe('');
  });

  it('comes back as it was written', () => {
    const view: ViewSettings = {
      server: 3,
      projector: true,
      speed: 500,
      axis: 'order',
      code: 'python',
    };
    expect(writeView(view)).toBe('?server=3&mode=projector&speed=500&axis=order&code=python');
    expect(readView(writeView(view))).toEqual(view);
  });

  it('has the number of each server, by which it is called', () => {
    for (const { number } of assignment) {
      expect(readView(`?server=${number}`).server).toBe(number);
      expect(writeView({ ...readView(''), server: number })).toBe(`?server=${number}`);
    }
  });

  it('leaves out what it does not know', () => {
    const view = readView('?server=-9&mode=cinema&speed=-1&axis=<b>&code=cobol');
    expect(writeView(view)).toBe('');
    expect(readView('?server=').server).toBeNull();
  });
});
