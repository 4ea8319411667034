import { describe, expect, it } from 'vitest';
import { arrange, CARD, GAP, LINE, TALL, TOKEN } from '../src/view/panel/density.ts';

const WIDTH = 17;

/** The height that an arrangement takes, in rem. */
function heightOf(present: number, gone: number, height: number): number {
  const arranged = arrange(present, gone, height, WIDTH);
  const sizes = { tall: TALL, card: CARD, line: LINE, token: LINE };
  const perRow = Math.floor((WIDTH + GAP) / (TOKEN + GAP));
  const rest = present - arranged.inFront;
  const slots = arranged.tokens < rest ? arranged.tokens + 3 : arranged.tokens;
  const rows = [
    ...Array<number>(arranged.inFront).fill(sizes[arranged.present]),
    ...Array<number>(Math.ceil(slots / perRow)).fill(TOKEN),
    ...Array<number>(arranged.goneListed).fill(sizes[arranged.gone]),
  ];
  return rows.reduce((sum, row) => sum + row + GAP, -GAP);
}

describe('arrange', () => {
  it('gives few clients whole cards, more of them lines, many of them shapes', () => {
    expect(arrange(1, 0, 11, WIDTH)).toMatchObject({ present: 'tall', inFront: 1 });
    expect(arrange(3, 0, 11.5, WIDTH)).toMatchObject({ present: 'card', inFront: 3 });
    expect(arrange(5, 0, 11, WIDTH)).toMatchObject({ present: 'line', inFront: 5 });
    expect(arrange(40, 0, 11, WIDTH).present).toBe('token');
  });

  it('never takes more than its place, and hides nobody without counting', () => {
    for (const height of [8, 9.5, 11, 14, 20]) {
      for (let present = 0; present <= 120; present += 1) {
        for (const gone of [0, 1, 3]) {
          expect(
            heightOf(present, gone, height),
            `${present}, ${gone} in ${height}`,
          ).toBeLessThanOrEqual(height + 1e-9);
          const { inFront, tokens } = arrange(present, gone, height, WIDTH);
          expect(inFront + tokens).toBeLessThanOrEqual(present);
        }
      }
    }
  });
});
