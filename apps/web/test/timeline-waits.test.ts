import { assignment } from '@sockscope/tcp-core/designs/all';
import type { LabFact, ServerId, WaitingSocket } from '@sockscope/tcp-core/trace/events';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { defaultSettings } from '@sockscope/tcp-core/trace/settings';
import { describe, expect, it } from 'vitest';
import type { Lane, Span, TimelineModel } from '../src/view/timeline/items.ts';
import { timelineModel, type TimelineInput } from '../src/view/timeline/model.ts';
import { Waits } from '../src/view/timeline/waits.ts';
import { ALab, EPOCH } from './a-lab.ts';

/** By the clock, a unit a microsecond, from `from` to now. */
function modelOf(
  lab: ALab,
  server: ServerId,
  { from = 0, ...more }: Partial<TimelineInput> & { from?: number } = {},
): TimelineModel {
  const history = new LabHistory(emptyLab(EPOCH, assignment));
  history.push(lab.events);
  const before = lab.events.findLast(({ t }) => t < from)?.seq ?? 0;
  return timelineModel({
    before: history.stateAt(before).servers[server]!,
    events: history.events(before),
    until: Infinity,
    axis: 'clock',
    window: { from, to: lab.t },
    firstStep: 0,
    place: (micros) => micros,
    end: lab.t,
    now: lab.t,
    grain: 10,
    mostLanes: 12,
    ...more,
  });
}

function sampled(
  connections: [connection: number, receive: number][],
  waiting: WaitingSocket[] = [],
): LabFact {
  return {
    type: 'sampled',
    acceptQueue: waiting.length,
    waiting,
    timeWait: 0,
    connections: connections.map(([connection, receive]) => ({
      connection,
      tcp: 'ESTABLISHED',
      receive,
      send: 0,
    })),
  };
}

const waits = (batch: number): WaitingSocket => ({
  tcp: 'ESTABLISHED',
  receive: 0,
  send: 0,
  address: '127.0.0.1',
  port: 54_000 + batch,
  batch,
});

const received = (connection: number, bytes: number): LabFact => ({
  type: 'received',
  connection,
  fd: 20 + connection,
  bytes,
  preview: '1\n',
});

function twoClients(): ALab {
  const lab = new ALab();
  lab.start('server3');
  lab.connect('server3', 1, 21);
  lab.connect('server3', 2, 22);
  return lab;
}

const unread = ({ spans }: TimelineModel): Span[] => spans.filter(({ kind }) => kind === 'unread');
const queued = ({ spans }: TimelineModel): Span[] => spans.filter(({ kind }) => kind === 'queued');
const laneOf = ({ lanes }: TimelineModel, key: string): Lane | undefined =>
  lanes.find((lane) => lane.key === key);

describe('a client’s bytes in the kernel', () => {
  it('wait from the sample that saw them until the recv that took them', () => {
    const lab = twoClients();
    lab.happen('server3', null, sampled([[2, 6]]));
    const from = lab.t;
    lab.t += 3_399_000;
    lab.happen('server3', 1, received(2, 6));
    const to = lab.t;
    lab.t += 500_000;
    lab.happen('server3', null, sampled([[2, 0]]));
    expect(unread(modelOf(lab, 'server3'))).toMatchObject([
      { lane: 'c2', from, to, text: 'waits 3.4 s', brief: '3.4 s' },
    ]);
  });

  it('go on waiting up to now, and the lane says so', () => {
    const lab = twoClients();
    lab.happen('server3', null, sampled([[2, 6]]));
    lab.t += 2_000_000;
    const soon = modelOf(lab, 'server3');
    expect(unread(soon)).toMatchObject([{ to: lab.t, text: 'waits 2.0 s' }]);
    lab.t += 700_000;
    const later = modelOf(lab, 'server3');
    expect(unread(later)).toMatchObject([{ to: lab.t, text: 'waits 2.7 s' }]);
    expect(laneOf(later, 'c2')?.words).toContain('; waits 2 s');
    expect(laneOf(later, 'c1')?.words).not.toContain('waits');
  });

  it('waited already before the window', () => {
    const lab = twoClients();
    lab.happen('server3', null, sampled([[1, 6]]));
    lab.t += 9_000_000;
    const model = modelOf(lab, 'server3', { from: lab.t - 1_000_000 });
    expect(unread(model)).toMatchObject([{ from: -Infinity, to: lab.t, text: 'waits 9.0 s' }]);
  });

  it('wait anew when a recv took only some of them', () => {
    const lab = twoClients();
    lab.happen('server3', null, sampled([[1, 9]]));
    lab.t += 400_000;
    lab.happen('server3', 1, received(1, 4));
    const taken = lab.t;
    lab.t += 600_000;
    expect(unread(modelOf(lab, 'server3')).map(({ from, to }) => [from, to])).toEqual([
      [expect.any(Number), taken],
      [taken, lab.t],
    ]);
  });

  it('say nothing of themselves where they were taken at once', () => {
    const lab = twoClients();
    lab.happen('server3', null, sampled([[1, 6]]));
    lab.t += 20_000;
    lab.happen('server3', 1, received(1, 6));
    lab.t += 1_000_000;
    expect(unread(modelOf(lab, 'server3'))).toEqual([]);
  });

  it('end with their connection', () => {
    const lab = twoClients();
    lab.happen('server3', null, sampled([[1, 6]]));
    lab.t += 900_000;
    lab.happen('server3', 1, {
      type: 'closed',
      ...{ connection: 1, fd: 21, how: 'rst', errno: 'ECONNRESET' },
      ...{ received: 0, sent: 0, drained: 0 },
    });
    const to = lab.t;
    lab.t += 900_000;
    expect(unread(modelOf(lab, 'server3'))).toMatchObject([{ to }]);
  });

  it('are told in event order, too', () => {
    const lab = twoClients();
    lab.happen('server3', null, sampled([[2, 6]]));
    lab.t += 3_000_000;
    const many = lab.events.length;
    const order = { axis: 'order', window: { from: 0, to: many }, end: many + 2 } as const;
    expect(unread(modelOf(lab, 'server3', order))).toMatchObject([
      { from: many - 1, to: many, text: 'waits 3.0 s' },
    ]);
  });
});

describe('the accept queue', () => {
  function aQueue(): ALab {
    const lab = new ALab();
    lab.start('server1');
    lab.connect('server1', 1, 21);
    lab.t += 1_000_000;
    lab.happen('server1', null, sampled([], [waits(1)]));
    lab.t += 2_000_000;
    lab.happen('server1', null, sampled([], [waits(1), waits(2), waits(3)]));
    lab.t += 4_000_000;
    return lab;
  }

  it('has a lane that tells how many wait and how long the longest, up to now', () => {
    const lab = aQueue();
    const model = modelOf(lab, 'server1');
    expect(queued(model).map(({ text, brief, share }) => [text, brief, share])).toEqual([
      ['1 waits 2.0 s', '1 waits', 1 / 3],
      ['3 wait, longest 6.0 s', '3 wait', 1],
    ]);
    expect(queued(model).at(-1)?.to).toBe(lab.t);
    expect(model.lanes.at(-1)).toMatchObject({ key: 'queue', name: 'queue' });
    expect(laneOf(model, 'queue')?.words).toBe('accept queue; 3 wait, longest 6 s');
  });

  it('grows shorter with accept, and keeps its lane while it is in sight', () => {
    const lab = aQueue();
    const accepted: LabFact = {
      type: 'accepted',
      connection: 2,
      fd: 22,
      address: '127.0.0.1',
      port: waits(1).port,
    };
    lab.happen('server1', 1, accepted);
    const at = lab.t;
    lab.t += 1_000_000;
    lab.happen('server1', null, { type: 'listenerClosed', fd: 20 });
    const closed = lab.t;
    lab.t += 5_000_000;
    const spans = queued(modelOf(lab, 'server1'));
    expect(spans.map(({ count, from, to }) => [count, from, to])).toEqual([
      [1, expect.any(Number), expect.any(Number)],
      [3, expect.any(Number), at],
      [2, at, closed],
    ]);
    expect(spans[2]?.text).toBe('2 wait, longest 5.0 s');
  });

  it('waited already before the window', () => {
    const lab = aQueue();
    const model = modelOf(lab, 'server1', { from: lab.t - 1_000_000 });
    expect(queued(model)).toMatchObject([{ from: -Infinity, text: '3 wait, longest 6.0 s' }]);
  });

  it('has no lane when nobody waits, or only as long as accept takes', () => {
    const lab = new ALab();
    lab.start('server3');
    lab.happen('server3', null, sampled([], [waits(1)]));
    lab.t += 5_000;
    lab.connect('server3', 1, 21);
    lab.happen('server3', null, sampled([], []));
    lab.t += 1_000_000;
    expect(laneOf(modelOf(lab, 'server3'), 'queue')).toBeUndefined();
  });
});

describe('server 2', () => {
  const thread = (lab: ALab, id: number, connection: number): void => {
    lab.happen('server2', id, { type: 'threadStarted', tid: 5_000 + id, role: 'client' });
    lab.happen('server2', 1, { type: 'handedOver', connection, fd: 20 + connection, to: id });
  };
  const leave = (lab: ALab, id: number, connection: number): void => {
    lab.happen(
      'server2',
      id,
      {
        type: 'closed',
        ...{ connection, fd: 20 + connection, how: 'fin', errno: null },
        ...{ received: 0, sent: 0, drained: 0 },
      },
      { type: 'threadEnded', tid: 5_000 + id },
    );
  };
  const handoff: LabFact = {
    ...{ type: 'blocked', call: 'handoff', in: 'futex', read: [], write: [], own: [] },
    timeoutMs: null,
  };

  it('says so when it waits for a free thread', () => {
    const lab = new ALab();
    lab.start('server2');
    lab.connect('server2', 1, 21);
    lab.happen('server2', 1, handoff);
    const from = lab.t;
    lab.t += 2_400_000;
    const starved = modelOf(lab, 'server2').spans.filter(({ kind }) => kind === 'starved');
    const text = 'waiting for a free thread 2.4 s';
    expect(starved).toMatchObject([{ lane: 't1', from, to: lab.t, text, brief: 'no free thread' }]);
  });

  it('has one lane for all threads that are gone, with a tick for each', () => {
    const lab = new ALab();
    lab.start('server2');
    for (let id = 1; id <= 4; id++) {
      lab.connect('server2', id, 20 + id);
      thread(lab, 10 + id, id);
    }
    for (let id = 1; id <= 3; id++) leave(lab, 10 + id, id);
    const model = modelOf(lab, 'server2');
    expect(model.lanes.map(({ key }) => key)).toEqual([
      ...['c1', 'c2', 'c3', 'c4', 't14', 'ended', 't1'],
    ]);
    expect(laneOf(model, 'ended')?.words).toBe('3 threads ended');
    const ticks = model.marks.filter(({ lane }) => lane === 'ended');
    expect(ticks.map(({ kind }) => kind)).toEqual(['thread-end', 'thread-end', 'thread-end']);
    const lanes = new Set(model.lanes.map(({ key }) => key));
    expect(model.spans.filter(({ lane }) => !lanes.has(lane))).toEqual([]);
  });

  it('does not count threads that never had a client', () => {
    const lab = new ALab();
    lab.start('server2');
    lab.happen('server2', 9, { type: 'threadStarted', tid: 5_009, role: 'client' });
    lab.happen('server2', 9, { type: 'threadEnded', tid: 5_009 });
    const model = modelOf(lab, 'server2');
    expect(model.lanes.map(({ key }) => key)).toEqual(['t1']);
    expect(model.marks.filter(({ kind }) => kind === 'thread-end')).toEqual([]);
  });
});

describe('what happens to a server without a thread', () => {
  it('is told on the lane of its main thread, not on one more', () => {
    const lab = twoClients();
    lab.happen('server3', 1, { type: 'threadEnded', tid: 4711 });
    const from = lab.t + 500;
    lab.happen('server3', null, { type: 'stopped' });
    lab.happen('server3', 2, { type: 'threadStarted', tid: 4712, role: 'server' });
    const { lanes, marks } = modelOf(lab, 'server3', { from });
    const threads = lanes.filter(({ kind }) => kind === 'thread');
    expect(threads.map(({ key }) => key)).toEqual(['t2']);
    expect(marks).toMatchObject([{ lane: 't2', text: 'stopped' }]);
  });
});

describe('the lanes’ names', () => {
  it('are letters in the order of accept, with the port behind them', () => {
    const lab = twoClients();
    const { lanes } = modelOf(lab, 'server3');
    expect(lanes.map(({ name, note }) => [name, note])).toEqual([
      ['A', ':53001'],
      ['B', ':53002'],
      ['thread', 'tid 4711'],
    ]);
    expect(lanes[0]?.words).toMatch(/^A: .+, connection from port 53001$/);
  });

  it('are given ones where there are any, before the window or in it', () => {
    const lab = twoClients();
    const named = (connection: number, name: string): LabFact => ({
      ...{ type: 'identified', client: 'browser', session: 's', connection, name },
    });
    lab.happen('server3', null, named(1, 'Ada'));
    lab.t += 1_000_000;
    const from = lab.t;
    lab.happen('server3', null, named(2, 'Grace'));
    expect(modelOf(lab, 'server3', { from }).lanes.map(({ name }) => name)).toEqual([
      ...['Ada', 'Grace', 'thread'],
    ]);
  });

  it('begin anew with each run, also when the window holds two of them', () => {
    const lab = twoClients();
    lab.happen('server3', null, { type: 'stopped' });
    lab.happen('server3', null, { type: 'starting', settings: defaultSettings });
    lab.connect('server3', 3, 21);
    const { lanes } = modelOf(lab, 'server3');
    const names = lanes.filter(({ kind }) => kind === 'connection').map(({ name }) => name);
    expect(names).toEqual(['A', 'B', 'A']);
  });
});

describe('who waits', () => {
  it('is the same as the reducer says, after each event', () => {
    const lab = twoClients();
    const facts: LabFact[] = [
      sampled([
        [1, 6],
        [2, 3],
      ]),
      received(1, 2),
      sampled([[1, 0]], [waits(1), waits(2)]),
      received(2, 3),
      { type: 'peerClosed', connection: 1, fd: 21 },
      sampled([[2, 5]], [waits(2)]),
      { type: 'listenerClosed', fd: 20 },
    ];
    for (const fact of facts) lab.happen('server3', fact.type === 'sampled' ? null : 1, fact);
    const history = new LabHistory(emptyLab(EPOCH, assignment));
    history.push(lab.events);
    const followed = new Waits(emptyLab(EPOCH, assignment).servers.server3!);
    for (const event of lab.events) {
      followed.take(event);
      const { connections, kernel } = history.stateAt(event.seq).servers.server3!;
      for (const { id, unreadSince } of Object.values(connections))
        expect(followed.unread(id)?.t ?? null).toBe(unreadSince);
      expect(followed.queued).toBe(kernel?.acceptQueue ?? 0);
      const since = kernel?.waiting.map((each) => each.since) ?? [];
      expect(followed.queuedSince).toBe(since.length > 0 ? Math.min(...since) : null);
    }
    expect(followed.any).toBe(true);
  });
});
