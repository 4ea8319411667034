/** Draws a timeline's layout on a canvas. */

import { FOLDED, type Span } from './items.ts';
import { lineBesideTexts, type TimelineLayout } from './layout.ts';
import type { PlacedMark, PlacedReadySet } from './placed.ts';
import { drawGlyph } from './glyphs.ts';
import type { Palette } from './palette.ts';

export interface Scene {
  layout: TimelineLayout;
  palette: Palette;
  /** Where the shown event is on the axis; what is right of it is drawn pale. */
  cursor: number;
  /** The event that the log, or the pointer, points at. */
  highlighted: number | null;
  /** Where that event is on the axis. */
  highlightedAt: number | null;
  /** The last event that is shown. */
  until: number;
}

const PALE = 0.35;

/** `context` is scaled so that one unit is one CSS pixel. */
export function paintTimeline(context: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, palette } = scene;
  const { width, height } = layout.size;
  context.clearRect(0, 0, width, height);
  paintAxis(context, scene);
  const cursorX = layout.x(scene.cursor);

  // Spans go through the cursor: what is right of it is the same, paler.
  clipped(context, -1, cursorX, height, () => paintSpans(context, scene));
  context.globalAlpha = PALE;
  clipped(context, Math.max(0, cursorX), width, height, () => paintSpans(context, scene));
  for (const set of layout.readySets) {
    context.globalAlpha = alphaOf(set.set.seq, scene);
    paintReadySet(context, set, scene);
  }
  for (const placed of layout.marks) {
    context.globalAlpha = alphaOf(firstSeq(placed), scene);
    paintMark(context, placed, scene);
  }
  context.globalAlpha = 1;
  for (const x of layout.breaks) paintBreak(context, x, scene);
  context.font = `600 ${layout.textPx}px ${palette.mono}`;
  context.textBaseline = 'middle';
  for (const { text, x, y, width: wide, seq, bad } of layout.texts) {
    // A plate keeps it readable over lines and hatching.
    context.globalAlpha = 1;
    context.fillStyle = palette.panel;
    context.fillRect(x - 2, y - layout.textPx * 0.55, wide + 4, layout.textPx * 1.1);
    context.globalAlpha = seq > scene.until ? 0.5 : 1;
    context.fillStyle = bad ? palette.bad : palette.ink;
    context.fillText(text, x, y + 0.5);
  }
  context.globalAlpha = 1;
  paintCursor(context, cursorX, scene);
}

function firstSeq({ mark }: PlacedMark): number {
  return mark.seqs[0] ?? mark.seq;
}

function alphaOf(seq: number, { until }: Scene): number {
  return seq > until ? PALE : 1;
}

function clipped(
  context: CanvasRenderingContext2D,
  from: number,
  to: number,
  height: number,
  paint: () => void,
): void {
  if (to <= from) return;
  context.save();
  context.beginPath();
  context.rect(from, 0, to - from, height);
  context.clip();
  paint();
  context.restore();
}

function paintAxis(context: CanvasRenderingContext2D, { layout, palette }: Scene): void {
  const { size, textPx, axisHeight } = layout;
  context.globalAlpha = 1;
  context.font = `${textPx}px ${palette.mono}`;
  context.textBaseline = 'middle';
  for (const { text, x, y, tickX, isFold } of layout.ticks) {
    context.fillStyle = palette.line;
    if (!isFold) context.fillRect(Math.round(tickX), 2, 1, size.height - 2);
    context.fillStyle = palette.soft;
    context.fillText(text, x, y);
  }
  context.fillStyle = palette.line;
  context.fillRect(0, axisHeight - 1, size.width, 1);
}

function paintSpans(context: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, palette } = scene;
  const hueOf = new Map(
    layout.lanes.map(({ lane }) => [lane.key, palette.hues[lane.identity?.hue ?? 'ink']]),
  );
  const hatch = hatching(context, palette.lineStrong, 'blocked');
  const waitHatch = hatching(context, palette.ink, 'waiting');
  for (const { span, rect } of layout.spans) {
    const { x, y, width, height } = rect;
    const hue = hueOf.get(span.lane) ?? palette.ink;
    context.strokeStyle = palette.edge;
    context.lineWidth = 1;
    switch (span.kind) {
      case 'open':
        context.fillStyle = hue;
        context.fillRect(x, y, width, height);
        context.strokeRect(x, y, width, height);
        break;
      case 'half-closed':
        paintDashes(context, rect, hue);
        break;
      case 'calculation':
        context.fillStyle = hue;
        context.fillRect(x, y, width, height);
        context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
        break;
      case 'unread':
      case 'queued':
      case 'starved':
        // Bold, and the other way round than a thread that is blocked: that is how it should be.
        context.fillStyle = palette.panel;
        context.fillRect(x, y, width, height);
        context.fillStyle = waitHatch;
        context.fillRect(x, y, width, height);
        context.strokeStyle = palette.ink;
        context.lineWidth = 1.5;
        context.strokeRect(x + 0.75, y + 0.75, Math.max(1, width - 1.5), height - 1.5);
        break;
      case 'summed':
        context.fillStyle = palette.panel;
        context.fillRect(x, y, width, height);
        context.strokeStyle = isThread(span) ? palette.working : palette.ink;
        context.lineWidth = 2;
        context.strokeRect(x + 1, y + 1, Math.max(1, width - 2), height - 2);
        break;
      case 'blocked':
      case 'working':
        paintThread(context, span, rect, hatch, palette);
        break;
    }
    if (span.kind !== 'open' && span.seqs.includes(scene.highlighted ?? -1)) {
      context.strokeStyle = palette.accent;
      context.lineWidth = 3;
      context.strokeRect(x, y, width, height);
    }
  }
}

function isThread({ lane }: Span): boolean {
  return lane.startsWith('t');
}

function paintDashes(
  context: CanvasRenderingContext2D,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  hue: string,
): void {
  context.fillStyle = hue;
  const dash = 2.5 * height;
  for (let at = x; at < x + width; at += 2 * dash) {
    const long = Math.min(dash, x + width - at);
    context.fillRect(at, y, long, height);
    context.strokeRect(at, y, long, height);
  }
}

/** Waiting is an outline with hatching, working is filled; of a mixture as much as it worked. */
function paintThread(
  context: CanvasRenderingContext2D,
  { share }: Span,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  hatch: CanvasPattern | string,
  palette: Palette,
): void {
  if (share < 1) {
    context.fillStyle = hatch;
    context.fillRect(x, y, width, height);
    if (width > 3) {
      context.strokeStyle = palette.lineStrong;
      context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    }
  }
  if (share === 0) return;
  const filled = share === 1 ? height : Math.max(2, share * height);
  context.fillStyle = palette.working;
  context.fillRect(x, y + height - filled, width, filled);
}

const hatchings = new Map<string, HTMLCanvasElement>();

function hatching(
  context: CanvasRenderingContext2D,
  colour: string,
  what: 'blocked' | 'waiting',
): CanvasPattern | string {
  const bold = what === 'waiting';
  let tile = hatchings.get(`${what} ${colour}`);
  if (!tile) {
    tile = document.createElement('canvas');
    tile.width = tile.height = 7;
    const pen = tile.getContext('2d');
    if (!pen) return 'transparent';
    pen.strokeStyle = colour;
    pen.lineWidth = bold ? 2 : 1;
    pen.beginPath();
    for (const offset of [-7, 0, 7]) {
      pen.moveTo(offset, bold ? 0 : 7);
      pen.lineTo(offset + 7, bold ? 7 : 0);
    }
    pen.stroke();
    hatchings.set(`${what} ${colour}`, tile);
  }
  return context.createPattern(tile, 'repeat') ?? 'transparent';
}

/** Where the axis is broken: everything is, by a wave, and the wave goes through no text. */
function paintBreak(
  context: CanvasRenderingContext2D,
  x: number,
  { layout, palette }: Scene,
): void {
  const { size, textPx } = layout;
  const wide = Math.max(2, textPx * 0.18);
  const wave = (offset: number): void => {
    const step = textPx * 0.36;
    for (let y = 2, side = 1; y < size.height; y += step, side = -side)
      context.quadraticCurveTo(x + offset + side * wide, y + step / 2, x + offset, y + step);
  };
  context.beginPath();
  context.moveTo(x, 2);
  wave(0);
  context.strokeStyle = palette.panel;
  context.lineWidth = 2.5 * wide;
  context.stroke();
  context.strokeStyle = palette.lineStrong;
  context.lineWidth = 1.25;
  context.stroke();
}

function paintReadySet(
  context: CanvasRenderingContext2D,
  { set, x, top, bottom, threadY, dots }: PlacedReadySet,
  { layout, palette, highlighted }: Scene,
): void {
  const strong = set.seqs.includes(highlighted ?? -1);
  context.strokeStyle = strong ? palette.accent : palette.ink;
  context.lineWidth = strong ? 3 : 1.25;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, bottom);
  context.stroke();
  context.fillStyle = strong ? palette.accent : palette.ink;
  for (const y of [threadY, ...dots]) {
    context.beginPath();
    context.arc(x, y, Math.max(2.5, layout.half * 0.42), 0, 2 * Math.PI);
    context.fill();
  }
}

function paintMark(
  context: CanvasRenderingContext2D,
  { mark, x, y, halfWidth }: PlacedMark,
  { layout, palette, highlighted }: Scene,
): void {
  const owner = layout.lanes.find(({ lane }) => lane.key === mark.lane)?.lane;
  const hue = owner?.identity ? palette.hues[owner.identity.hue] : palette.soft;
  const { half } = layout;
  if (halfWidth > 1.5 * half && mark.kind !== 'selected') {
    // A stream of them: as long as it lasted.
    context.fillStyle = mark.lane === FOLDED ? palette.soft : hue;
    context.strokeStyle = palette.edge;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(x - halfWidth, y - half, 2 * halfWidth, 2 * half, half / 2);
    context.fill();
    context.stroke();
    if (mark.bad) drawGlyph(context, mark.kind, { x, y, half, hue, palette });
  } else {
    drawGlyph(context, mark.kind, { x, y, half, hue, palette });
  }
  if (!mark.seqs.includes(highlighted ?? -1)) return;
  context.strokeStyle = palette.accent;
  context.lineWidth = 3;
  context.beginPath();
  const wide = halfWidth + 3;
  context.roundRect(x - wide, y - half - 3, 2 * wide, 2 * half + 6, 4);
  context.stroke();
}

function paintCursor(
  context: CanvasRenderingContext2D,
  cursorX: number,
  { layout, palette, highlightedAt }: Scene,
): void {
  const { size, axisHeight, half } = layout;
  if (highlightedAt !== null) {
    context.strokeStyle = palette.accent;
    context.lineWidth = 1.5;
    context.setLineDash([4, 4]);
    const x = layout.x(highlightedAt);
    context.beginPath();
    for (const [from, to] of lineBesideTexts(layout, x, axisHeight, size.height)) {
      context.moveTo(x, from);
      context.lineTo(x, to);
    }
    context.stroke();
    context.setLineDash([]);
  }
  context.fillStyle = palette.accent;
  for (const [from, to] of lineBesideTexts(layout, cursorX, axisHeight, size.height))
    context.fillRect(cursorX - 1, from, 2, to - from);
  context.beginPath();
  context.moveTo(cursorX - half, axisHeight - half);
  context.lineTo(cursorX + half, axisHeight - half);
  context.lineTo(cursorX, axisHeight);
  context.fill();
}
