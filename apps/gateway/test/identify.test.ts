import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  Identifier,
  LOST_MS,
  type OwnSocket,
  REPORT_MS,
  type Verdict,
} from '../src/bridge/identify.ts';

/** The lab's clock, in microseconds; it goes on by a millisecond with everything that happens. */
let now: number;
let verdicts: Verdict[];
let identifier: Identifier;
let connections: number;

beforeEach(() => {
  now = 0;
  verdicts = [];
  connections = 0;
  identifier = new Identifier(
    (verdict) => verdicts.push(verdict),
    () => now,
  );
});

const stamp = { epoch: 'one', seq: 1, server: 'server1', thread: 1 } as const;
const tick = (): number => (now += 1000);

function accepted(port: number, address = '127.0.0.1', reset = false, t = tick()): number {
  const connection = ++connections;
  const event = { connection, fd: 9, address, port, ...(reset && { reset: true as const }) };
  identifier.observe({ ...stamp, t, type: 'accepted', ...event });
  return connection;
}

/** It had been reset when accept returned it. */
const acceptedDead = (port: number): number => accepted(port, '127.0.0.1', true);

function sampled(acceptQueue: number): void {
  const rest = { acceptQueue, waiting: [], timeWait: 0, connections: [] };
  identifier.observe({ ...stamp, t: tick(), type: 'sampled', ...rest });
}

function event(type: 'stopped' | 'crashed' | 'listenerClosed', t = tick()): void {
  const rest = { stopped: {}, listenerClosed: { fd: 3 }, crashed: { error: '', restarting: true } };
  identifier.observe({ ...stamp, t, type, ...rest[type] } as LabEvent);
}

function sent(connection: number): void {
  const rest = { connection, fd: 9, bytes: 3, requested: 3, preview: '66\n' };
  identifier.observe({ ...stamp, t: tick(), type: 'sent', ...rest });
}

/** select returned, and nobody was in the accept queue. */
function selectedNobody(): void {
  const lists = { read: [3, 9], write: [], own: [], readable: [9], writable: [] };
  identifier.observe({ ...stamp, t: tick(), type: 'selected', ...lists, micros: 500 });
}

function listening(): void {
  const rest = { fd: 3, address: '127.0.0.1', port: 5001, backlog: 511 };
  identifier.observe({ ...stamp, t: tick(), type: 'listening', ...rest });
}

function connecting(session: string): OwnSocket {
  tick();
  return identifier.connecting('server1', session, '127.0.0.1', true);
}

function connected(own: OwnSocket, port: number): OwnSocket {
  tick();
  identifier.connected(own, '127.0.0.1', port);
  return own;
}

const connect = (session: string, port: number) => connected(connecting(session), port);

function closed(own: OwnSocket, byReset = false): OwnSocket {
  tick();
  identifier.closed(own, byReset);
  return own;
}

function endedByServer(own: OwnSocket): OwnSocket {
  tick();
  identifier.endedByServer(own);
  return closed(own);
}

const browser = (connection: number, session: string) => ({
  server: 'server1',
  connection,
  client: 'browser',
  session,
});
const external = (connection: number) => ({
  server: 'server1',
  connection,
  client: 'external',
  session: null,
});

describe('a connection', () => {
  it('is a browser client’s if the gateway’s socket has its port', () => {
    connect('a', 40000);
    expect(verdicts).toEqual([]);
    const connection = accepted(40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('is external at once if the gateway is not connecting', () => {
    connect('a', 40000);
    expect(verdicts).toEqual([]);
    expect([accepted(40001)].map(external)).toEqual(verdicts);
  });

  it('stays pending while it may be one that the gateway is making', () => {
    const attempt = connecting('a');
    const connection = accepted(40000);
    expect(verdicts).toEqual([]);
    connected(attempt, 40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('is external once every earlier connect has turned out to be another', () => {
    const [first, second] = [connecting('a'), connecting('b')];
    const connection = accepted(50000);
    // Begun after the accept, so not it, however long it takes.
    const third = connecting('c');
    connected(first, 40000);
    expect(verdicts).toEqual([]);
    identifier.failed(second);
    expect(verdicts).toEqual([external(connection)]);
    connected(third, 40002);
    expect(verdicts).toHaveLength(1);
  });

  it('from another machine is external even while the gateway is connecting', () => {
    connecting('a');
    expect([accepted(40000, '192.0.2.7')].map(external)).toEqual(verdicts);
  });

  it('to another server has nothing to do with it', () => {
    connected(identifier.connecting('server2', 'a', '127.0.0.1'), 40000);
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('is the same under its IPv4-mapped address', () => {
    connect('a', 40000);
    const connection = accepted(40000, '::ffff:127.0.0.1');
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });
});

describe('a socket', () => {
  it('is recognised though it was closed before its accept was reported', () => {
    const socket = connect('a', 40000);
    closed(socket);
    now += REPORT_MS * 100_000;
    const connection = accepted(40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('is recognised once: whoever has its port later is somebody else', () => {
    connect('a', 40000);
    const [first, second] = [accepted(40000), accepted(40000)];
    expect(verdicts).toEqual([browser(first, 'a'), external(second)]);
  });

  it('comes before a later one of the gateway’s with the same port', () => {
    const own = connect('a', 40000);
    const at = tick();
    endedByServer(own);
    connect('b', 40000);
    const first = accepted(40000, '127.0.0.1', false, at);
    expect(verdicts).toEqual([browser(first, 'a')]);
    expect([verdicts[0], browser(accepted(40000), 'b')]).toEqual(verdicts);
  });

  it.each(['stopped', 'crashed'] as const)('is forgotten with its listener: %s', (type) => {
    connect('a', 40000);
    event(type);
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('is forgotten with its listener when its reset comes later', () => {
    const doomed = connect('a', 40000);
    event('listenerClosed');
    endedByServer(doomed);
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('is kept when the next listener opened before the end of the last was reported', () => {
    const closedAt = tick();
    connect('a', 40000);
    event('listenerClosed', closedAt);
    const connection = accepted(40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('that the server reset without accepting it is forgotten after a while', () => {
    endedByServer(connect('a', 40000));
    now += 1000 * REPORT_MS + 1;
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('that an overflowing accept queue lost is forgotten once the queue is empty', () => {
    closed(connect('a', 40000));
    sampled(0);
    now += 1000 * LOST_MS + 1;
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('is recognised however long the accept queue keeps it', () => {
    closed(connect('a', 40000));
    sampled(1);
    now += LOST_MS * 10_000;
    const connection = accepted(40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });
});

describe('after a reset in the accept queue', () => {
  it('a browser client is not taken for a stranger who had its port before', () => {
    connect('a', 40000);
    const stranger = acceptedDead(40000);
    expect(verdicts).toEqual([external(stranger)]);
    expect([external(stranger), browser(accepted(40000), 'a')]).toEqual(verdicts);
  });

  it('a stranger is not taken for a browser client who had its port before', () => {
    closed(connect('a', 40000), true);
    now += 1_000_000;
    const first = acceptedDead(40000);
    // It may be another stranger, who was in the queue before the browser client.
    expect(verdicts).toEqual([]);
    const second = accepted(40000);
    expect(verdicts).toEqual([browser(first, 'a'), external(second)]);
  });

  it('two dead ones with one port stay pending: nothing tells which is which', () => {
    closed(connect('a', 40000), true);
    now += 1_000_000;
    acceptedDead(40000);
    acceptedDead(40000);
    const third = accepted(40000);
    expect(verdicts).toEqual([external(third)]);
  });

  it('a dead one is the browser client’s once the queue has been empty', () => {
    listening();
    closed(connect('a', 40000), true);
    const connection = acceptedDead(40000);
    expect(verdicts).toEqual([]);
    selectedNobody();
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('a dead one is the browser client’s once a later one of the gateway’s is accepted', () => {
    closed(connect('a', 40000), true);
    connect('b', 40001);
    const [first, second] = [acceptedDead(40000), accepted(40001)];
    expect(verdicts).toEqual([browser(second, 'b'), browser(first, 'a')]);
  });

  it('a port that was anybody’s until connect returned proves nothing; a reply does', () => {
    tick();
    const own = identifier.connecting('server1', 'a', '127.0.0.1');
    const connection = accepted(40000);
    connected(own, 40000);
    expect(verdicts).toEqual([]);
    sent(connection);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('a connection that was reset before it was seen to be made may be the browser client’s', () => {
    const own = connecting('a');
    identifier.bound(own, '127.0.0.1', 40000);
    accepted(40000);
    endedByServer(own);
    event('stopped');
    expect(verdicts).toEqual([]);
  });

  it('who was accepted after a listener was closed is none that was queued at it', () => {
    closed(connect('a', 40000), true);
    event('listenerClosed');
    expect([acceptedDead(40000)].map(external)).toEqual(verdicts);
  });
});
