/**
 * The marks of the timeline as shapes. Each kind has its own, so that none is told by its colour:
 * bytes to the server point down, to where the threads' lanes are, bytes from it point up.
 */

import type { MarkKind } from './items.ts';
import type { Palette } from './palette.ts';

export interface GlyphPlace {
  /** The middle. */
  x: number;
  y: number;
  half: number;
  /** The connection's colour. */
  hue: string;
  palette: Palette;
}

/** Corners in halves from the middle. */
type Corners = readonly (readonly [x: number, y: number])[];

const DOWN: Corners = [
  [-0.8, -0.9],
  [0.8, -0.9],
  [0, 0.9],
];
const UP: Corners = [
  [-0.8, 0.9],
  [0.8, 0.9],
  [0, -0.9],
];
const BOX: Corners = [
  [-0.6, -0.6],
  [0.6, -0.6],
  [0.6, 0.6],
  [-0.6, 0.6],
];

export function drawGlyph(
  context: CanvasRenderingContext2D,
  kind: MarkKind,
  place: GlyphPlace,
): void {
  const { palette, hue } = place;
  switch (kind) {
    case 'received':
      fill(context, place, DOWN, hue);
      break;
    case 'sent':
      fill(context, place, UP, hue);
      break;
    case 'exchange':
      // What came in, and beside it what went out.
      fill(context, { ...place, x: place.x - place.half * 0.6 }, DOWN, hue);
      fill(context, { ...place, x: place.x + place.half * 0.6 }, UP, hue);
      break;
    case 'evaluated':
      fill(context, place, BOX, hue);
      break;
    case 'note':
      fill(context, place, BOX, palette.soft);
      break;
    case 'accepted':
      bracket(context, place, 1);
      break;
    case 'thread-end':
      bracket(context, place, -1);
      break;
    case 'closed':
      bracket(context, place, -1);
      break;
    case 'client-fin':
      bar(context, place, hue);
      break;
    case 'server-fin':
      bar(context, place, palette.panel);
      break;
    case 'reset':
      cross(context, place);
      break;
    case 'timed-out':
      clock(context, place);
      break;
    case 'refused':
    case 'failed':
      noEntry(context, place);
      break;
    case 'selected':
      // The ready set's line has its dot here.
      return;
  }
}

function fill(
  context: CanvasRenderingContext2D,
  { x, y, half, palette }: GlyphPlace,
  corners: Corners,
  colour: string,
): void {
  context.beginPath();
  for (const [dx, dy] of corners) context.lineTo(x + dx * half, y + dy * half);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = palette.edge;
  context.lineWidth = 1.25;
  context.lineJoin = 'round';
  context.stroke();
}

/** `[` where it begins, `]` where it ends. */
function bracket(
  context: CanvasRenderingContext2D,
  { x, y, half, palette }: GlyphPlace,
  side: 1 | -1,
): void {
  context.strokeStyle = palette.ink;
  context.lineWidth = 2.5;
  context.lineJoin = 'miter';
  context.beginPath();
  context.moveTo(x + side * half * 0.6, y - half);
  context.lineTo(x, y - half);
  context.lineTo(x, y + half);
  context.lineTo(x + side * half * 0.6, y + half);
  context.stroke();
}

/** A FIN: full stop for one direction; filled the client's, hollow the server's. */
function bar(
  context: CanvasRenderingContext2D,
  { x, y, half, palette }: GlyphPlace,
  colour: string,
): void {
  const width = half * 0.7;
  context.fillStyle = colour;
  context.strokeStyle = palette.ink;
  context.lineWidth = 1.5;
  context.beginPath();
  context.rect(x - width / 2, y - half, width, 2 * half);
  context.fill();
  context.stroke();
}

function cross(context: CanvasRenderingContext2D, { x, y, half, palette }: GlyphPlace): void {
  const arm = half * 0.85;
  for (const [colour, width] of [
    [palette.panel, 6],
    [palette.bad, 3.5],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x - arm, y - arm);
    context.lineTo(x + arm, y + arm);
    context.moveTo(x - arm, y + arm);
    context.lineTo(x + arm, y - arm);
    context.stroke();
  }
}

function clock(context: CanvasRenderingContext2D, { x, y, half, palette }: GlyphPlace): void {
  context.fillStyle = palette.panel;
  context.strokeStyle = palette.bad;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, half * 0.95, 0, 2 * Math.PI);
  context.fill();
  context.moveTo(x, y - half * 0.6);
  context.lineTo(x, y);
  context.lineTo(x + half * 0.5, y);
  context.stroke();
}

/** The road sign: a disc with a bar. */
function noEntry(context: CanvasRenderingContext2D, { x, y, half, palette }: GlyphPlace): void {
  context.fillStyle = palette.bad;
  context.beginPath();
  context.arc(x, y, half * 1.1, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = palette.panel;
  context.fillRect(x - half * 0.7, y - half * 0.22, 1.4 * half, half * 0.44);
}
