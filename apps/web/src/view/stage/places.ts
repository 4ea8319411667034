/** How the rows of the stage share the height and the columns that they have. */

import type { Rect } from '../geometry.ts';
import { lineHeight, type StageType } from './label.ts';

export type Scale = 'card' | 'row' | 'grouped';

/** At most so many clients have full cards, and so many a row each. */
const MOST_CARDS = 8;
const MOST_ROWS = 40;

export interface RowPlan {
  scale: Scale;
  columns: 1 | 2;
  /** Of those present, and of those gone. */
  drawn: number;
  gone: number;
  /** Heights with the gap below, in pixels. */
  pitch: number;
  gonePitch: number;
  gap: number;
  /** The height below the rows for those that are counted; 0 if nobody is. */
  foldedHeight: number;
}

export interface RowPlanRequest {
  present: number;
  /** In the accept queue beyond those listed: they can only be counted. */
  unlisted: number;
  gone: number;
  /** Of those that are gone some were turned away: they get more room. */
  refused: boolean;
  height: number;
  /** Of the narrowest band. */
  width: number;
}

/** The plan in which the most can be read. */
export function planRows(request: RowPlanRequest, type: StageType): RowPlan {
  const { present, unlisted, gone, height } = request;
  const gap = 0.35 * type.tiny;
  const most = lineHeight(type.large) + lineHeight(type.giant) + 1.5 * type.tiny;
  // What is gone gives way first: to one line each, then to the newest one, then wholly.
  const tall = request.refused ? lineHeight(type.small) + 2 * lineHeight(type.text) + 2 * gap : 0;
  const flat = lineHeight(type.small) + gap;
  const goneWays = [
    ...(tall > 0 ? [{ gone, gonePitch: tall }] : []),
    { gone, gonePitch: flat },
    { gone: Math.min(1, gone), gonePitch: flat },
    { gone: 0, gonePitch: flat },
  ];
  const whole = { drawn: present, foldedHeight: 0, columns: 1 as const };
  if (unlisted === 0 && present <= MOST_CARDS) {
    const cards = type.tiny === type.small ? [type.text] : [type.large, type.text];
    for (const size of cards) {
      for (const way of goneWays) {
        const pitch = (height - way.gone * way.gonePitch) / Math.max(1, present);
        if (pitch >= lineHeight(size) + gap) {
          return { scale: 'card', ...whole, ...way, pitch: Math.min(pitch, most), gap };
        }
      }
    }
  }
  const tight = 0.02 * type.tiny;
  if (unlisted === 0 && present <= MOST_ROWS) {
    for (const size of [type.small, type.tiny]) {
      for (const columns of [1, 2] as const) {
        if (columns === 2 && request.width < 20 * type.tiny) continue;
        for (const way of goneWays.slice(tall > 0 ? 1 : 0)) {
          const lines = Math.ceil(present / columns);
          const pitch = (height - way.gone * way.gonePitch) / lines;
          if (pitch < lineHeight(size) + tight) continue;
          const scale = present <= MOST_CARDS ? 'card' : 'row';
          return { scale, ...whole, ...way, columns, pitch: Math.min(pitch, most), gap: tight };
        }
      }
    }
  }
  const foldedHeight = Math.min(
    0.45 * height,
    lineHeight(type.huge) + 3 * lineHeight(type.text) + gap,
  );
  const pitch = lineHeight(type.text) + lineHeight(type.small) + gap;
  const goneDrawn = Math.min(1, gone);
  const free = height - foldedHeight - goneDrawn * flat;
  const drawn = Math.max(1, Math.min(present, Math.floor(free / pitch)));
  return {
    scale: 'grouped',
    columns: 1,
    drawn,
    gone: free < pitch ? 0 : goneDrawn,
    pitch: Math.min(free / drawn, 1.3 * pitch),
    gonePitch: flat,
    gap,
    foldedHeight,
  };
}

/** The place of row `index` of the plan in a band; `index` from `drawn` on are those gone. */
export function rowRect(plan: RowPlan, index: number, band: Rect, inset: number): Rect {
  const x = band.x + inset;
  const width = band.width - 2 * inset;
  const perColumn = Math.ceil(plan.drawn / plan.columns);
  if (index >= plan.drawn) {
    const y = band.y + perColumn * plan.pitch + (index - plan.drawn) * plan.gonePitch;
    return { x, y, width, height: Math.max(0, plan.gonePitch - plan.gap) };
  }
  const column = Math.floor(index / perColumn);
  const half = (width - (plan.columns - 1) * inset) / plan.columns;
  return {
    x: x + column * (half + inset),
    y: band.y + (index % perColumn) * plan.pitch,
    width: half,
    // A window may be of any height, for a moment even of none.
    height: Math.max(0, plan.pitch - plan.gap),
  };
}
