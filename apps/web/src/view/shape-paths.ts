/** The eight shapes as SVG paths in a box of 24 by 24. */

import type { ShapeName } from './identity.ts';

export const shapePaths: Record<ShapeName, string> = {
  circle: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z',
  triangle: 'M12 2.5 22 20.5H2z',
  square: 'M4 4h16v16H4z',
  diamond: 'M12 1.5 22.5 12 12 22.5 1.5 12z',
  star: 'm12 1.5 3.1 7 7.4.8-5.6 5 1.7 7.5L12 18l-6.6 3.8 1.7-7.5-5.6-5 7.4-.8z',
  plus: 'M8.5 2.5h7v6h6v7h-6v6h-7v-6h-6v-7h6z',
  wedge: 'M2 3.5h20l-10 18z',
  hourglass: 'M3.5 2.5h17L15 12l5.5 9.5h-17L9 12z',
};
