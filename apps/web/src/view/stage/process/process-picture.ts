/**
 * How the inside of a server is drawn, by its design: the one place that knows which picture belongs to which kind of
 * process. Only how high it is where the bands are stacked stands elsewhere, in `frame.ts`.
 */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { StageLayout } from '../layout.ts';
import { seatView, type SeatView } from './seat.ts';
import { processInside, withSelectAnchors } from './select-anchors.ts';
import { layoutSelect, type SelectPicture } from './select-loop.ts';
import { lanesView, type LanesView } from './swimlanes.ts';

/** `layout` is the stage's, with anchors where this picture wants what reaches the process to arrive. */
export type ProcessPicture =
  | { kind: 'seat'; layout: StageLayout; view: SeatView }
  | { kind: 'lanes'; layout: StageLayout; view: LanesView }
  | { kind: 'loop'; layout: StageLayout; view: SelectPicture }
  /** Nothing is known of its inside: the band alone. */
  | { kind: 'box'; layout: StageLayout };

export function processPicture(
  server: ServerState,
  layout: StageLayout,
  projector: boolean,
): ProcessPicture {
  const kind = server.design.process;
  switch (kind) {
    case 'seat':
      return { kind, layout, view: seatView(server, layout, projector) };
    case 'lanes':
      return { kind, layout, view: lanesView(server, layout, projector) };
    case 'loop': {
      const view = layoutSelect(server, processInside(layout), layout.type, projector);
      return { kind, layout: withSelectAnchors(layout, view), view };
    }
    case 'box':
      return { kind, layout };
  }
}
