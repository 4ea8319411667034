import { describe, expect, it } from 'vitest';
import { assignment } from '../src/designs/all.ts';
import type { LabEvent, LabFact, WaitingSocket, ServerId } from '../src/trace/events.ts';
import {
  connectionNumbered,
  type ConnectionState,
  ENDED_KEPT,
  GONE_SHOWN,
  type LabState,
  SEGMENT_BYTES,
  SEGMENTS_KEPT,
  type ThreadState,
} from '../src/trace/lab-state.ts';
import { apply, emptyLab } from '../src/trace/reducer.ts';

/** A log written by hand: one server with thread 7, whose listener is fd 20; t is 10 × seq. */
class Log {
  readonly server: ServerId;
  state: LabState = emptyLab('one', assignment);

  constructor(server: ServerId) {
    this.server = server;
    this.add(
      { type: 'threadStarted', tid: 4711, role: 'server' },
      { type: 'listening', fd: 20, address: '127.0.0.1', port: 5003, backlog: 5 },
    );
  }

  add(...facts: LabFact[]): this {
    for (const fact of facts) this.#apply(fact, 7);
    return this;
  }

  /** From the gateway itself. */
  note(fact: LabFact): this {
    this.#apply(fact, null);
    return this;
  }

  #apply(fact: LabFact, thread: number | null): void {
    const seq = this.state.seq + 1;
    const event: LabEvent = {
      ...fact,
      epoch: 'one',
      seq,
      t: 10 * seq,
      server: this.server,
      thread,
    };
    this.state = apply(this.state, event);
  }

  get thread(): ThreadState {
    return this.state.servers[this.server]!.threads[7]!;
  }

  connection(id: number): ConnectionState {
    return this.state.servers[this.server]!.connections[id]!;
  }
}

const accepted = (connection: number): LabFact => ({
  type: 'accepted',
  connection,
  fd: 20 + connection,
  address: '127.0.0.1',
  port: 4000 + connection,
});
const of = (connection: number): { connection: number; fd: number } => ({
  connection,
  fd: 20 + connection,
});
const received = (connection: number, preview = '1+1\n'): LabFact => ({
  type: 'received',
  ...of(connection),
  bytes: preview.length,
  preview,
});
const sent = (connection: number, preview = '2\n'): LabFact => ({
  type: 'sent',
  ...of(connection),
  bytes: preview.length,
  requested: preview.length,
  preview,
});
const evaluated = (connection: number): LabFact => ({
  type: 'evaluated',
  ...of(connection),
  message: '1+1',
  reply: '2',
  error: false,
  micros: 3,
});
const selected = (readable: number[], writable: number[] = []): LabFact => ({
  type: 'selected',
  own: [],
  read: [20, 21, 22, 23],
  write: writable,
  readable,
  writable,
  micros: 5,
});
const blocked: LabFact = {
  type: 'blocked',
  own: [],
  call: 'select',
  in: 'select',
  read: [20],
  write: [],
  timeoutMs: null,
};
const closed = (connection: number): LabFact => ({
  type: 'closed',
  drained: 0,
  ...of(connection),
  how: 'fin',
  errno: null,
  received: 0,
  sent: 0,
});

describe('the place of a thread', () => {
  it('is the last thing it reported, and stays while it waits', () => {
    const log = new Log('server3').add(accepted(1));
    const last = { type: 'accepted', seq: 3, t: 30, connection: 1, fresh: false };
    expect(log.thread.last).toMatchObject(last);
    log.add(blocked);
    expect(log.thread).toMatchObject({ call: 'select', in: 'select', since: 40, last });
    log.add(selected([21]));
    expect(log.thread).toMatchObject({ call: null, in: null, since: 50 });
    expect(log.thread.last).toMatchObject({ type: 'selected', connection: null });
  });

  it('is not touched by what the gateway itself or another thread adds', () => {
    const log = new Log('server3').add(accepted(1), received(1), blocked);
    const before = log.thread;
    log.note({ type: 'identified', connection: 1, client: 'external', session: null });
    log.note({ type: 'sampled', acceptQueue: 0, waiting: [], timeWait: 0, connections: [] });
    expect(log.thread).toEqual(before);
  });

  it('knows a message that bytes ended from one that a silence ended', () => {
    const log = new Log('server3').add(accepted(1), accepted(2), selected([21]), received(1));
    expect(log.thread.last?.fresh).toBe(true);
    log.add(evaluated(1), sent(1));
    expect(log.thread.last).toMatchObject({ type: 'sent', connection: 1, fresh: true });
    // In the same round: another client's message, which a silence made whole.
    log.add(evaluated(2));
    expect(log.thread.last).toMatchObject({ connection: 2, fresh: false });
    // After a select that found nobody ready, the same client's too.
    log.add(received(1), selected([]), evaluated(1), sent(1));
    expect(log.thread.last).toMatchObject({ type: 'sent', connection: 1, fresh: false });
    log.add(selected([21]), { type: 'peerClosed', ...of(1) });
    expect(log.thread.last?.fresh).toBe(true);
    log.add(closed(1));
    expect(log.thread.last).toMatchObject({ type: 'closed', fresh: false });
  });
});

describe('a connection by its number', () => {
  it('is found while it is open, and as long as it is kept after its end', () => {
    const log = new Log('server3').add(accepted(1), accepted(2), closed(1));
    const found = (id: number) => connectionNumbered(log.state.servers.server3!, id);
    expect(found(1)).toMatchObject({ id: 1, end: { how: 'fin' } });
    expect(found(2)).toMatchObject({ id: 2, end: null });
    expect(found(3)).toBeUndefined();
    for (let id = 3; id < 3 + ENDED_KEPT; id += 1) log.add(accepted(id), closed(id));
    expect(found(1)).toBeUndefined();
  });
});

describe('a round of select', () => {
  it('remembers which of the ready were come to, in that order', () => {
    const log = new Log('server3').add(accepted(1), accepted(2), selected([20, 22, 21]));
    const served = (): number[] | undefined => log.thread.lastSelect?.served;
    expect(served()).toEqual([]);
    log.add(accepted(3));
    expect(served()).toEqual([20]); // by accept: the listener, not the new socket
    log.add(received(2), evaluated(2), sent(2));
    expect(served()).toEqual([20, 22]);
    log.add(sent(3)); // was not ready
    expect(served()).toEqual([20, 22]);
    log.add(received(1), received(2));
    expect(served()).toEqual([20, 22, 21]);
    log.add(selected([21]));
    expect(served()).toEqual([]);
  });

  it('counts those who were ready to be written to', () => {
    const log = new Log('server4').add(accepted(1), accepted(2), selected([22], [21]));
    log.add(sent(1));
    expect(log.thread.lastSelect?.served).toEqual([21]);
  });

  it('is over for all when a sum stands for it', () => {
    const log = new Log('server3').add(accepted(1), accepted(2), selected([22, 21]), received(2));
    log.add({ type: 'summed', waited: 0, micros: 9, turns: 4, connections: [] });
    expect(log.thread.lastSelect?.served).toEqual([22, 21]);
    expect(log.state.servers.server3!.totals.selects).toBe(5);
  });
});

describe('the segments of an echo', () => {
  it('are the last recvs and sends, with their place in the stream', () => {
    const log = new Log('server4').add(
      accepted(1),
      received(1, 'abc'),
      sent(1, 'ab'),
      sent(1, 'c'),
    );
    expect(log.connection(1).segments).toEqual({
      received: [{ t: 40, offset: 0, bytes: 3, preview: 'abc' }],
      sent: [
        { t: 50, offset: 0, bytes: 2, preview: 'ab' },
        { t: 60, offset: 2, bytes: 1, preview: 'c' },
      ],
    });
    const many = SEGMENTS_KEPT + 3;
    for (let i = 0; i < many; i++) log.add(received(1, 'x'.repeat(SEGMENT_BYTES + 1)));
    const { received: kept } = log.connection(1).segments;
    expect(kept).toHaveLength(SEGMENTS_KEPT);
    expect(kept[0]).toMatchObject({
      offset: 3 + 3 * (SEGMENT_BYTES + 1),
      bytes: SEGMENT_BYTES + 1,
    });
    expect(kept[0]?.preview).toHaveLength(SEGMENT_BYTES);
  });

  it('count bytes that were only summed up', () => {
    const flow = { calls: 2, bytes: 100 };
    const log = new Log('server4').add(accepted(1), received(1, 'abc'));
    log.add({
      type: 'summed',
      waited: 0,
      micros: 9,
      turns: 1,
      connections: [{ ...of(1), received: flow, sent: flow, messages: 0, errors: 0 }],
    });
    log.add(received(1, 'd'));
    expect(log.connection(1).segments.received.map(({ offset }) => offset)).toEqual([0, 103]);
  });

  it('are kept for the echo only', () => {
    const log = new Log('server3').add(accepted(1), received(1), sent(1));
    expect(log.connection(1).segments).toEqual({ received: [], sent: [] });
  });
});

describe('what the kernel holds', () => {
  const socket = { tcp: 'ESTABLISHED', receive: 5, send: 0 } as const;
  const waiting = [{ ...socket, address: '127.0.0.1', port: 4009, batch: 1 }];

  it('is what the last sample said; a connection that it leaves out has not changed', () => {
    const log = new Log('server3').add(accepted(1), accepted(2));
    const { servers } = log.state;
    expect([servers.server3!.kernel, log.connection(1).kernel]).toEqual([null, null]);
    const connections = [
      { connection: 1, ...socket },
      { connection: 99, ...socket }, // closed meanwhile
    ];
    log.note({ type: 'sampled', acceptQueue: 1, waiting, timeWait: 2, connections });
    expect(log.state.servers.server3!.kernel).toEqual({
      t: 50,
      acceptQueue: 1,
      waiting: waiting.map((each) => ({ ...each, since: 50, position: 2 })),
      unnamed: 0,
      timeWait: 2,
    });
    expect(log.connection(1).kernel).toEqual(socket);
    expect(log.connection(2).kernel).toBeNull();
    expect(Object.keys(log.state.servers.server3!.connections)).toEqual(['1', '2']);
    const before = log.state;
    log.note({
      type: 'sampled',
      acceptQueue: 0,
      waiting: [],
      timeWait: 0,
      connections: [{ connection: 2, tcp: 'CLOSE_WAIT', receive: 1, send: 0 }],
    });
    expect(log.connection(1).kernel).toEqual(socket);
    expect(log.connection(2).kernel).toEqual({ tcp: 'CLOSE_WAIT', receive: 1, send: 0 });
    expect(before.servers.server3!.connections[2]?.kernel).toBeNull(); // the past is not touched
  });

  it.each([
    { type: 'stopped' },
    { type: 'crashed', error: 'died', restarting: true },
  ] satisfies LabFact[])('is not known any more when the server has $type', (fact) => {
    const log = new Log('server3');
    log.note({ type: 'sampled', acceptQueue: 1, waiting, timeWait: 2, connections: [] });
    log.note(fact);
    expect(log.state.servers.server3!.kernel).toBeNull();
  });

  it('has no accept queue any more when the listener is closed', () => {
    const log = new Log('server1');
    log.note({ type: 'sampled', acceptQueue: 1, waiting, timeWait: 2, connections: [] });
    log.add({ type: 'listenerClosed', fd: 20 });
    expect(log.state.servers.server1!.kernel).toMatchObject({
      acceptQueue: null,
      waiting: [],
      timeWait: 2,
    });
  });

  it('is less by what was taken since: the queues by accept and recv', () => {
    const log = new Log('server3').add(accepted(1));
    const connections = [{ connection: 1, ...socket }];
    log.note({ type: 'sampled', acceptQueue: 1, waiting, timeWait: 0, connections });
    log.add(
      { type: 'accepted', connection: 2, fd: 22, address: '127.0.0.1', port: 4009 },
      { type: 'received', connection: 1, fd: 21, bytes: 3, preview: '1+1' },
    );
    expect(log.state.servers.server3!.kernel).toMatchObject({ acceptQueue: 0, waiting: [] });
    expect(log.connection(1).kernel?.receive).toBe(2);
  });

  describe('in an accept queue', () => {
    const of = (port: number, more: Partial<WaitingSocket> = {}): WaitingSocket => ({
      ...socket,
      address: '127.0.0.1',
      port,
      batch: 1,
      ...more,
    });
    const sample = (acceptQueue: number, list: WaitingSocket[], unnamed = 0): LabFact => ({
      type: 'sampled',
      acceptQueue,
      waiting: list,
      unnamed,
      timeWait: 0,
      connections: [],
    });
    const take = (port: number, reset = false): LabFact => ({
      type: 'accepted',
      connection: port,
      fd: 30,
      address: '127.0.0.1',
      port,
      ...(reset && { reset: true }),
    });
    const after = (...facts: LabFact[]) => {
      const log = new Log('server1');
      for (const fact of facts) log.note(fact);
      const { acceptQueue, waiting: list = [], unnamed } = log.state.servers.server1!.kernel ?? {};
      return { acceptQueue, ports: list.map(({ port }) => port), unnamed };
    };

    it('every accept takes one of those who were there, listed or not', () => {
      const listed = Array.from({ length: 32 }, (_, i) => of(5000 + i));
      expect(after(sample(40, listed), take(6000)).acceptQueue).toBe(39);
      expect(after(sample(40, listed), take(5000)).acceptQueue).toBe(39);
      expect(after(sample(40, listed), take(5000)).ports).toHaveLength(31);
      // Whoever is accepted from an empty queue came after the sample.
      expect(after(sample(0, []), take(6000)).acceptQueue).toBe(0);
    });

    it('the dead are taken by an accept that returns a dead one', () => {
      const two = [of(4001, { tcp: 'CLOSE' }), of(4001, { batch: 2 })];
      expect(after(sample(2, two), take(4001, true))).toEqual({
        acceptQueue: 1,
        ports: [4001],
        unnamed: 0,
      });
      expect(after(sample(2, [of(4001)], 1), take(4009, true))).toEqual({
        acceptQueue: 1,
        ports: [4001],
        unnamed: 0,
      });
    });
  });

  it('may be unobservable, until a sample comes', () => {
    const log = new Log('server3').note({ type: 'unobservable', reason: 'ENOENT' });
    expect(log.state.servers.server3!).toMatchObject({ unobservable: 'ENOENT', kernel: null });
    log.note({ type: 'sampled', acceptQueue: 0, waiting: [], timeWait: 0, connections: [] });
    expect(log.state.servers.server3!.unobservable).toBeNull();
  });
});

describe('waiting', () => {
  const at = { address: '127.0.0.1', port: 4009 };
  const queued = { ...at, tcp: 'ESTABLISHED', receive: 8, send: 0, batch: 1 } as const;
  const sampled = (
    waiting: WaitingSocket[],
    connections: { connection: number; tcp: 'ESTABLISHED' | 'CLOSE_WAIT'; receive: number }[] = [],
  ): LabFact => ({
    type: 'sampled',
    acceptQueue: waiting.length,
    waiting,
    timeWait: 0,
    connections: connections.map((each) => ({ ...each, send: 0 })),
  });

  it('in the accept queue begins with the sample that first showed it', () => {
    const log = new Log('server3');
    const since = () => log.state.servers.server3!.kernel!.waiting.map((each) => each.since);
    log.note(sampled([queued])).note(sampled([queued, { ...queued, port: 4010, batch: 2 }]));
    expect(since()).toEqual([30, 40]);
    log.add({ type: 'accepted', connection: 1, fd: 21, ...at });
    expect(since()).toEqual([40]);
    expect(log.connection(1)).toMatchObject({ queuedAt: 30, openedAt: 50 });
    log.add(accepted(2));
    expect(log.connection(2).queuedAt).toBeNull();
  });

  it('for a recv begins with the sample that first showed bytes, and ends with the recv', () => {
    const log = new Log('server3').add(accepted(1));
    const unread = (receive: number, tcp: 'ESTABLISHED' | 'CLOSE_WAIT' = 'ESTABLISHED'): LabFact =>
      sampled([], [{ connection: 1, tcp, receive }]);
    const since = () => log.connection(1).unreadSince;
    log.note(unread(0));
    expect(since()).toBeNull();
    log.note(unread(2)).note(unread(5));
    expect(since()).toBe(50);
    log.add(received(1, 'abc'));
    expect(since()).toBe(70); // two bytes more wait for the next recv
    log.add(received(1, 'de'));
    expect(since()).toBeNull();
    log.note(unread(1, 'CLOSE_WAIT')); // its FIN is no byte
    expect(since()).toBeNull();
    log.note(unread(3, 'CLOSE_WAIT'));
    expect(since()).toBe(100);
  });
});

describe('another run', () => {
  it('begins with nobody gone and nothing counted, and goes on with the next connection', () => {
    const log = new Log('server3').add(accepted(1), accepted(2), evaluated(1), closed(1));
    const server = () => log.state.servers.server3!;
    expect(server()).toMatchObject({ firstConnection: 1, lastConnection: 2 });
    expect(server().totals).toMatchObject({ accepted: 2, messages: 1 });
    log.add(closed(2)).note({ type: 'stopped' });
    expect(server().ended).toHaveLength(2);
    log.note({ type: 'starting', settings: server().settings });
    expect(server()).toMatchObject({ firstConnection: 3, lastConnection: 2, ended: [] });
    expect(server().totals).toMatchObject({ accepted: 0, messages: 0 });
    log.add(accepted(3));
    expect(server()).toMatchObject({ firstConnection: 3, lastConnection: 3 });
  });
});

describe('a name', () => {
  it('comes with whose it is, and may change', () => {
    const log = new Log('server3').add(accepted(1));
    const whose = { type: 'identified', connection: 1, client: 'browser', session: 's' } as const;
    expect(log.connection(1).name).toBeNull();
    log.note({ ...whose, name: 'Ada' });
    expect(log.connection(1).name).toBe('Ada');
    log.note({ ...whose, name: 'Grace' });
    expect(log.connection(1).name).toBe('Grace');
    log.note(whose);
    expect(log.connection(1).name).toBeNull();
  });
});

describe('a position', () => {
  it('is the lowest free one, and nobody moves when another one leaves', () => {
    const log = new Log('server3').add(accepted(1), accepted(2), accepted(3));
    const positions = () =>
      Object.values(log.state.servers.server3!.connections).map((each) => each.position);
    expect(positions()).toEqual([0, 1, 2]);
    log.add(closed(2), accepted(4));
    expect(positions()).toEqual([0, 2, 3]); // who has just gone is still listed
  });

  it('is free again when who had it is not listed any more', () => {
    let state = emptyLab('one', assignment);
    const at = (seq: number, t: number, fact: LabFact): void => {
      state = apply(state, { ...fact, epoch: 'one', seq, t, server: 'server3', thread: null });
    };
    at(1, 10, accepted(1));
    at(2, 20, closed(1));
    at(3, 19 + GONE_SHOWN, accepted(2));
    at(4, 20 + GONE_SHOWN, accepted(3));
    expect(state.servers.server3!.connections[2]?.position).toBe(1);
    expect(state.servers.server3!.connections[3]?.position).toBe(0);
  });

  it('is given in accept’s order to those who came together, if nobody can have seen another', () => {
    const log = new Log('server3');
    const at = (port: number) =>
      ({ address: '127.0.0.1', port, tcp: 'ESTABLISHED', receive: 0, send: 0, batch: 1 }) as const;
    const waiting = [at(4011), at(4009), at(4010)];
    log.note({ type: 'sampled', acceptQueue: 3, waiting, timeWait: 0, connections: [] });
    for (const [index, port] of [4009, 4010, 4011].entries()) {
      const connection = index + 1;
      log.add({ type: 'accepted', connection, fd: 20 + connection, address: '127.0.0.1', port });
    }
    expect([1, 2, 3].map((id) => log.connection(id).position)).toEqual([0, 1, 2]);
  });

  it('is kept from the accept queue on', () => {
    const log = new Log('server1').add(accepted(1));
    const queued = (port: number, batch: number) =>
      ({ address: '127.0.0.1', port, tcp: 'ESTABLISHED', receive: 0, send: 0, batch }) as const;
    const waiting = [queued(4009, 1), queued(4010, 2)];
    log.note({ type: 'sampled', acceptQueue: 2, waiting, timeWait: 0, connections: [] });
    const { kernel } = log.state.servers.server1!;
    expect(kernel?.waiting.map((each) => each.position)).toEqual([1, 2]);
    log.add(closed(1), {
      type: 'accepted',
      connection: 2,
      fd: 21,
      address: '127.0.0.1',
      port: 4009,
    });
    expect(log.connection(2).position).toBe(1);
    expect(log.state.servers.server1!.kernel?.waiting.map((each) => each.position)).toEqual([2]);
  });
});
