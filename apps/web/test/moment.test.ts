import type { LabFact } from '@sockscope/tcp-core/trace/events';
import { defaultSettings } from '@sockscope/tcp-core/trace/settings';
import { describe, expect, it } from 'vitest';
import { momentAt, momentOf, weightier, type Moment } from '../src/view/words/moment.ts';
import { LONGEST } from '../src/view/words/tell.ts';
import { ago } from '../src/view/words/words.ts';
import { ALab } from './a-lab.ts';

function told(lab: ALab): Moment | null {
  return lab.events.map((event) => momentOf(event, lab.lab)).reduce(weightier, null);
}

describe('the sentence of the moment', () => {
  it('tells of a refusal that somebody was turned away, not that a descriptor was closed', () => {
    const lab = new ALab();
    lab.turnAway('server1', 2, 25);
    expect(told(lab)).toMatchObject({
      sentence: 'B was turned away: “busy: try again later”',
      detail: 'fd 25',
      server: 'Server 1',
      bad: true,
    });
  });

  it('tells an answer rather than the calls that it took', () => {
    const lab = new ALab();
    lab.connect('server3', 1, 24);
    lab.say('server3', 1, 24, '22 + 44', '66');
    expect(told(lab)).toMatchObject({ sentence: 'A was answered 66', detail: '22 + 44, fd 24' });
  });

  it('tells an answer that is ready and not sent as that', () => {
    const lab = new ALab();
    lab.connect('server3', 1, 24);
    lab.happen('server3', 1, {
      ...{ type: 'evaluated', connection: 1, fd: 24, message: '22 + 44', reply: '66' },
      ...{ micros: 10, error: false },
    });
    expect(told(lab)).toMatchObject({ sentence: 'Server 3 has the answer for A: 66' });
  });

  it('tells the latest of equal ones', () => {
    const lab = new ALab();
    lab.connect('server2', 1, 24);
    lab.connect('server2', 2, 25);
    expect(told(lab)).toMatchObject({
      sentence: 'B is connected',
      detail: 'fd 25, port 53002',
    });
  });

  it('blames the kernel only for what it refused', () => {
    const failed = (errno: string) => {
      const lab = new ALab();
      lab.happen('server1', null, { type: 'connectFailed', session: 's', errno });
      return told(lab)?.sentence;
    };
    expect(failed('ECONNREFUSED')).toBe('The kernel refused a client of server 1');
    expect(failed('EMFILE')).toBe('A browser client could not connect to server 1');
  });

  it('does not say that a server which stops still serves', () => {
    const lab = new ALab();
    lab.happen('server3', 1, { type: 'listenerClosed', fd: 20 });
    expect(told(lab)?.sentence).toBe('Server 3 listens no more: the kernel refuses newcomers');
  });

  it('is silent about waiting', () => {
    const lab = new ALab();
    lab.happen('server1', 1, {
      type: 'blocked',
      own: [],
      call: 'accept',
      in: 'poll',
      read: [20],
      write: [],
      timeoutMs: null,
    });
    expect(told(lab)).toBeNull();
  });

  it('calls a client by the name that it was given, and letters begin anew with each run', () => {
    const lab = new ALab();
    lab.start('server2');
    lab.connect('server2', 1, 24);
    lab.happen('server2', null, {
      ...{ type: 'identified', connection: 1, client: 'browser', session: 's', name: 'Kim' },
    });
    lab.happen('server2', 1, closed(1, 'fin'));
    expect(told(lab)).toMatchObject({ sentence: 'Kim left', detail: 'FIN, fd 24' });
    lab.start('server2');
    lab.connect('server2', 2, 24);
    lab.happen('server2', 1, closed(2, 'rst'));
    expect(told(lab)).toMatchObject({ sentence: 'A was reset', detail: 'RST, fd 24', bad: true });
  });

  it('keeps to two lines however long the texts are, and shortens those of clients', () => {
    const lab = new ALab();
    const long = '9'.repeat(300);
    lab.connect('server3', 1, 24);
    lab.happen(
      'server3',
      1,
      { type: 'evaluating', connection: 1, fd: 24, message: long },
      {
        ...{ type: 'evaluated', connection: 1, fd: 24, message: long, reply: long },
        error: false,
        micros: 9,
      },
      { type: 'refused', connection: 1, fd: 24, reason: long, sent: 9 },
      { type: 'received', connection: 1, fd: 24, bytes: 300, preview: long },
      { type: 'sent', connection: 1, fd: 24, bytes: 300, requested: 300, preview: long },
      { type: 'crashed', error: long, restarting: true },
    );
    for (const event of lab.events) {
      const { sentence = '' } = momentAt(event, lab.lab) ?? {};
      expect(sentence.length, sentence).toBeLessThanOrEqual(LONGEST);
      expect(sentence).toContain(sentence.includes('999') ? '…' : '');
    }
    expect(momentOf(lab.events[2]!, lab.lab)?.sentence).toMatch(/ for A …$/);
  });

  it('says that a server was restarted once it listens again, and what is new of it', () => {
    const lab = new ALab();
    lab.start('server1');
    expect(told(lab)?.sentence).toBe('Server 1 listens: clients can connect');
    lab.events.length = 0;
    lab.connect('server1', 1, 24);
    lab.turnAway('server1', 2, 25);
    restart(lab, { ...defaultSettings, policy: 'queue', slowMs: 3_000 });
    expect(told(lab)?.sentence).toBe(
      'Server 1 was restarted: it leaves newcomers in the queue and takes 3 s to calculate',
    );
    lab.events.length = 0;
    restart(lab, { ...defaultSettings, policy: 'queue', slowMs: 3_000 });
    expect(told(lab)?.sentence).toBe('Server 1 was restarted');
  });

  it('does not say that a server stopped which has been started again since', () => {
    const lab = new ALab();
    lab.start('server1');
    const stopped = lab.happen('server1', null, { type: 'stopped' });
    expect(told(lab)?.sentence).toBe('Server 1 stopped');
    lab.happen('server1', null, { type: 'starting', settings: defaultSettings });
    expect(stopped.map((event) => momentOf(event, lab.lab))).toEqual([null]);
  });

  it('takes no restart from a server that listens again between two clients', () => {
    const lab = new ALab();
    lab.start('server1');
    restart(lab, { ...defaultSettings, policy: 'refuse' });
    lab.events.length = 0;
    lab.happen('server1', 1, { type: 'listenerClosed', fd: 20 }, listening);
    expect(lab.events.map((event) => momentOf(event, lab.lab)?.sentence)).toEqual([
      undefined,
      'Server 1 listens: clients can connect',
    ]);
  });

  it('tells that somebody new waits in the accept queue, once', () => {
    const lab = new ALab();
    lab.start('server1');
    sampleQueue(lab, 53_001);
    expect(momentOf(lab.events.at(-1)!, lab.lab)?.sentence).toBe(
      '1 waits in the accept queue: connected, but nobody has accepted',
    );
    sampleQueue(lab, 53_001, 53_002);
    expect(momentOf(lab.events.at(-1)!, lab.lab)?.sentence).toMatch(/^2 clients wait/);
    sampleQueue(lab, 53_001, 53_002);
    expect(momentOf(lab.events.at(-1)!, lab.lab)).toBeNull();
  });
});

describe('the sentence of an event that time stands still at', () => {
  const wait: Pick<Extract<LabFact, { type: 'blocked' }>, 'own' | 'in' | 'write' | 'timeoutMs'> = {
    ...{ own: [], in: 'select', write: [], timeoutMs: null },
  };

  it.each<[LabFact, string]>([
    [
      { type: 'blocked', call: 'select', read: [20, 24, 25, 26], ...wait },
      'Server 3 waits in select() for 3 clients and newcomers',
    ],
    [
      {
        ...{ type: 'selected', read: [20, 24, 26], readable: [24, 26], writable: [] },
        ...{ write: [], own: [], micros: 9 },
      },
      'select() returned: A and C are readable',
    ],
    [
      {
        ...{ type: 'selected', read: [20, 24], readable: [20], writable: [] },
        ...{ write: [], own: [], micros: 9 },
      },
      'select() returned: a newcomer is there',
    ],
    [
      { type: 'received', connection: 2, fd: 25, bytes: 4, preview: '7/2\n' },
      'Server 3 read “7/2” from B',
    ],
    [{ type: 'peerClosed', connection: 1, fd: 24 }, 'A will send no more'],
    [
      { type: 'blocked', call: 'recv', read: [26], ...wait },
      'Server 3 waits in recv() until C sends',
    ],
    [
      { type: 'identified', connection: 1, client: 'external', session: null },
      'A is an external program',
    ],
    [
      {
        ...{ type: 'sampled', acceptQueue: 0, waiting: [], timeWait: 0 },
        connections: [{ connection: 2, tcp: 'ESTABLISHED', receive: 4, send: 0 }],
      },
      '4 bytes of B wait unread',
    ],
  ])('is plain: %o', (fact, sentence) => {
    const lab = new ALab();
    lab.start('server3');
    for (const each of [1, 2, 3]) lab.connect('server3', each, 23 + each);
    const [event] = lab.happen('server3', 1, fact);
    expect(momentAt(event!, lab.lab)?.sentence).toBe(sentence);
  });

  it('is none where a sample tells nothing', () => {
    const lab = new ALab();
    lab.start('server3');
    const [event] = lab.happen('server3', null, {
      ...{ type: 'sampled', acceptQueue: 0, waiting: [], timeWait: 3, connections: [] },
    });
    expect(momentAt(event!, lab.lab)).toBeNull();
  });
});

it('says how long ago something was', () => {
  const seconds = [0, 9.9, 10, 59, 60, 58 * 60 + 59, 3 * 3600 + 5];
  expect(seconds.map((each) => ago(each * 1e6))).toEqual([
    ...['just now', 'just now', '10 s ago', '59 s ago', '1 min ago', '58 min ago', '3 h ago'],
  ]);
});

const listening: LabFact = {
  ...{ type: 'listening', fd: 20, address: '127.0.0.1', port: 5001, backlog: 511 },
};

function closed(connection: number, how: 'fin' | 'rst'): LabFact {
  return {
    ...{ type: 'closed', connection, fd: 24, how, errno: null },
    ...{ received: 0, sent: 0, drained: 0 },
  };
}

function restart(lab: ALab, settings: typeof defaultSettings): void {
  lab.happen('server1', 1, { type: 'listenerClosed', fd: 20 });
  lab.happen('server1', null, { type: 'stopped' }, { type: 'starting', settings });
  lab.happen('server1', 1, { type: 'threadStarted', tid: 4712, role: 'server' }, listening);
}

function sampleQueue(lab: ALab, ...ports: number[]): void {
  const waiting = ports.map((port, batch) => ({
    ...{ address: '127.0.0.1', port, batch, receive: 0, send: 0 },
    tcp: 'ESTABLISHED' as const,
  }));
  const acceptQueue = ports.length;
  lab.happen('server1', null, {
    type: 'sampled',
    acceptQueue,
    waiting,
    timeWait: 0,
    connections: [],
  });
}
