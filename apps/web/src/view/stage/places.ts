/** How the rows of the stage share the height and the columns that they have. */

import type { Rect } from '../geometry.ts';
import { lineHeight, type StageType } from './label.ts';

export type Scale = 'card' | 'row' | 'grouped';

/** Up to so many are cards, and up to so many have a row each. */
const MOST_CARDS = 8;
const MOST_ROWS = 40;
/** So many places there are at least: the first clients do not change the form for each other. */
export const FIRST_PLACES = 4;

export interface RowPlan {
  scale: Scale;
  columns: 1 | 2;
  /** In all columns together, whether somebody is there or not. */
  places: number;
  /** Which of the wishes it fulfils; null: none, those in front are drawn and the others counted. */
  wish: number | null;
  /** The height of a place with the gap below, in pixels. */
  pitch: number;
  gap: number;
  /** The height below the rows for those that are counted; 0 if nobody is. */
  foldedHeight: number;
}

export interface RowPlanRequest {
  /** How many places would be needed, the best wish first. */
  wishes: readonly number[];
  present: number;
  /** In the accept queue beyond those listed: they can only be counted. */
  unlisted: number;
  height: number;
  /** Of the narrowest band. */
  width: number;
}

/**
 * The plan in which the most can be read. It is a step of a short ladder, found by how many places are needed and
 * by nothing else: as long as that step is enough, nobody moves when somebody comes or leaves.
 */
export function planRows(request: RowPlanRequest, type: StageType): RowPlan {
  const { wishes, present, unlisted, height } = request;
  const gap = 0.35 * type.tiny;
  const most = lineHeight(type.large) + lineHeight(type.giant) + 1.5 * type.tiny;
  for (const [wish, wanted] of unlisted > 0 ? [] : wishes.entries()) {
    const step = wanted <= MOST_ROWS && ladder(request, type, gap).find((s) => s.places >= wanted);
    if (!step) continue;
    const { places, columns, tight } = step;
    const pitch = Math.min(most, height / (places / columns));
    const scale = wanted <= MOST_CARDS ? 'card' : 'row';
    return { scale, columns, places, wish, pitch, gap: tight, foldedHeight: 0 };
  }
  const foldedHeight = Math.min(
    0.45 * height,
    lineHeight(type.huge) + 3 * lineHeight(type.text) + gap,
  );
  const least = lineHeight(type.text) + lineHeight(type.small) + gap;
  const free = height - foldedHeight;
  const places = Math.max(1, Math.min(present + 1, Math.floor(free / least)));
  return {
    scale: 'grouped',
    columns: 1,
    places,
    wish: null,
    pitch: Math.min(free / places, 1.3 * least),
    gap,
    foldedHeight,
  };
}

interface Step {
  places: number;
  columns: 1 | 2;
  /** The gap in it. */
  tight: number;
}

/** Two lines for each, then one, then smaller letters, then two columns. */
function ladder({ height, width }: RowPlanRequest, type: StageType, gap: number): Step[] {
  const two = [lineHeight(type.text) + lineHeight(type.large), 2.05 * lineHeight(type.small)];
  const one = [type.large, type.text].map(lineHeight);
  const rows = (line: number, columns: 1 | 2, tight: number): Step => {
    const each = Math.floor(height / (line + tight));
    return { places: Math.max(0, each) * columns, columns, tight };
  };
  const thin = 0.02 * type.tiny;
  const roomy = [...two, ...one].map((line) => rows(line, 1, gap));
  const first: Step = { places: FIRST_PLACES, columns: 1, tight: gap };
  return [
    ...(roomy[0] && roomy[0].places >= FIRST_PLACES ? [first] : []),
    ...roomy,
    ...[type.small, type.tiny].map((size) => rows(lineHeight(size), 1, thin)),
    ...(width < 20 * type.tiny
      ? []
      : [type.small, type.tiny].map((size) => rows(lineHeight(size), 2, thin))),
  ];
}

/** The place with this index of the plan in a band. */
export function rowRect(plan: RowPlan, index: number, band: Rect, inset: Inset): Rect {
  const x = band.x + inset.left;
  const width = band.width - inset.left - inset.right;
  const perColumn = Math.ceil(plan.places / plan.columns);
  const column = Math.floor(index / perColumn);
  const each = (width - (plan.columns - 1) * inset.right) / plan.columns;
  return {
    x: x + column * (each + inset.right),
    y: band.y + (index % perColumn) * plan.pitch,
    width: Math.max(0, each),
    // A window may be of any height, for a moment even of none.
    height: Math.max(0, plan.pitch - plan.gap),
  };
}

/** From a band's edges to what is in it. */
export interface Inset {
  left: number;
  right: number;
}

/** One left edge in each band. */
export function bandInset({ space }: StageType): Inset {
  return { left: space, right: 0.5 * space };
}
