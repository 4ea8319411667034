/** In servers 3 and 4 what reaches the process arrives at its descriptor in the grid. */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { Rect, StageSize } from './geometry.ts';
import type { StageLayout } from './layout.ts';
import { layoutSelect } from './select-loop.ts';

/** The part of the process's band below its name. */
export function processInside({ bands, door }: StageLayout): Rect {
  const { process } = bands;
  const { y } = door.process;
  return { ...process, y, height: process.y + process.height - y };
}

/** The layout with its anchors at the descriptors; as it is for servers 1 and 2. */
export function withSelectAnchors(
  server: ServerState,
  layout: StageLayout,
  { unit, projector }: StageSize,
): StageLayout {
  if (server.id !== 'server3' && server.id !== 'server4') return layout;
  const { grid } = layoutSelect(server, processInside(layout), unit, projector);
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
