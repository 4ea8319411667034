import { describe, expect, it } from 'vitest';
import { namePattern, nearestName } from '../src/trace/client-name.ts';

describe('nearestName', () => {
  it.each([
    ['Ada', 'Ada'],
    ['  Ada  Lovelace\t', 'Ada  Lovelace'],
    ['', null],
    [' \n\u200b', null],
    ['Ada\u202e\u0007', 'Ada'],
    ['\ud83e\udd8a'.repeat(30), '\ud83e\udd8a'.repeat(24)],
    [`${'x'.repeat(23)} y`, 'x'.repeat(23)],
    ['\ud83e', null],
    ['\u3164\u3164', null],
    ['\u2800', null],
  ])('makes of %j the name %j', (typed, name) => {
    expect(nearestName(typed)).toBe(name);
    if (name !== null) expect(name).toMatch(new RegExp(namePattern, 'u'));
  });
});
