/** In servers 3 and 4 what reaches the process arrives at its descriptor in the grid. */

import type { Rect } from '../../geometry.ts';
import type { StageLayout } from '../layout.ts';
import type { FdGrid } from './fd-grid.ts';

/** The part of the process's band below its name. */
export function processInside({ bands, door }: StageLayout): Rect {
  const { process } = bands;
  const { y } = door.process;
  return { ...process, y, height: process.y + process.height - y };
}

/** The layout with its anchors at the descriptors that the grid draws. */
export function withSelectAnchors(layout: StageLayout, grid: FdGrid): StageLayout {
  const columns = new Map(grid.columns.map(({ fd, x }) => [fd, x]));
  const anchors = new Map(layout.anchors);
  for (const { connection, fd } of layout.rows) {
    const anchor = connection === null ? undefined : anchors.get(connection);
    const x = fd === null ? undefined : columns.get(fd);
    if (connection === null || !anchor || x === undefined) continue;
    anchors.set(connection, { ...anchor, process: { x, y: grid.top } });
  }
  return { ...layout, anchors };
}
