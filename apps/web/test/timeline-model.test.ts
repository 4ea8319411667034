import { assignment } from '@sockscope/tcp-core/designs/all';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { describe, expect, it } from 'vitest';
import type { Mark, Span, TimelineModel } from '../src/view/timeline/items.ts';
import { MOST_ITEMS, timelineModel, type TimelineInput } from '../src/view/timeline/model.ts';
import { ALab, EPOCH } from './a-lab.ts';

/** The whole log of one server, so fine that nothing is merged unless asked for. */
function modelOf(lab: ALab, server: ServerId, more: Partial<TimelineInput> = {}): TimelineModel {
  const end = more.axis === 'clock' ? lab.t : lab.events.length;
  return timelineModel({
    before: emptyLab(EPOCH, assignment).servers[server]!,
    events: lab.events,
    until: Infinity,
    axis: 'order',
    window: { from: 0, to: end },
    firstStep: 0,
    end,
    // Here a unit of the clock's axis is a microsecond.
    place: (micros) => micros,
    now: lab.t,
    grain: 0.5,
    mostLanes: 8,
    ...more,
  });
}

const onLane = (model: TimelineModel, lane: string): { marks: Mark[]; spans: Span[] } => ({
  marks: model.marks.filter((mark) => mark.lane === lane),
  spans: model.spans.filter((span) => span.lane === lane),
});

function aSelectServer(clients: number): ALab {
  const lab = new ALab();
  lab.start('server3');
  for (let id = 1; id <= clients; id++) lab.connect('server3', id, 20 + id);
  return lab;
}

describe('timelineModel', () => {
  it('marks a refused client with the word that it was told, and where its lane begins and ends', () => {
    const lab = new ALab();
    lab.start('server1');
    lab.connect('server1', 1, 24);
    lab.turnAway('server1', 2, 25);
    const { marks, spans } = onLane(modelOf(lab, 'server1'), 'c2');
    expect(marks.map(({ kind }) => kind)).toEqual(['accepted', 'refused', 'server-fin', 'closed']);
    expect(marks[1]).toMatchObject({ text: 'busy', bad: true });
    expect(spans.map(({ kind }) => kind)).toEqual(['open', 'half-closed']);
    // By the clock all of it is one place: the refusal is what remains to be seen.
    const coarse = onLane(modelOf(lab, 'server1', { axis: 'clock', grain: 20_000 }), 'c2');
    expect(coarse.marks).toMatchObject([{ kind: 'refused', text: 'busy', bad: true }]);
  });

  it('ties together the two that one select returned, and nobody else', () => {
    const lab = aSelectServer(3);
    lab.happen(
      'server3',
      1,
      {
        type: 'blocked',
        own: [],
        call: 'select',
        in: 'select',
        read: [20, 21, 22, 23],
        write: [],
        timeoutMs: null,
      },
      {
        type: 'selected',
        own: [],
        read: [20, 21, 22, 23],
        write: [],
        readable: [21, 23],
        writable: [],
        micros: 900,
      },
    );
    const model = modelOf(lab, 'server3');
    expect(model.readySets).toMatchObject([{ thread: 't1', ready: ['c1', 'c3'] }]);
    expect(onLane(model, 't1').marks.at(-1)).toMatchObject({ kind: 'selected', text: 'fd 21, 23' });
  });

  it('draws waiting apart from working, for as long as each lasted', () => {
    const lab = aSelectServer(0);
    const from = lab.t;
    const select = {
      type: 'blocked' as const,
      own: [],
      call: 'select' as const,
      in: 'select' as const,
      write: [],
      timeoutMs: null,
    };
    lab.t += 5_000;
    lab.happen('server3', 1, { ...select, read: [20] });
    lab.t += 50_000;
    lab.connect('server3', 1, 21);
    lab.t += 7_000;
    lab.happen('server3', 1, { ...select, read: [20, 21] });
    const { spans } = onLane(modelOf(lab, 'server3', { axis: 'clock' }), 't1');
    const after = spans.filter((span) => span.to > from + 6_000);
    expect(after.map(({ kind, text, to, from }) => [kind, text, to - from])).toEqual([
      ['blocked', 'select()', 51_000],
      ['working', '', 9_000],
    ]);
  });

  it('draws a slow calculation from its beginning to its end, on its connection', () => {
    const lab = aSelectServer(1);
    const on = { connection: 1, fd: 21 };
    lab.happen('server3', 1, { type: 'evaluating', ...on, message: '2+2' });
    const begun = lab.t;
    lab.t += 1_500_000;
    const evaluated = { type: 'evaluated', message: '2+2', reply: '4', error: false } as const;
    lab.happen('server3', 1, { ...evaluated, ...on, micros: 40 });
    const calculation = {
      kind: 'calculation',
      lane: 'c1',
      from: begun,
      to: lab.t,
      text: '2+2',
    };
    const clock = modelOf(lab, 'server3', { axis: 'clock' });
    expect(clock.spans).toContainEqual(expect.objectContaining(calculation));
    // Before it has ended it reaches up to now.
    lab.events.pop();
    const end = begun + 900_000;
    const unfinished = modelOf(lab, 'server3', { axis: 'clock', end, now: end });
    expect(unfinished.spans).toContainEqual(expect.objectContaining({ ...calculation, to: end }));
  });

  it('shows calls that were counted as a block with their number', () => {
    const lab = aSelectServer(2);
    lab.t += 500_000;
    const flow = { calls: 812, bytes: 9_744 };
    lab.happen('server3', 1, {
      type: 'summed',
      waited: 0,
      micros: 400_000,
      turns: 812,
      connections: [
        { connection: 2, fd: 22, received: flow, sent: flow, messages: 812, errors: 0 },
      ],
    });
    const model = modelOf(lab, 'server3', { axis: 'clock' });
    const block = { kind: 'summed', text: '×812', from: lab.t - 400_000, to: lab.t };
    expect(model.spans).toContainEqual(expect.objectContaining({ ...block, lane: 'c2' }));
    expect(model.spans).toContainEqual(expect.objectContaining({ ...block, lane: 't1' }));
    expect(onLane(model, 'c1').spans.map(({ kind }) => kind)).toEqual(['open']);
  });

  it('ends a lane with another mark for RST than for FIN', () => {
    const lab = aSelectServer(2);
    const totals = { received: 0, sent: 0 };
    lab.happen(
      'server3',
      1,
      { type: 'peerClosed', connection: 1, fd: 21 },
      { type: 'closed', drained: 0, connection: 1, fd: 21, how: 'fin', errno: null, ...totals },
      {
        type: 'closed',
        drained: 0,
        connection: 2,
        fd: 22,
        how: 'rst',
        errno: 'ECONNRESET',
        ...totals,
      },
    );
    const model = modelOf(lab, 'server3');
    const [fin, rst] = ['c1', 'c2'].map((lane) => onLane(model, lane));
    expect(fin?.marks.map(({ kind, text }) => [kind, text]).slice(1)).toEqual([
      ['client-fin', 'FIN'],
      ['closed', 'closed'],
    ]);
    expect(rst?.marks.at(-1)).toMatchObject({ kind: 'reset', text: 'RST', bad: true });
    const end = rst?.marks.at(-1)?.from ?? 0;
    expect(Math.abs((rst?.spans.at(-1)?.to ?? 0) - end)).toBeLessThan(1);
    // Drawn as one, a FIN and its close() read FIN.
    const coarse = modelOf(lab, 'server3', { axis: 'clock', grain: 5_000 });
    expect(onLane(coarse, 'c1').marks.at(-1)).toMatchObject({ kind: 'closed', text: 'FIN' });
  });

  it('gives each event a step of its own in event order, however close they were', () => {
    const lab = aSelectServer(1);
    lab.say('server3', 1, 21, '22+44', '66');
    for (const event of lab.events.slice(-3)) event.t = lab.t;
    const first = lab.events.length - 3;
    const { marks, spans } = onLane(modelOf(lab, 'server3'), 'c1');
    expect(marks.slice(1).map(({ kind, text, from }) => [kind, text, from])).toEqual([
      ['received', '22+44', first + 0.5],
      ['sent', '66', first + 2.5],
    ]);
    expect(spans.find(({ kind }) => kind === 'calculation')).toMatchObject({
      from: first + 1,
      to: first + 2,
    });
  });

  it('tells message and answer as one where they are too close to be drawn apart', () => {
    const lab = aSelectServer(1);
    lab.say('server3', 1, 21, '22+44', '66');
    const options = { axis: 'clock', grain: 10_000 } as const;
    const cluster = onLane(modelOf(lab, 'server3', options), 'c1').marks.at(-1);
    expect(cluster).toMatchObject({ kind: 'exchange', text: '22+44 → 66' });
    expect(cluster?.seqs).toContain(lab.events.at(-3)?.seq);
    // Between the two is the event that is shown: the answer is still to come.
    const until = lab.events.at(-2)?.seq ?? 0;
    const cut = onLane(modelOf(lab, 'server3', { ...options, until }), 'c1').marks;
    expect(cut.map(({ text }) => text)).toEqual(['22+44', '66']);
  });

  it('folds the lanes that have no room, quiet ones first, and keeps those drawn so far', () => {
    const lab = aSelectServer(12);
    const history = new LabHistory(lab.lab);
    lab.say('server3', 9, 29, '1+1', '2');
    const later = {
      before: history.now.servers.server3!,
      events: lab.events.filter(({ seq }) => seq > history.last),
      mostLanes: 5,
    };
    const model = modelOf(lab, 'server3', later);
    const keys = model.lanes.map(({ key }) => key);
    expect(keys).toHaveLength(5);
    expect(keys).toContain('c9');
    expect(keys.slice(-2)).toEqual(['t1', 'folded']);
    expect(model.lanes.at(-1)?.name).toBe('+9 connections');
    const kept = modelOf(lab, 'server3', { ...later, kept: new Set(['c7', 'c8']) });
    expect(kept.lanes.map(({ key }) => key)).toEqual(['c7', 'c8', 'c9', 't1', 'folded']);
  });

  it('still shows what happens on a folded lane', () => {
    const lab = aSelectServer(12);
    lab.say('server3', 9, 29, '1+1', '2');
    const model = modelOf(lab, 'server3', { mostLanes: 3, kept: new Set(['c1']) });
    const seqs = onLane(model, 'folded').marks.flatMap(({ seqs }) => seqs);
    expect(seqs).toContain(lab.events.at(-1)?.seq);
  });

  it('stays bounded however much happened', () => {
    const lab = aSelectServer(12);
    for (let turn = 0; turn < 100; turn++)
      for (let id = 1; id <= 12; id++) lab.say('server3', id, 20 + id, '1+1', '2');
    const model = modelOf(lab, 'server3', { mostLanes: 14, grain: 0.01 });
    const many = model.marks.length + model.spans.length + model.readySets.length;
    expect(many).toBeLessThanOrEqual(MOST_ITEMS);
    expect(many).toBeGreaterThan(0);
  });
});
