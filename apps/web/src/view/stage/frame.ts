/** The frame of the stage: the bands, the strips at their tops, and what is left for the rows. */

import type { Design } from '@sockscope/tcp-core/trace/design';
import type { Rect, StageSize } from '../geometry.ts';
import { lineHeight, type StageType } from './label.ts';
import { bandInset, planRows, type RowPlan, type RowPlanRequest } from './places.ts';

export interface Bands {
  clients: Rect;
  kernel: Rect;
  process: Rect;
}

/** In a narrow picture at most so many clients are drawn one by one. */
const NARROW_ROWS = 8;
/** And so many have a place from the beginning. */
const NARROW_FIRST = 2;

export interface Frame {
  bands: Bands;
  door: Bands;
  plan: RowPlan;
  /** The parts of the bands that the rows share. */
  areas: Bands;
  height: number;
}

export type Crowd = Pick<RowPlanRequest, 'wishes' | 'present' | 'unlisted'>;

function headHeight(type: StageType): number {
  return lineHeight(type.text) + 0.15 * type.tiny;
}

/** Of the listener's strip: title, accept queue, slots. */
function doorHeight(type: StageType, roomy: boolean): number {
  const slots = (roomy ? 2 : 1.15) * lineHeight(type.tiny);
  return lineHeight(type.large * 0.95) + lineHeight(type.text) + slots + 0.53 * type.tiny;
}

/** Clients, kernel and process beside each other; the rows share the height. */
export function sideBySide(crowd: Crowd, size: StageSize, type: StageType): Frame {
  const gap = 1.5 * type.tiny;
  const most = 36 * type.tiny;
  const clientsWidth = Math.min((size.projector ? 0.34 : 0.31) * (size.width - gap), most);
  const kernelWidth = Math.min((size.projector ? 0.29 : 0.31) * (size.width - gap), most);
  const height = size.height;
  const bands = {
    clients: { x: 0, y: 0, width: clientsWidth, height },
    kernel: { x: clientsWidth + gap, y: 0, width: kernelWidth, height },
    process: {
      x: clientsWidth + gap + kernelWidth,
      y: 0,
      width: size.width - clientsWidth - gap - kernelWidth,
      height,
    },
  };
  const head = headHeight(type);
  const strip = doorHeight(type, !size.projector);
  const door = eachBand(bands, (band) => ({ ...band, y: head, height: strip }));
  const { left, right } = bandInset(type);
  door.kernel.x += left;
  door.kernel.width -= left + right;
  const top = head + strip + 0.55 * type.tiny;
  const foot = size.projector ? 0.3 * type.tiny : lineHeight(type.tiny) + 0.1 * type.tiny;
  const free = Math.max(0, height - top - foot);
  const areas = eachBand(bands, (band) => ({ ...band, y: top, height: free }));
  const width = Math.min(clientsWidth, kernelWidth);
  const plan = planRows({ ...crowd, height: free, width }, type);
  return { bands, door, plan, areas, height };
}

/** Under each other, as high as need be: the page scrolls. */
export function stacked(design: Design, crowd: Crowd, size: StageSize, type: StageType): Frame {
  const head = headHeight(type);
  const gap = type.tiny;
  const fits = crowd.wishes.findIndex((wanted) => wanted <= NARROW_ROWS);
  const wish = fits < 0 || crowd.unlisted > 0 ? null : fits;
  const places = wish === null ? NARROW_ROWS : Math.max(NARROW_FIRST, crowd.wishes[wish] ?? 0);
  const pitch = lineHeight(type.text) + lineHeight(type.large) + 0.8 * type.tiny;
  const foldedHeight = wish === null ? lineHeight(type.huge) + 4 * lineHeight(type.text) : 0;
  const plan: RowPlan = {
    scale: wish === null ? 'grouped' : 'card',
    columns: 1,
    places,
    wish,
    pitch,
    gap: 0.35 * type.tiny,
    foldedHeight,
  };
  const rows = places * pitch + foldedHeight;
  const strip = doorHeight(type, true);
  const tally = lineHeight(type.large) + lineHeight(type.text);
  const lanes = strip + gap + rows;
  const processes: Record<Design['process'], number> = {
    seat: 20 * type.text,
    lanes: lanes + lineHeight(type.text),
    loop: (design.speaks === 'lines' ? 28 : 32) * type.text, // the echo has its ribbon
    box: 20 * type.text,
  };
  let y = 0;
  const band = (inside: number): Rect => {
    const rect = { x: 0, y, width: size.width, height: head + inside + gap };
    y += rect.height + gap;
    return rect;
  };
  const bands = {
    clients: band(tally + rows),
    kernel: band(strip + gap + rows),
    process: band(processes[design.process]),
  };
  const strips = { clients: tally, kernel: strip, process: strip };
  const part = (from: (name: keyof typeof strips) => { y: number; height: number }) => ({
    clients: { ...bands.clients, ...from('clients') },
    kernel: { ...bands.kernel, ...from('kernel') },
    process: { ...bands.process, ...from('process') },
  });
  const door = part((name) => ({ y: bands[name].y + head, height: strips[name] }));
  const { left, right } = bandInset(type);
  door.kernel.x += left;
  door.kernel.width -= left + right;
  return {
    bands,
    door,
    plan,
    areas: part((name) => {
      const from = head + strips[name] + (name === 'clients' ? 0 : gap);
      return { y: bands[name].y + from, height: bands[name].height - from };
    }),
    height: y - gap,
  };
}

function eachBand(bands: Bands, change: (band: Rect) => Rect): Bands {
  return {
    clients: change(bands.clients),
    kernel: change(bands.kernel),
    process: change(bands.process),
  };
}
