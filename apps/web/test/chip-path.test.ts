import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { describe, expect, it } from 'vitest';
import type { Point, StageSize } from '../src/view/geometry.ts';
import { clientRows } from '../src/view/panel/client-rows.ts';
import { chipSize, chipWay } from '../src/view/stage/chip-path.ts';
import { stageLayout, type StageLayout } from '../src/view/stage/layout.ts';
import type { Motion, Stop } from '../src/view/stage/motions.ts';
import { processPicture, type ProcessPicture } from '../src/view/stage/process/process-picture.ts';
import { aStage } from './a-stage.ts';
import { lettersOf, textsIn } from './stage-texts.ts';

const sizes: StageSize[] = [
  { width: 880, height: 410, unit: 16, projector: false },
  { width: 1256, height: 410, unit: 16, projector: false },
  { width: 1890, height: 640, unit: 22, projector: false },
  { width: 1256, height: 470, unit: 26.4, projector: true },
];

const ways: Stop[][] = [
  ['client', 'kernel', 'process'],
  ['process', 'kernel', 'client'],
  ['client', 'kernel'],
  ['kernel', 'process'],
  ['queue', 'kernel'],
];

function drawn(id: ServerId, clients: number, size: StageSize, more = ''): ProcessPicture {
  const { server, now } = aStage(id, clients, more);
  const rows = clientRows(server, [], now);
  return processPicture(server, stageLayout(server, rows, size), size.projector);
}

const motion = (connection: number | null, path: Stop[]): Motion => ({
  seq: 1,
  kind: 'bytes',
  connection,
  session: null,
  identity: null,
  path,
  count: 1,
});

/** Places on the way, two pixels apart. */
function along(points: readonly Point[]): Point[] {
  return points.slice(1).flatMap((to, index) => {
    const from = points[index]!;
    const steps = Math.ceil((Math.abs(to.x - from.x) + Math.abs(to.y - from.y)) / 2);
    return Array.from({ length: steps + 1 }, (_, step) => {
      const part = steps === 0 ? 0 : step / steps;
      return { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
    });
  });
}

describe('the way of a chip', () => {
  for (const id of ['server1', 'server2', 'server3', 'server4'] as const) {
    it.each([1, 3, 8, 24, 40, 200])(`${id}, %i clients: covers no text`, (clients) => {
      for (const size of sizes) {
        const picture = drawn(id, id === 'server1' ? 1 : clients, size, 'slow');
        const { layout } = picture;
        const half = chipSize(layout.type) / 2 - 1;
        const texts = textsIn(picture).map(({ label }) => ({ label, box: lettersOf(label) }));
        const covered = new Set<string>();
        for (const { connection } of layout.rows) {
          for (const path of ways) {
            const way = chipWay(layout, motion(connection, path));
            for (const { x, y } of along(way?.points ?? [])) {
              for (const { label, box } of texts) {
                const isOver =
                  x + half > box.x &&
                  x - half < box.x + box.width &&
                  y + half > box.y &&
                  y - half < box.y + box.height;
                if (isOver) covered.add(`${size.width} ${path.join('-')}: ${label.text}`);
              }
            }
          }
        }
        expect([...covered]).toEqual([]);
      }
    });
  }

  it('begins and ends where its client, its row in the kernel and its thread are', () => {
    const { layout } = drawn('server2', 3, sizes[0]!);
    const { at, kernel } = layout.rows[1]!;
    const points = chipWay(layout, motion(2, ['client', 'kernel', 'process']))!.points;
    expect(points[0]!.y).toBe(at.y);
    expect(points.at(-1)!.y).toBe(layout.anchors.get(2)!.process.y);
    expect(Math.abs(points.at(-1)!.x - layout.line)).toBeLessThan(chipSize(layout.type) / 2);
    const back = chipWay(layout, motion(2, ['process', 'kernel', 'client']))!.points;
    expect(back).toEqual(points.toReversed());
    const rests = chipWay(layout, motion(2, ['client', 'kernel']))!;
    expect(rests.points.at(-1)!.y).toBe(at.y);
    expect(rests.lands).toEqual(kernel!.rect);
  });

  it('reaches a descriptor of select() from above', () => {
    const { layout } = drawn('server3', 3, sizes[1]!);
    const { process } = layout.anchors.get(2)!;
    const { points } = chipWay(layout, motion(2, ['kernel', 'process']))!;
    expect(points.at(-1)!.x).toBe(process.x);
    expect(points.at(-1)!.y).toBeLessThan(process.y);
  });

  it('has no home without a row, and another one when its row has moved', () => {
    const of = (layout: StageLayout) => chipWay(layout, motion(2, ['client', 'kernel']))?.home;
    const before = of(drawn('server2', 3, sizes[0]!).layout);
    expect(of(drawn('server2', 3, sizes[0]!).layout)).toBe(before);
    expect(of(drawn('server2', 5, sizes[0]!).layout)).not.toBe(before);
    expect(of(drawn('server2', 1, sizes[0]!).layout)).toBeUndefined();
  });

  it('lights up what it would reach where the bands are under each other', () => {
    const { layout } = drawn('server2', 2, { ...sizes[0]!, width: 360 });
    const way = chipWay(layout, motion(2, ['process', 'kernel', 'client']))!;
    expect(way.points).toEqual([]);
    expect(way.lands).toEqual(layout.rows[1]!.card.rect);
  });
});
