import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { beforeEach, describe, expect, it } from 'vitest';
import { Identifier, LOST_MS, REPORT_MS, type Verdict } from '../src/identify.ts';

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

const stamp = { epoch: 'one', seq: 1, t: 0, server: 'server1', thread: 1 } as const;

function accepted(port: number, address = '127.0.0.1'): number {
  const connection = ++connections;
  identifier.observe({ ...stamp, type: 'accepted', connection, fd: 9, address, port });
  return connection;
}

function sampled(acceptQueue: number): void {
  const rest = { acceptQueue, waiting: [], timeWait: 0, connections: [] };
  identifier.observe({ ...stamp, type: 'sampled', ...rest });
}

function event(type: 'stopped' | 'crashed' | 'listenerClosed'): void {
  const rest = { stopped: {}, listenerClosed: { fd: 3 }, crashed: { error: '', restarting: true } };
  identifier.observe({ ...stamp, type, ...rest[type] } as LabEvent);
}

const connecting = (session: string) => identifier.connecting('server1', session, '127.0.0.1');
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
    identifier.connected(connecting('a'), '127.0.0.1', 40000);
    expect(verdicts).toEqual([]);
    const connection = accepted(40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('is external at once if the gateway is not connecting', () => {
    identifier.connected(connecting('a'), '127.0.0.1', 40000);
    expect(verdicts).toEqual([]);
    expect([accepted(40001)].map(external)).toEqual(verdicts);
  });

  it('stays pending while it may be one that the gateway is making', () => {
    const attempt = connecting('a');
    const connection = accepted(40000);
    expect(verdicts).toEqual([]);
    identifier.connected(attempt, '127.0.0.1', 40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('is external once every earlier connect has turned out to be another', () => {
    const [first, second] = [connecting('a'), connecting('b')];
    const connection = accepted(50000);
    // Begun after the accept, so not it, however long it takes.
    const third = connecting('c');
    identifier.connected(first, '127.0.0.1', 40000);
    expect(verdicts).toEqual([]);
    identifier.failed(second);
    expect(verdicts).toEqual([external(connection)]);
    identifier.connected(third, '127.0.0.1', 40002);
    expect(verdicts).toHaveLength(1);
  });

  it('from another machine is external even while the gateway is connecting', () => {
    connecting('a');
    expect([accepted(40000, '192.0.2.7')].map(external)).toEqual(verdicts);
  });

  it('to another server has nothing to do with it', () => {
    identifier.connected(identifier.connecting('server2', 'a', '127.0.0.1'), '127.0.0.1', 40000);
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('is the same under its IPv4-mapped address', () => {
    identifier.connected(connecting('a'), '127.0.0.1', 40000);
    const connection = accepted(40000, '::ffff:127.0.0.1');
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });
});

describe('a socket', () => {
  it('is recognised though it was closed before its accept was reported', () => {
    const socket = identifier.connected(connecting('a'), '127.0.0.1', 40000);
    identifier.closed(socket, false);
    now = REPORT_MS * 100;
    const connection = accepted(40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('is recognised once: whoever has its port later is somebody else', () => {
    identifier.connected(connecting('a'), '127.0.0.1', 40000);
    const [first, second] = [accepted(40000), accepted(40000)];
    expect(verdicts).toEqual([browser(first, 'a'), external(second)]);
  });

  it('comes before a later one of the gateway’s with the same port', () => {
    identifier.closed(identifier.connected(connecting('a'), '127.0.0.1', 40000), true);
    identifier.connected(connecting('b'), '127.0.0.1', 40000);
    const [first, second] = [accepted(40000), accepted(40000)];
    expect(verdicts).toEqual([browser(first, 'a'), browser(second, 'b')]);
  });

  it.each(['stopped', 'crashed'] as const)('is forgotten with its listener: %s', (type) => {
    identifier.connected(connecting('a'), '127.0.0.1', 40000);
    event(type);
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('is forgotten with its listener when its reset comes later', () => {
    const doomed = identifier.connected(connecting('a'), '127.0.0.1', 40000);
    event('listenerClosed');
    identifier.closed(doomed, true);
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('is kept when the next listener opened before the end of the last was reported', () => {
    identifier.connected(connecting('a'), '127.0.0.1', 40000);
    event('listenerClosed');
    const connection = accepted(40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });

  it('that the server reset without accepting it is forgotten after a while', () => {
    identifier.closed(identifier.connected(connecting('a'), '127.0.0.1', 40000), true);
    now = REPORT_MS + 1;
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('that an overflowing accept queue lost is forgotten once the queue is empty', () => {
    identifier.closed(identifier.connected(connecting('a'), '127.0.0.1', 40000), false);
    sampled(0);
    now = LOST_MS + 1;
    expect([accepted(40000)].map(external)).toEqual(verdicts);
  });

  it('is recognised however long the accept queue keeps it', () => {
    identifier.closed(identifier.connected(connecting('a'), '127.0.0.1', 40000), false);
    sampled(1);
    now = LOST_MS * 10;
    const connection = accepted(40000);
    expect(verdicts).toEqual([browser(connection, 'a')]);
  });
});
