import { describe, expect, it } from 'vitest';
import { isForPage, keyAction, keyHelp } from '../src/view/keys.ts';

const press = (key: string, shiftKey = false) => keyAction({ key, shiftKey }, false);

describe('keyAction', () => {
  it('opens a stage by its number, and the wall', () => {
    expect(press('3')).toEqual({ do: 'open stage', number: 3 });
    expect(press('5')).toEqual({ do: 'open stage', number: 5 });
    expect(press('0')).toEqual({ do: 'wall' });
  });

  it('steps with the arrows and with a presenter’s clicker, by turns with shift', () => {
    expect(press('PageDown')).toEqual(press('ArrowRight'));
    expect(press('PageUp')).toEqual({ do: 'step', direction: -1 });
    expect(press('ArrowLeft', true)).toEqual({ do: 'step turn', direction: -1 });
  });

  it('takes letters of either case', () => {
    expect(press('P', true)).toEqual({ do: 'projector' });
    expect(press('p')).toEqual({ do: 'projector' });
  });

  it('finds in the log with f, and its help says so', () => {
    expect(press('f')).toEqual({ do: 'find' });
    expect(keyHelp.find(({ keys }) => keys.includes('f'))?.does).toMatch(/^find in the log/);
  });

  it('zooms the timeline from everywhere, and its help says so', () => {
    expect(press('+')).toEqual({ do: 'zoom', direction: 1 });
    expect(press('=')).toEqual(press('+'));
    expect(press('-')).toEqual({ do: 'zoom', direction: -1 });
    expect(isForPage('-', true)).toBe(false);
    expect(keyHelp.find(({ keys }) => keys.includes('+'))?.does).toMatch(/^timeline: zoom/);
  });

  it('leaves Enter and Space to the button that has the focus', () => {
    expect(keyAction({ key: 'Enter', shiftKey: false }, true)).toBeNull();
    expect(keyAction({ key: ' ', shiftKey: false }, true)).toBeNull();
    expect(press('Enter')).toEqual({ do: 'type' });
    expect(press(' ')).toEqual(press('.'));
  });

  it('has no letters where they are switched off, but what a clicker sends', () => {
    const without = (key: string) => keyAction({ key, shiftKey: false }, false, false);
    for (const key of ['e', 'x', 'A', '3', '/', '?', '+']) expect(without(key), key).toBeNull();
    for (const key of ['PageDown', 'ArrowLeft', '.', 'End'])
      expect(without(key), key).not.toBeNull();
  });

  it('is the page’s although a field has the focus, if it is a clicker’s and nothing is typed', () => {
    for (const key of ['PageUp', 'PageDown', '.', 'End'])
      expect(isForPage(key, true), key).toBe(true);
    expect(isForPage('e', true)).toBe(false);
    expect(isForPage('.', false)).toBe(false);
    expect(isForPage('PageDown', false)).toBe(true);
  });
});
