/** In servers 3 and 4 what reaches the process arrives at its descriptor in the grid. */

import type { Rect } from '../../geometry.ts';
import { chipSize } from '../chip-path.ts';
import { baseline } from '../label.ts';
import type { StageLayout } from '../layout.ts';
import { headLabels, type SelectPicture } from './select-loop.ts';

/** The part of the process's band below its name. */
export function processInside({ bands, door }: StageLayout): Rect {
  const { process } = bands;
  const { y } = door.process;
  return { ...process, y, height: process.y + process.height - y };
}

/** The layout with its anchors at the descriptors that the grid draws, where a chip has a free way to them. */
export function withSelectAnchors(layout: StageLayout, picture: SelectPicture): StageLayout {
  const { grid } = picture;
  const side = chipSize(layout.type);
  const head = Math.max(...headLabels(picture).map((each) => baseline(each) + 0.2 * each.size));
  const across = Math.max(grid.top - 0.25 * layout.type.space, head + side / 2);
  // Over the shapes it may pass a little, over words not at all.
  if (grid.mode !== 'full' || across > grid.top + 0.25 * side) return layout;
  const columns = new Map(grid.columns.map(({ fd, x }) => [fd, x]));
  const anchors = new Map(layout.anchors);
  for (const { connection, fd } of layout.rows) {
    const anchor = connection === null ? undefined : anchors.get(connection);
    const x = fd === null ? undefined : columns.get(fd);
    if (connection === null || !anchor || x === undefined) continue;
    anchors.set(connection, { ...anchor, process: { x, y: grid.top } });
  }
  return { ...layout, anchors, across };
}
