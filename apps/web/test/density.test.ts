import { describe, expect, it } from 'vitest';
import { arrange, CARD, GAP, LINE, TALL, TOKEN } from '../src/view/panel/density.ts';

const WIDTH = 17;

/** The height that an arrangement takes, in rem. */
function heightOf(rows: number, height: number): number {
  const arranged = arrange(rows, height, WIDTH);
  const sizes = { tall: TALL, card: CARD, line: LINE, token: LINE };
  const perRow = Math.floor((WIDTH + GAP) / (TOKEN + GAP));
  const rest = rows - arranged.inFront;
  const slots = arranged.tokens < rest ? arranged.tokens + 3 : arranged.tokens;
  const heights = [
    ...Array<number>(arranged.inFront).fill(sizes[arranged.as]),
    ...Array<number>(Math.ceil(slots / perRow)).fill(TOKEN),
  ];
  return heights.reduce((sum, row) => sum + row + GAP, -GAP);
}

describe('arrange', () => {
  it('gives few clients whole cards, more of them lines, many of them shapes', () => {
    expect(arrange(1, 11, WIDTH)).toMatchObject({ as: 'tall', inFront: 1 });
    expect(arrange(3, 11.5, WIDTH)).toMatchObject({ as: 'card', inFront: 3 });
    expect(arrange(5, 11, WIDTH)).toMatchObject({ as: 'line', inFront: 5 });
    expect(arrange(40, 11, WIDTH).as).toBe('token');
  });

  it('never takes more than its place, and hides nobody without counting', () => {
    for (const height of [8, 9.5, 11, 14, 20]) {
      for (let rows = 0; rows <= 120; rows += 1) {
        expect(heightOf(rows, height), `${rows} in ${height}`).toBeLessThanOrEqual(height + 1e-9);
        const { inFront, tokens } = arrange(rows, height, WIDTH);
        expect(inFront + tokens).toBeLessThanOrEqual(rows);
      }
    }
  });
});
