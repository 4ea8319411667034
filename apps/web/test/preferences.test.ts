// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { Preferences } from '../src/state/preferences.svelte.ts';

describe('preferences', () => {
  beforeEach(() => localStorage.clear());

  it('are on at first, and stay as they were chosen', () => {
    const first = new Preferences();
    expect([first.letters, first.commentary]).toEqual([true, true]);
    first.letters = false;
    expect(first.letters).toBe(false);
    const later = new Preferences();
    expect([later.letters, later.commentary]).toEqual([false, true]);
    later.commentary = false;
    expect(new Preferences().commentary).toBe(false);
  });
});
