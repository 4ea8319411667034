import { assignment } from '@sockscope/tcp-core/designs/all';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { describe, expect, it } from 'vitest';
import type { TimelineAxis } from '../src/view/timeline/items.ts';
import { itemAt, type TimelineLayout } from '../src/view/timeline/layout.ts';
import { TimelinePicture } from '../src/view/timeline/picture.ts';
import { clockTicks, orderTicks } from '../src/view/timeline/ticks.ts';
import { followingWindow, windowAround, zoomedWindow } from '../src/view/timeline/window.ts';
import { ALab, EPOCH } from './a-lab.ts';

const size = { width: 1136, height: 150, unit: 16 };

function historyOf(lab: ALab): LabHistory {
  const history = new LabHistory(emptyLab(EPOCH, assignment));
  history.push(lab.events);
  return history;
}

function aBusyLab(): ALab {
  const lab = new ALab();
  lab.start('server3');
  for (let id = 1; id <= 9; id++) lab.connect('server3', id, 20 + id);
  for (let turn = 0; turn < 40; turn++) {
    lab.t += 97_000 * (turn % 3);
    const id = 1 + ((turn * 5) % 9);
    lab.say('server3', id, 20 + id, `${turn} * 1234567`, turn % 7 === 0 ? 'error: no' : '66');
  }
  lab.turnAway('server3', 10, 30);
  return lab;
}

function looked(
  lab: ALab,
  axis: TimelineAxis,
): { picture: TimelinePicture; layout: TimelineLayout } {
  const picture = new TimelinePicture(historyOf(lab), 'server3');
  const layout = picture.look({ size, axis, seq: lab.lab.seq, live: true });
  return { picture, layout };
}

describe('timelineLayout', () => {
  it.each(['clock', 'order'] as const)('never lays a text over another or a mark (%s)', (axis) => {
    const { layout } = looked(aBusyLab(), axis);
    expect(layout.texts.length).toBeGreaterThan(5);
    const overlaps = (a: { x: number; width: number }, b: { x: number; width: number }): boolean =>
      a.x < b.x + b.width && b.x < a.x + a.width;
    layout.texts.forEach((text, index) => {
      expect(text.x).toBeGreaterThanOrEqual(0);
      expect(text.x + text.width).toBeLessThanOrEqual(size.width);
      const sameLane = layout.texts.slice(index + 1).filter(({ y }) => y === text.y);
      expect(sameLane.filter((other) => overlaps(text, other))).toEqual([]);
      const marks = layout.marks
        .filter(({ y }) => y === text.y)
        .map(({ x, halfWidth }) => ({ x: x - halfWidth, width: 2 * halfWidth }));
      expect(marks.filter((mark) => overlaps(text, mark))).toEqual([]);
    });
    const ticks = layout.ticks.toSorted((a, b) => a.x - b.x);
    ticks.slice(1).forEach((tick, index) => expect(overlaps(tick, ticks[index]!)).toBe(false));
  });

  it('says what went wrong before anything else', () => {
    const { layout } = looked(aBusyLab(), 'order');
    expect(layout.texts.find(({ text }) => text === 'busy')).toMatchObject({ bad: true });
  });

  it('fits its lanes into the height, none lower than its text', () => {
    const { layout } = looked(aBusyLab(), 'clock');
    expect(layout.lanes.length).toBe(7);
    const last = layout.lanes.at(-1);
    expect((last?.top ?? 0) + layout.laneHeight).toBeLessThanOrEqual(size.height);
    expect(layout.laneHeight).toBeGreaterThanOrEqual(18);
    expect(layout.textPx).toBeGreaterThanOrEqual(13);
  });

  it('draws what began before the window from its left edge', () => {
    const lab = aBusyLab();
    const { picture } = looked(lab, 'order');
    const { spans } = picture.look({ size, axis: 'order', seq: lab.lab.seq, live: true });
    const lives = spans.filter(({ span }) => span.kind === 'open' && span.from === -Infinity);
    expect(lives.length).toBeGreaterThan(0);
    for (const { rect } of lives) {
      expect(rect.x).toBeLessThanOrEqual(0);
      expect(rect.x + rect.width).toBeGreaterThan(size.width / 2);
    }
  });

  it('finds the event that is drawn at a place, and none where there is none', () => {
    const { layout } = looked(aBusyLab(), 'order');
    for (const { mark, x, y } of layout.marks)
      expect(itemAt(layout, x, y)).toEqual({ seq: mark.seq, lane: mark.lane });
    expect(itemAt(layout, size.width - 2, 2)).toBeNull();
    const text = layout.texts.find(({ text }) => text === 'busy');
    expect(itemAt(layout, text!.x + 4, text!.y)?.seq).toBe(text?.seq);
  });
});

describe('TimelinePicture', () => {
  it('makes a new layout only when something changed', () => {
    const lab = aBusyLab();
    const { picture, layout } = looked(lab, 'clock');
    const look = { size, axis: 'clock', seq: lab.lab.seq, live: true } as const;
    expect(picture.look(look)).toBe(layout);
    picture.log.history.push(lab.happen('server3', 1, { type: 'listenerClosed', fd: 20 }));
    expect(picture.look({ ...look, seq: lab.lab.seq })).not.toBe(layout);
  });

  it('stands still while it is held, also when more happens', () => {
    const lab = aBusyLab();
    const { picture } = looked(lab, 'order');
    const seq = lab.lab.seq - 20;
    const held = { size, axis: 'order', seq, live: false } as const;
    const before = picture.look(held);
    lab.say('server3', 1, 21, '1+1', '2');
    picture.log.history.push(lab.events.slice(-3));
    const after = picture.look(held);
    expect(after.x(40)).toBe(before.x(40));
  });

  it('follows the cursor out of the window, and finds the event under the pointer', () => {
    const lab = aBusyLab();
    const { picture } = looked(lab, 'order');
    const layout = picture.look({ size, axis: 'order', seq: 7, live: false });
    const x = layout.x(picture.cursor);
    expect(x).toBeGreaterThan(0);
    expect(x).toBeLessThan(size.width);
    expect(picture.seqAt(x - 3)).toBe(7);
    expect(picture.log.stepFrom(7, 1)?.seq).toBe(8);
    expect(picture.log.stepFrom(7, -Infinity)?.seq).toBe(1);
  });

  it('counts only the server’s own events as steps', () => {
    const lab = new ALab();
    lab.start('server3');
    lab.start('server4');
    lab.connect('server3', 1, 21);
    const history = historyOf(lab);
    const { log } = new TimelinePicture(history, 'server3');
    log.follow();
    expect(log.positionOf(4, 'order')).toBe(4);
    expect(log.positionOf(8, 'order')).toBe(4);
    expect(log.positionOf(9, 'order')).toBe(5);
    expect(log.eventAt(4.5, 'order')).toMatchObject({ type: 'accepted', seq: 9 });
  });
});

describe('the window', () => {
  it('follows the newest event with room after it, and fills from the left at first', () => {
    expect(followingWindow({ from: 0, to: 10 }, 60)).toEqual({ from: 0, to: 60 });
    const { from, to } = followingWindow({ from: 0, to: 1_000 }, 100);
    expect(to - from).toBe(100);
    expect(to).toBeGreaterThan(1_005);
  });

  it('moves no further than it must', () => {
    const window = { from: 100, to: 200 };
    expect(windowAround(window, 150)).toBe(window);
    expect(windowAround(window, 300)).toEqual({ from: 208, to: 308 });
    expect(windowAround(window, 50)).toEqual({ from: 42, to: 142 });
  });

  it('zooms around what is pointed at', () => {
    expect(zoomedWindow({ from: 0, to: 100 }, 50, 80)).toEqual({ from: 40, to: 90 });
  });
});

describe('the axis', () => {
  it('tells the time, and close together how much later', () => {
    const labels = (from: number, to: number): string[] =>
      clockTicks({ from, to }, 5).map(({ label }) => label);
    expect(labels(0, 20e6)).toEqual(['0 s', '5 s', '10 s', '15 s', '20 s']);
    expect(labels(58e6, 78e6)).toEqual(['1:00', '1:05', '1:10', '1:15']);
    expect(labels(12_340_000, 12_440_000)).toEqual([
      '12.34 s',
      '+20 ms',
      '+40 ms',
      '+60 ms',
      '+80 ms',
      '+100 ms',
    ]);
  });

  it('tells pauses between events in event order', () => {
    const lab = new ALab();
    lab.start('server3');
    lab.t += 2_100_000;
    lab.connect('server3', 1, 21);
    const labels = orderTicks(lab.events, 0, 10).map(({ at, label }) => [at, label]);
    expect(labels).toEqual([
      [0, '#1'],
      [4, '+2.1 s'],
    ]);
  });
});
