/** The timeline's items where they stand, in CSS pixels of its plot. */

import type { Rect } from '../geometry.ts';
import type { Mark, ReadySet, Span } from './items.ts';

/** The plot: the lanes and the axis above them, without the lanes' names. */
export interface PlotSize {
  width: number;
  height: number;
  /** The page's rem in pixels. */
  unit: number;
  /** Low, for the last row: few lanes, large text. */
  strip?: boolean;
}

export interface PlacedSpan {
  span: Span;
  rect: Rect;
}

export interface PlacedMark {
  mark: Mark;
  /** Its middle; `halfWidth` to both sides of it. */
  x: number;
  y: number;
  halfWidth: number;
}

export interface PlacedReadySet {
  set: ReadySet;
  x: number;
  top: number;
  bottom: number;
  threadY: number;
  /** The middles of the ready lanes. */
  dots: number[];
}
