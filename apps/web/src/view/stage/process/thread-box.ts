/** The thread of a select server as a box: who it is, the call it is in, and what that is about. */

import type { ThreadState } from '@sockscope/tcp-core/trace/lab-state';
import { fitSans, type Rect, type ShapePlace } from '../../geometry.ts';
import { BLOCKED_IN } from '../../words/waiting.ts';
import {
  baseline,
  firstThatFits,
  labelAt,
  lineHeight,
  textWidth,
  wrapped,
  type Label,
  type StageType,
} from '../label.ts';
import type { ThreadDoing } from './loop-phase.ts';

export interface ThreadBox {
  rect: Rect;
  doing: ThreadDoing;
  /** Null where the box is low. */
  tid: Label | null;
  /** "blocked in", where it does not stand on the call's line. */
  blocked: Label | null;
  call: Label;
  /** "A · fd 24" with the place of its shape. */
  fd: Label | null;
  shape: ShapePlace | null;
  /** At most two lines. */
  detail: Label[];
}

/** How wide "blocked in " is, in em. */
const BLOCKED_IN_WIDTH = 5.85;

/** Puts the texts into `rect`; what does not fit is made smaller, then shorter, then left out. */
export function layoutThreadBox(
  doing: ThreadDoing,
  thread: ThreadState | null,
  rect: Rect,
  type: StageType,
  projector: boolean,
): ThreadBox {
  const { small, text: base, large, space } = type;
  const x = rect.x + 0.625 * space;
  const width = rect.width - 0.875 * space;
  const right = x + width;
  const bottom = rect.y + rect.height;
  let y = rect.y;
  let tid: Label | null = null;
  // Where it is low, what the thread does is more than who it is.
  if (rect.height > small + 1.3 * large + 1.8 * base) {
    y += (projector ? 1 : 1.5) * small;
    const name = thread ? [`thread, tid ${thread.tid}`, `tid ${thread.tid}`] : ['thread'];
    tid = labelAt(firstThatFits(name, width, small) ?? '', { x, y }, small);
  }

  // A tall box has room for taller letters, a narrow one needs smaller ones.
  const tall = large * Math.max(1, Math.min(1.7, rect.height / (5.2 * large)));
  const blockedWidth = doing.blocked ? BLOCKED_IN_WIDTH * base : 0;
  const font = doing.isCall ? 'mono' : 'sans';
  const wanted = textWidth(doing.call, 1, font);
  const oneLine = doing.blocked && blockedWidth + wanted * large <= width;
  const room = oneLine ? width - blockedWidth : width;
  const callSize = Math.max(base, Math.min(tall, room / wanted));
  y += (projector ? 1.2 : 1.3) * callSize;
  let blocked: Label | null = null;
  let callX = x;
  if (doing.blocked) {
    blocked = labelAt(BLOCKED_IN, { x, y: oneLine ? y : y - callSize + base }, base);
    if (oneLine) callX += blockedWidth;
    else y += 1.1 * callSize;
  }
  const call = labelAt(doing.call, { x: callX, y }, callSize, { font });

  let fd: Label | null = null;
  let shape: ThreadBox['shape'] = null;
  if (doing.fd !== null) {
    const whole = projector ? doing.name : `${doing.name} · fd ${doing.fd}`;
    const size = 1.2 * base;
    const after = callX + call.width + 0.6 * space;
    const beside = after + size + 4 + textWidth(whole, base) <= right;
    if (!beside) y += 1.4 * base;
    const fdX = beside ? after : x;
    const room = right - fdX - size - 4;
    const text = firstThatFits([whole, doing.name], room, base) ?? fitSans(doing.name, room, base);
    fd = labelAt(text, { x: fdX + size + 4, y }, base);
    shape = { x: fdX + size / 2, y: y - 0.35 * base, size };
  }
  const detail = placeDetail([doing.detail, doing.brief], { x, y, right, bottom }, [
    Math.max(base, 0.8 * callSize),
    large,
    base,
    small,
  ]);
  return { rect, doing, tid, blocked, call, fd, shape, detail };
}

/** In the largest letters in which it fits into two lines, or else cut. `y`: the baseline before. */
function placeDetail(
  texts: readonly string[],
  { x, y, right, bottom }: { x: number; y: number; right: number; bottom: number },
  sizes: readonly number[],
): Label[] {
  const linesOf = (text: string, size: number): Label[] => {
    const first = y + 1.35 * size;
    const most = Math.min(2, Math.floor((bottom - 0.3 * size - first) / lineHeight(size)) + 1);
    const top = first - baseline({ y: 0, size });
    return wrapped(text, { x, y: top, width: right - x }, size, most);
  };
  for (const text of texts) {
    for (const size of sizes) {
      const lines = linesOf(text, size);
      const isWhole = lines.length > 0 && lines.map((line) => line.text).join(' ') === text;
      // Large letters are for what fits into one line.
      if (isWhole && (lines.length === 1 || size <= sizes[2]!)) return lines;
    }
  }
  return linesOf(texts.at(-1)!, sizes.at(-1)!);
}
