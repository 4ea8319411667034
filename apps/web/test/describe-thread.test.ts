import { describe, expect, it } from 'vitest';
import { connectionIdentity } from '../src/view/identity.ts';
import { describeThread, selectView, threadsView } from '../src/view/words/describe-thread.ts';
import { ALab, sleepsIn } from './a-lab.ts';

/** Server 2 with an acceptor, `busy` threads that serve and `idle` ones that wait for a client. */
function threadPerClient(busy: number, idle: number): ALab {
  const lab = new ALab();
  lab.happen('server2', 1, { type: 'threadStarted', tid: 100, role: 'acceptor' });
  for (let thread = 2; thread < 2 + busy + idle; thread += 1) {
    lab.happen(
      'server2',
      thread,
      { type: 'threadStarted', tid: 100 + thread, role: 'client' },
      {
        type: 'blocked',
        own: [],
        call: 'parked',
        in: 'futex',
        read: [],
        write: [],
        timeoutMs: null,
      },
    );
  }
  for (let thread = 2; thread < 2 + busy; thread += 1) {
    const fd = 20 + thread;
    lab.connect('server2', thread, fd);
    lab.happen('server2', 1, { type: 'handedOver', connection: thread, fd, to: thread });
    lab.happen('server2', thread, {
      type: 'blocked',
      own: [],
      call: 'recv',
      in: 'recv',
      read: [fd],
      write: [],
      timeoutMs: null,
    });
  }
  return lab;
}

describe('describeThread', () => {
  it('names the call and what it waits for, or says that the thread works', () => {
    const lab = new ALab();
    lab.start('server3');
    const doing = (): string =>
      Object.values(lab.lab.servers.server3!.threads).map(describeThread).join();
    const wait = (call: 'recv' | 'select' | 'parked', read: number[], timeoutMs: number | null) => {
      lab.happen('server3', 1, {
        ...{ type: 'blocked', own: [], call, in: timeoutMs === null ? sleepsIn(call) : 'poll' },
        ...{ read, write: [], timeoutMs },
      });
      return doing();
    };
    expect(wait('recv', [24], null)).toBe('blocked in recv() on fd 24');
    expect(wait('recv', [24], 100)).toBe('blocked in recv() via poll() on fd 24, at most 100 ms');
    expect(wait('select', [20, 21, 22, 23, 24, 25], null)).toBe(
      'blocked in select() on 6 descriptors',
    );
    expect(wait('parked', [], null)).toBe('waiting for a client');
    lab.connect('server3', 1, 24);
    expect(doing()).toBe('working');
  });
});

describe('threadsView', () => {
  it('gives each client thread its client, and folds the idle ones into a count', () => {
    const view = threadsView(threadPerClient(2, 4).lab.servers.server2!);
    expect(view.lines.map(({ call }) => call)).toEqual(['working', 'recv()', 'recv()']);
    expect(view.lines[1]).toMatchObject({
      identity: connectionIdentity('server2', 2),
      detail: 'fd 22',
    });
    expect(view.folded.map(({ words }) => words)).toEqual(['+4 waiting for a client']);
  });

  it('counts client threads that do not fit, by what they do', () => {
    const lab = threadPerClient(20, 0);
    lab.say('server2', 20, 40, '1+1', '2');
    const view = threadsView(lab.lab.servers.server2!);
    expect(view.lines.length + 15).toBe(1 + 20);
    expect(view.folded.map(({ words }) => words)).toEqual(['+15 blocked in recv()']);
  });
});

describe('selectView', () => {
  it('draws what is watched, listener first, and marks what was ready', () => {
    const lab = new ALab();
    lab.start('server3');
    lab.connect('server3', 1, 24);
    lab.happen(
      'server3',
      1,
      {
        type: 'selected',
        own: [],
        read: [24, 20],
        write: [],
        readable: [24],
        writable: [],
        micros: 9,
      },
      {
        type: 'blocked',
        own: [],
        call: 'select',
        in: 'select',
        read: [24, 20],
        write: [],
        timeoutMs: null,
      },
    );
    expect(selectView(lab.lab.servers.server3!)).toEqual({
      watched: [
        { fd: 20, identity: null, ready: false },
        { fd: 24, identity: connectionIdentity('server3', 1), ready: true },
      ],
      more: 0,
      returned: 'returned: fd 24',
    });
  });

  it('puts the ready ones next to the listener when not all can be drawn', () => {
    const lab = new ALab();
    lab.start('server3');
    const read = Array.from({ length: 41 }, (_, index) => 20 + index);
    for (const fd of read.slice(1)) lab.connect('server3', fd, fd);
    lab.happen(
      'server3',
      1,
      { type: 'selected', own: [], read, write: [], readable: [60], writable: [], micros: 9 },
      { type: 'blocked', own: [], call: 'select', in: 'select', read, write: [], timeoutMs: null },
    );
    const view = selectView(lab.lab.servers.server3!);
    expect(view?.watched.slice(0, 2)).toMatchObject([{ fd: 20 }, { fd: 60, ready: true }]);
    expect((view?.watched.length ?? 0) + (view?.more ?? 0)).toBe(41);
  });

  it('is nothing for server 1 while it waits in accept, whatever select returned before', () => {
    const lab = new ALab();
    lab.start('server1');
    lab.happen(
      'server1',
      1,
      {
        type: 'selected',
        own: [],
        read: [20, 24],
        write: [],
        readable: [24],
        writable: [],
        micros: 9,
      },
      {
        type: 'blocked',
        own: [],
        call: 'accept',
        in: 'poll',
        read: [20],
        write: [],
        timeoutMs: null,
      },
    );
    expect(selectView(lab.lab.servers.server1!)).toBeNull();
  });

  it('does not draw descriptors that are closed by now', () => {
    const lab = new ALab();
    lab.start('server3');
    lab.happen('server3', 1, {
      type: 'selected',
      own: [],
      read: [20, 24],
      write: [],
      readable: [24],
      writable: [],
      micros: 9,
    });
    expect(selectView(lab.lab.servers.server3!)?.watched).toMatchObject([{ fd: 20 }]);
  });

  it('is nothing for a server that does not call select', () => {
    expect(selectView(threadPerClient(1, 0).lab.servers.server2!)).toBeNull();
  });
});
