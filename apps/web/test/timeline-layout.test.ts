import { assignment } from '@sockscope/tcp-core/designs/all';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { describe, expect, it } from 'vitest';
import type { ClockStretch } from '../src/view/timeline/clock-scale.ts';
import type { TimelineAxis } from '../src/view/timeline/items.ts';
import { itemAt, lineBesideTexts, type TimelineLayout } from '../src/view/timeline/layout.ts';
import { TimelinePicture } from '../src/view/timeline/picture.ts';
import { clockTicks, orderTicks } from '../src/view/timeline/ticks.ts';
import {
  followingWindow,
  spanOf,
  windowAround,
  zoomedBy,
  zoomedWindow,
} from '../src/view/timeline/window.ts';
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
  const layout = picture.look({ size, axis, seq: lab.lab.seq, live: true, now: lab.t });
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
        // A count stands in what it counts.
        .filter(({ mark, y }) => y === text.y && (mark.seq !== text.seq || mark.count === 1))
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
    const { spans } = picture.look({
      size,
      axis: 'order',
      seq: lab.lab.seq,
      live: true,
      now: lab.t,
    });
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

describe('the needle', () => {
  it('goes through no text, and else from top to bottom', () => {
    const { layout } = looked(aBusyLab(), 'clock');
    for (const text of layout.texts) {
      const parts = lineBesideTexts(layout, text.x + text.width / 2, 24, size.height);
      const half = layout.textPx / 2;
      const through = parts.filter(([from, to]) => from < text.y + half && to > text.y - half);
      expect(through).toEqual([]);
      expect(parts.length).toBeGreaterThan(0);
    }
    const free = lineBesideTexts({ ...layout, texts: [] }, 300, 24, 150);
    expect(free).toEqual([[24, 150]]);
  });
});

describe('a number', () => {
  it('is never cut: without room it is told how long it is', () => {
    const lab = new ALab();
    lab.start('server3');
    lab.connect('server3', 1, 21);
    lab.t += 500_000;
    lab.say('server3', 1, 21, '3^20', '3486784401');
    lab.say('server3', 1, 21, '2^64', '18446744073709551616');
    for (const axis of ['clock', 'order'] as const) {
      const said = looked(lab, axis).layout.texts.map(({ text }) => text);
      expect(said).toContain('20 digits');
      expect(said.filter((text) => /\d…/.test(text))).toEqual([]);
    }
  });
});

describe('TimelinePicture', () => {
  it('makes a new layout only when something changed', () => {
    const lab = aBusyLab();
    const { picture, layout } = looked(lab, 'clock');
    const look = { size, axis: 'clock', seq: lab.lab.seq, live: true, now: lab.t } as const;
    expect(picture.look(look)).toBe(layout);
    picture.log.history.push(lab.happen('server3', 1, { type: 'listenerClosed', fd: 20 }));
    expect(picture.look({ ...look, seq: lab.lab.seq })).not.toBe(layout);
  });

  it('stands still while it is held, also when more happens', () => {
    const lab = aBusyLab();
    const { picture } = looked(lab, 'order');
    const seq = lab.lab.seq - 20;
    const held = { size, axis: 'order', seq, live: false, now: lab.t } as const;
    const before = picture.look(held);
    lab.say('server3', 1, 21, '1+1', '2');
    picture.log.history.push(lab.events.slice(-3));
    const after = picture.look(held);
    expect(after.x(40)).toBe(before.x(40));
  });

  it('follows the cursor out of the window, and finds the event under the pointer', () => {
    const lab = aBusyLab();
    const { picture } = looked(lab, 'order');
    const layout = picture.look({ size, axis: 'order', seq: 7, live: false, now: lab.t });
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

describe('the clock’s edge', () => {
  /** A calculation that began, and the answers before it. */
  function calculating(): ALab {
    const lab = new ALab();
    lab.start('server3');
    lab.connect('server3', 1, 21);
    lab.t += 7_000_000;
    lab.say('server3', 1, 21, '22+44', '66');
    lab.t += 3_000_000;
    const on = { connection: 1, fd: 21 };
    lab.happen(
      'server3',
      1,
      { type: 'received', ...on, bytes: 5, preview: '2^64\n' },
      { type: 'evaluating', ...on, message: '2^64' },
    );
    return lab;
  }
  const widthOf = ({ spans }: TimelineLayout): number =>
    spans.findLast(({ span }) => span.kind === 'calculation')?.rect.width ?? 0;

  it('runs with the clock while nothing happens: what is calculated grows', () => {
    const lab = calculating();
    const picture = new TimelinePicture(historyOf(lab), 'server3');
    const look = { size, axis: 'clock', seq: lab.lab.seq, live: true } as const;
    const widths = [1, 2, 3].map((s) => widthOf(picture.look({ ...look, now: lab.t + s * 1e6 })));
    expect(widths[1]! - widths[0]!).toBeCloseTo(56);
    expect(widths[2]! - widths[1]!).toBeCloseTo(56);
    const layout = picture.look({ ...look, now: lab.t + 3e6 });
    expect(layout.x(picture.cursor)).toBeGreaterThan(0.3 * size.width);
  });

  it('stays where it was when time is held: a freeze is a photograph', () => {
    const lab = calculating();
    const picture = new TimelinePicture(historyOf(lab), 'server3');
    const look = { size, axis: 'clock', seq: lab.lab.seq, live: true } as const;
    const live = picture.look({ ...look, now: lab.t + 3e6 });
    const cursor = live.x(picture.cursor);
    const held = picture.look({ ...look, live: false, now: lab.t });
    expect(widthOf(held)).toBe(widthOf(live));
    expect(held.x(picture.cursor)).toBe(cursor);
    expect(held.texts).toEqual(live.texts);
  });

  it('does not run on while nothing waits: quiet time is told in words', () => {
    const lab = calculating();
    const on = { connection: 1, fd: 21, message: '2^64', reply: '1', error: false, micros: 9 };
    lab.happen('server3', 1, { type: 'evaluated', ...on });
    const picture = new TimelinePicture(historyOf(lab), 'server3');
    const look = { size, axis: 'clock', seq: lab.lab.seq, live: true } as const;
    const soon = picture.look({ ...look, now: lab.t + 5e6 });
    const x = soon.x(picture.cursor);
    const later = picture.look({ ...look, now: lab.t + 42e6 });
    expect(later.x(picture.cursor)).toBeCloseTo(x);
    expect(later.breaks.length).toBe(3);
    expect(later.ticks.filter(({ isFold }) => isFold).map(({ text }) => text)).toContain('42.0 s');
  });
});

describe('stepping', () => {
  it.each(['clock', 'order'] as const)('moves nothing but the needle (%s)', (axis) => {
    const lab = aBusyLab();
    const { picture, layout: live } = looked(lab, axis);
    const first = picture.log.eventAt(live.at(40), axis)?.seq ?? 0;
    expect(lab.lab.seq - first).toBeGreaterThan(20);
    for (let seq = lab.lab.seq; seq >= first; seq -= 1) {
      const held = picture.look({ size, axis, seq, live: false, now: 0 });
      expect(held.x(1)).toBe(live.x(1));
      expect(held.x(2)).toBe(live.x(2));
      expect(held.lanes).toEqual(live.lanes);
    }
  });

  it('keeps the zoom, also when the past is loaded meanwhile', () => {
    const lab = aBusyLab();
    const whole = historyOf(lab);
    const late = new LabHistory(whole.stateAt(40));
    late.push(whole.events(40));
    const young = new TimelinePicture(late, 'server3');
    const look = { size, axis: 'clock', seq: 90, live: false, now: lab.t } as const;
    young.look({ ...look, seq: lab.lab.seq, live: true });
    young.zoomStep(1);
    const before = young.look(look);
    const wide = before.x(1) - before.x(0);
    expect(wide).toBeCloseTo(56 * 1.5);
    const old = new TimelinePicture(whole, 'server3', young);
    const after = old.look(look);
    expect(after.x(1) - after.x(0)).toBeCloseTo(wide);
    expect(after.x(old.cursor)).toBeCloseTo(before.x(young.cursor));
    expect(old.look({ ...look, seq: 5 }).x(1) - old.look({ ...look, seq: 5 }).x(0)).toBeCloseTo(
      wide,
    );
  });

  it('zooms by steps around the needle', () => {
    const lab = aBusyLab();
    const { picture } = looked(lab, 'clock');
    const look = { size, axis: 'clock', seq: 80, live: false, now: lab.t } as const;
    const before = picture.look(look);
    const x = before.x(picture.cursor);
    picture.zoomStep(1);
    const nearer = picture.look(look);
    expect(nearer.x(picture.cursor)).toBeCloseTo(x);
    expect(nearer.x(1) - nearer.x(0)).toBeCloseTo(1.5 * (before.x(1) - before.x(0)));
    picture.zoomStep(-1);
    expect(picture.look(look).x(0)).toBeCloseTo(before.x(0));
  });
});

describe('the strip of projector mode', () => {
  it('has four lanes at most, those that matter, and no text below 24 px', () => {
    const lab = aBusyLab();
    const picture = new TimelinePicture(historyOf(lab), 'server3');
    const strip = { width: 1_000, height: 6.125 * 25.6, unit: 25.6, strip: true };
    const look = { axis: 'clock', seq: lab.lab.seq, live: true, now: lab.t } as const;
    const layout = picture.look({ ...look, size: strip });
    expect(layout.lanes.map(({ lane }) => lane.key)).toEqual(['c7', 'c10', 't1', 'folded']);
    expect(layout.textPx).toBeGreaterThanOrEqual(24);
    const last = layout.lanes.at(-1);
    expect((last?.top ?? 0) + layout.laneHeight).toBeLessThanOrEqual(strip.height);
  });
});

describe('with a thousand clients', () => {
  it('lays out no more than there is room for', () => {
    const lab = new ALab();
    lab.start('server3');
    for (let id = 1; id <= 1_000; id++) lab.connect('server3', id, 20 + id);
    for (let turn = 0; turn < 1_500; turn++) {
      const id = 1 + (turn % 1_000);
      lab.say('server3', id, 20 + id, '1+1', '2');
    }
    const picture = new TimelinePicture(historyOf(lab), 'server3');
    const look = { size, axis: 'clock', seq: lab.lab.seq, live: true } as const;
    picture.look({ ...look, now: lab.t });
    const layout = picture.look({ ...look, now: lab.t + 100_000 });
    expect(layout.lanes.length).toBe(7);
    const items = layout.marks.length + layout.spans.length;
    expect(items).toBeLessThan(1_000);
  });
});

describe('the window', () => {
  it('follows the newest event with room after it, and fills from the left at first', () => {
    expect(followingWindow({ from: 0, to: 10 }, 60, 'order')).toEqual({ from: 0, to: 60 });
    const { from, to } = followingWindow({ from: 0, to: 1_000 }, 100, 'order');
    expect(to - from).toBe(100);
    expect(to).toBeGreaterThan(1_005);
  });

  it('ends where the clock is', () => {
    const { to } = followingWindow({ from: 0, to: 1_000 }, 20, 'clock');
    expect(to - 1_000).toBeLessThan(2);
  });

  it('stands still while the moment is in it, and has it in its middle when it left', () => {
    const window = { from: 100, to: 200 };
    for (const position of [100, 103, 150, 200])
      expect(windowAround(window, position)).toBe(window);
    expect(windowAround(window, 300)).toEqual({ from: 250, to: 350 });
    expect(windowAround(window, 50)).toEqual({ from: 0, to: 100 });
  });

  it('zooms around what is pointed at', () => {
    expect(zoomedWindow({ from: 0, to: 100 }, 50, 80)).toEqual({ from: 40, to: 90 });
  });

  it('zooms in and out by the same, and not beyond what can be told', () => {
    const zoom = zoomedBy(1, 1 / 1.5, size, 'clock');
    expect(spanOf(size, 'clock', zoom)).toBeCloseTo(spanOf(size, 'clock', 1) / 1.5);
    expect(zoomedBy(zoom, 1.5, size, 'clock')).toBeCloseTo(1);
    expect(spanOf(size, 'order', zoomedBy(1, 1e-9, size, 'order'))).toBe(8);
  });
});

describe('the axis', () => {
  const labels = (stretches: Partial<ClockStretch>[]): [number, string][] =>
    clockTicks(
      stretches.map((stretch) => ({
        fromTime: 0,
        toTime: 0,
        from: 0,
        to: 0,
        fold: null,
        ...stretch,
      })),
      2,
    ).map(({ at, label }) => [at, label]);

  it('tells round times where a second is a second', () => {
    const whole = { fromTime: 58e6, toTime: 70e6, from: 0, to: 12 };
    expect(labels([whole])).toEqual([
      [0, '58 s'],
      [2, '1:00'],
      [4, '1:02'],
      [6, '1:04'],
      [8, '1:06'],
      [10, '1:08'],
      [12, '1:10'],
    ]);
  });

  it('tells how long a folded stretch took, when something began, and how much later the rest came', () => {
    expect(
      labels([
        { fromTime: 5e6, toTime: 12.1e6, from: 0, to: 2, fold: 0.5 },
        { fromTime: 12.1e6, toTime: 12.1004e6, from: 2, to: 3.1 },
        { fromTime: 12.1004e6, toTime: 12.1012e6, from: 3.1, to: 4.2 },
      ]),
    ).toEqual([
      [0.5, '7.1 s'],
      [2, '12.100 s'],
      [3.1, '+400 µs'],
      [4.2, '+1.2 ms'],
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
