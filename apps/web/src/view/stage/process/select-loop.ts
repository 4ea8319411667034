/**
 * One thread in a select loop, as the process of servers 3 and 4 is drawn: what the thread does, the
 * dial of the loop's phases, and where the fd grid and the byte ribbon have their place.
 */

import type { ServerState, ThreadState } from '@sockscope/tcp-core/trace/lab-state';
import { arc } from 'd3-shape';
import type { Point, Rect } from '../../geometry.ts';
import { loopThread } from '../../words/watching.ts';
import { count, counted } from '../../words/words.ts';
import { firstThatFits, labelAt, textWidth, type Label, type StageType } from '../label.ts';
import { layoutByteRibbon, ribbonHeight, type ByteRibbon } from './byte-ribbon.ts';
import { describeFds } from './fd-bits.ts';
import { fdGridHeight, layoutFdGrid, type FdGrid } from './fd-grid.ts';
import { describeLoop, phases, type Phase, type ThreadDoing } from './loop-phase.ts';
import { layoutThreadBox, type ThreadBox } from './thread-box.ts';

export interface LoopDial {
  center: Point;
  radius: number;
  /** Paths are around the centre. */
  segments: { phase: Phase; path: string; lit: boolean; label: Label | null }[];
  /** The head of an arrow that closes the loop, around the centre. */
  arrow: string;
  /** The number of turns, and the word under it. */
  turns: Label[];
  words: string;
}

export interface SelectPicture {
  type: StageType;
  thread: ThreadState | null;
  box: ThreadBox;
  dial: LoopDial;
  grid: FdGrid;
  /** Server 4's. */
  ribbon: ByteRibbon | null;
  /** While ready ones wait for the thread: since when, microseconds of the lab's clock. */
  waitingSince: number | null;
}

/** The whole drawing of a select server's process; `rect`'s left edge is the system-call line. */
export function layoutSelect(
  server: ServerState,
  rect: Rect,
  type: StageType,
  projector: boolean,
): SelectPicture {
  const { small, text: base, large, space } = type;
  const thread = loopThread(server);
  const echoes = server.design.speaks === 'bytes';
  const pad = 0.5 * space;
  const isLow = projector && rect.height < (echoes ? 20 : 13) * small;
  // The head takes what the grid and the ribbon can spare, within bounds.
  const lowHead = 1.2 * large + 1.75 * base;
  const leastHead = projector
    ? lowHead + (isLow ? 0 : small)
    : 1.5 * small + 2.4 * large + 3 * base;
  const forRibbon = ribbonHeight(type, projector, isLow) + 0.5 * space;
  const without = rect.height - leastHead - fdGridHeight(type, projector) - 2 * pad;
  // On a low screen the grid says who is served, and the ribbon gives up its place.
  const hasRibbon = echoes && !(projector && without < forRibbon);
  const ribbonSpace = hasRibbon ? forRibbon : 0;
  const spare = rect.height - fdGridHeight(type, projector) - ribbonSpace - 2 * pad;
  const headHeight = Math.max(leastHead, Math.min(spare, (echoes ? 9 : 11) * space));
  const dialWidth = projector
    ? Math.min(headHeight, 0.36 * rect.width)
    : Math.min(0.55 * rect.width, headHeight + 7.5 * small);
  const doing = describeLoop(server, thread);
  // Blocked, it stands at the system-call line; at work, away from it.
  const away = 0.625 * space;
  const aside = doing.blocked ? 0 : away;
  const box = layoutThreadBox(
    doing,
    thread,
    {
      x: rect.x + aside,
      y: rect.y,
      width: rect.width - dialWidth - pad - 2 * away,
      height: headHeight,
    },
    type,
    projector,
  );
  const dialRect = {
    x: rect.x + rect.width - dialWidth - away,
    y: rect.y,
    width: dialWidth,
    height: headHeight,
  };
  const dial = layoutDial(server, doing, dialRect, type, projector);

  const gridRect = {
    x: rect.x + pad,
    y: rect.y + headHeight + pad,
    width: rect.width - 2 * pad,
    height: rect.height - headHeight - ribbonSpace - 1.5 * pad,
  };
  const sets = describeFds(server, thread);
  const grid = layoutFdGrid(sets, gridRect, type, projector);
  const ribbon = hasRibbon
    ? layoutByteRibbon(
        server,
        { ...gridRect, y: rect.y + rect.height - ribbonSpace, height: ribbonSpace },
        type,
        projector,
      )
    : null;
  const waits = sets.fds.some(({ waiting }) => waiting);
  const waitingSince = waits ? (thread?.lastSelect?.t ?? null) : null;
  return { type, thread, box, dial, grid, ribbon, waitingSince };
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

function layoutDial(
  server: ServerState,
  { phase, blocked, words }: ThreadDoing,
  rect: Rect,
  { small, space }: StageType,
  projector: boolean,
): LoopDial {
  // An echo calculates nothing.
  const ring = !server.design.calculates ? phases.filter((name) => name !== 'calculate') : phases;
  const step = (2 * Math.PI) / ring.length;
  const gap = 0.35 * space;
  const halves = {
    left: textWidth('close', small, 'mono'),
    right: textWidth('accept', small, 'mono'),
  };
  const reach = Math.sin(step);
  const radius = projector
    ? Math.min(rect.width, rect.height) / 2
    : Math.min(
        (rect.height - 2.9 * small) / 2,
        (rect.width - halves.left - halves.right) / (2 * reach) - gap,
      );
  // The last phases' labels on the left, the first ones' on the right: the ring stands between them.
  const x = projector
    ? rect.x + rect.width - radius
    : rect.x + rect.width - halves.right - reach * (radius + gap);
  const center = { x, y: rect.y + rect.height / 2 };
  const inner = radius * (projector ? 0.7 : 0.66);
  const draw = arc<number>()
    .innerRadius(inner)
    .outerRadius(radius)
    .startAngle((index) => (index - 0.5) * step)
    .endAngle((index) => (index + 0.5) * step)
    .padAngle(0.07)
    .cornerRadius(radius * 0.06);

  const segments = ring.map((name, index) => {
    const angle = index * step;
    const side = Math.abs(Math.sin(angle)) < 0.2 ? 'middle' : Math.sin(angle) > 0 ? 'start' : 'end';
    const lower = side === 'middle' ? (Math.cos(angle) > 0 ? 0.05 : 0.78) : 0.3;
    const label = projector
      ? null
      : labelAt(
          name,
          {
            x: center.x + Math.sin(angle) * (radius + gap),
            y: center.y - Math.cos(angle) * (radius + gap) + lower * small,
          },
          small,
          { anchor: side, font: 'mono' },
        );
    return {
      phase: name,
      path: draw(index) ?? '',
      lit: phase === name || phase === 'turns',
      label,
    };
  });
  // Between the last segment and the first, clockwise.
  const tip = -0.5 * step;
  const on = (angle: number, distance: number): string =>
    `${(Math.sin(angle) * distance).toFixed(1)} ${(-Math.cos(angle) * distance).toFixed(1)}`;
  const middle = (inner + radius) / 2;
  const arrow = `M${on(tip - 0.06, radius * 1.02)}L${on(tip + 0.075, middle)}L${on(tip - 0.06, inner * 0.97)}z`;

  const { selects } = server.totals;
  const turnsWidth = 1.75 * inner;
  const number = firstThatFits(
    [count(selects), compact.format(selects)],
    turnsWidth,
    small,
    'mono',
  );
  const oneLine = projector || inner < 1.6 * small;
  const turns: Label[] = [];
  const centred = { anchor: 'middle' } as const;
  if (number !== null) {
    const y = center.y + (oneLine ? 0.3 : -0.1) * small;
    turns.push(labelAt(number, { x: center.x, y }, small, { ...centred, font: 'mono' }));
  }
  if (!oneLine) {
    const word = selects === 1 ? 'turn' : 'turns';
    turns.push(labelAt(word, { x: center.x, y: center.y + small }, small, centred));
  }
  const place =
    phase === 'turns'
      ? 'whole turns, counted'
      : blocked || phase === 'none'
        ? words
        : `${phase}: ${words}`;
  return {
    center,
    radius,
    segments,
    arrow,
    turns,
    words: `Phase of the loop: ${place}. ${counted(selects, 'turn')}`,
  };
}

/** The texts above the grid. */
export function headLabels({ box, dial }: Pick<SelectPicture, 'box' | 'dial'>): Label[] {
  const labels = [
    ...[box.tid, box.blocked, box.call, box.fd, ...box.detail],
    ...dial.segments.map(({ label }) => label),
    ...dial.turns,
  ];
  return labels.filter((label) => label !== null);
}

/** Every text of the picture, for tests. */
export function textsOf({ box, dial, grid, ribbon }: SelectPicture): Label[] {
  const texts: (Label | null)[] = [
    ...headLabels({ box, dial }),
    grid.summary,
    ...grid.rows.flatMap(({ labels }) => labels),
    ...grid.columns.flatMap(({ label, name }) => [label, name]),
  ];
  if (ribbon) {
    texts.push(ribbon.title, ...ribbon.labels, ...ribbon.gaps.flatMap(({ labels }) => labels));
    texts.push(...ribbon.cells.flatMap(({ hex, character }) => [hex, character]));
    texts.push(...[...ribbon.above, ...ribbon.below].map(({ label }) => label));
  }
  return texts.filter((text) => text !== null);
}
