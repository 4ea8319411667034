/**
 * The way of a chip over the stage: along the wire to the kernel, from there through the gap under its row
 * to the system-call line, and along that to who is at it. So it covers no text.
 */

import type { Point, Rect } from '../geometry.ts';
import { baseline, type Label, type StageType } from './label.ts';
import type { StageLayout, StageRow } from './layout.ts';
import type { Motion, Stop } from './motions.ts';

/** The side of a chip in pixels: it fits between two bands, and nearly between two rows. */
export function chipSize({ tiny }: StageType): number {
  return 0.9 * tiny;
}

export interface ChipWay {
  /** Where it starts, turns and lands; none where the bands are under each other. */
  points: Point[];
  /** What it reaches: lit up instead, where nothing flies. */
  lands: Rect;
  /** The same as long as its row is where it was: a chip that has lost its row is gone. */
  home: string;
}

/** Null where nothing that is drawn has to do with it. */
export function chipWay(layout: StageLayout, motion: Motion): ChipWay | null {
  const row = rowOf(layout, motion);
  const isOfOne = motion.connection !== null || motion.session !== null;
  if (isOfOne && !row) return null;
  const lands = landing(layout, row, motion.path.at(-1) ?? 'client');
  const { x, y } = row?.at ?? layout.door.kernel;
  const home = [row?.key ?? '', row?.place ?? '', x, y, layout.line].join(' ');
  return { points: layout.narrow ? [] : wayOf(layout, row, motion.path), lands, home };
}

function rowOf(layout: StageLayout, { connection, session }: Motion): StageRow | undefined {
  if (session !== null) return layout.rows.find((row) => row.session === session);
  return connection === null ? undefined : layout.rows.find((row) => row.connection === connection);
}

function wayOf(layout: StageLayout, row: StageRow | undefined, path: readonly Stop[]): Point[] {
  const { bands, door } = layout;
  const side = chipSize(layout.type);
  // A little to the left: the kernel's rows keep away from the line, the process's words less so.
  const line = layout.line - 0.25 * side;
  const edge = bands.clients.x + bands.clients.width;
  const gutter = (edge + bands.kernel.x) / 2;
  const middle = row?.at.y ?? doorRail(layout);
  // From the first of two columns the wire would lead over the second.
  const isAtEdge = row !== undefined && row.at.x + 2 * side > edge;
  const client = { x: isAtEdge ? row.at.x + side / 2 : gutter, y: middle };
  const kernel = { x: bands.kernel.x + 0.25 * side, y: middle };
  const rail = railOf(layout, row);
  const across = layout.across ?? null;
  const anchor = anchorOf(layout, row);
  const process = [
    { x: gutter, y: middle },
    { x: gutter, y: rail },
    { x: line, y: rail },
    { x: line, y: across ?? anchor?.y ?? rail },
    ...(across !== null && anchor ? [{ x: anchor.x, y: across }] : []),
  ];
  const ends: Record<Stop, Point[]> = {
    queue: [
      { x: gutter, y: door.kernel.y + door.kernel.height / 2 },
      { x: gutter, y: middle },
    ],
    client: [client],
    kernel: [kernel],
    process,
  };
  const [from, to] = [path[0] ?? 'client', path.at(-1) ?? 'client'];
  // To the process or from the queue it has turns of its own; back from it the same ones.
  return from === 'process' ? [...ends[to], ...process].reverse() : [...ends[from], ...ends[to]];
}

/** Under the words of a row and over those of the next; where these are close, above the first row. */
function railOf(layout: StageLayout, row: StageRow | undefined): number {
  if (!row?.kernel) return doorRail(layout);
  const { type, rows, folded, bands } = layout;
  const side = chipSize(type);
  const { rect, labels } = row.kernel;
  const bottom = rect.y + rect.height;
  const next = rows
    .filter(({ card }) => card.rect.y >= bottom)
    .sort((a, b) => a.card.rect.y - b.card.rect.y)[0];
  const foot = folded?.kernel.y ?? bands.kernel.y + bands.kernel.height - 1.5 * type.tiny;
  const from = Math.max(rect.y, ...labels.map(({ y, size }) => baseline({ y, size }) + 0.2 * size));
  const to = next
    ? Math.min(next.card.rect.y + next.card.rect.height, ...tops(next.kernel?.labels ?? []))
    : foot;
  if (to - from < side) return doorRail(layout);
  return Math.min(Math.max(bottom + 0.15 * type.tiny, from + side / 2), to - side / 2);
}

/** Where the letters begin. */
function tops(labels: readonly Label[]): number[] {
  return labels.map(({ y, size }) => baseline({ y, size }) - 0.75 * size);
}

/** Between the listener and the first row. */
function doorRail({ door, rows }: StageLayout): number {
  const bottom = door.kernel.y + door.kernel.height;
  const first = Math.min(...rows.map(({ card }) => card.rect.y));
  return first === Infinity ? bottom : (bottom + first) / 2;
}

function landing(layout: StageLayout, row: StageRow | undefined, stop: Stop): Rect {
  const { door, bands, type } = layout;
  if (stop === 'queue') return door.kernel;
  if (!row) return bands[stop === 'client' ? 'clients' : stop];
  if (stop === 'client') return row.card.rect;
  if (stop === 'kernel') return row.kernel?.rect ?? door.kernel;
  const anchor = anchorOf(layout, row);
  if (layout.across === undefined || !anchor) return { ...row.lane, width: 8 * type.text };
  return { x: anchor.x - type.tiny, y: anchor.y - 2, width: 2 * type.tiny, height: 2 * type.tiny };
}

/** Where what reaches its thread arrives. */
function anchorOf({ anchors }: StageLayout, row: StageRow | undefined): Point | undefined {
  const connection = row?.connection ?? null;
  return connection === null ? undefined : anchors.get(connection)?.process;
}
