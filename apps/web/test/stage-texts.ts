/** Every text of a stage's picture, and how two boxes lie to each other. */

import type { Rect } from '../src/view/geometry.ts';
import { baseline, type Label } from '../src/view/stage/label.ts';
import type { ProcessPicture } from '../src/view/stage/process/process-picture.ts';
import { textsOf } from '../src/view/stage/process/select-loop.ts';

export type BandName = 'clients' | 'kernel' | 'process';

/** Each text with the band that it belongs to; null for what stands above them all. */
export function textsIn(picture: ProcessPicture): { band: BandName | null; label: Label }[] {
  const { layout } = picture;
  const inBand = (band: BandName | null) => (label: Label) => ({ band, label });
  const inside =
    picture.kind === 'seat'
      ? [
          ...picture.view.labels,
          ...(picture.view.thread?.labels ?? []),
          ...(picture.view.refusal?.labels ?? []),
        ]
      : picture.kind === 'lanes'
        ? [...picture.view.lanes.flatMap(({ labels }) => labels), ...picture.view.folded]
        : picture.kind === 'loop'
          ? textsOf(picture.view)
          : [];
  return [
    ...layout.labels.map(inBand(null)),
    ...layout.foldedLabels.clients.map(inBand('clients')),
    ...layout.foldedLabels.kernel.map(inBand('kernel')),
    ...layout.rows.flatMap(({ card }) => card.labels.map(inBand('clients'))),
    ...layout.rows.flatMap(({ kernel }) => (kernel?.labels ?? []).map(inBand('kernel'))),
    ...layout.queue.labels.map(inBand('kernel')),
    ...layout.queue.slots.flatMap(({ labels }) => labels.map(inBand('kernel'))),
    ...inside.map(inBand('process')),
  ];
}

/** The letters of a label, without the space of its line. */
export function lettersOf(label: Label): Rect {
  const { x, width, size } = label;
  return { x, y: baseline(label) - 0.75 * size, width, height: 0.95 * size };
}

export const isOver = (a: Rect, b: Rect): boolean =>
  Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 0.5 &&
  Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 0.5;

export const isInside = (inner: Rect, outer: Rect): boolean =>
  inner.x >= outer.x - 0.5 &&
  inner.y >= outer.y - 0.5 &&
  inner.x + inner.width <= outer.x + outer.width + 0.5 &&
  inner.y + inner.height <= outer.y + outer.height + 0.5;
