import { describe, expect, it } from 'vitest';
import type { LabFact } from '@sockscope/tcp-core/trace/events';
import { merged, motionsOf } from '../src/view/stage/motions.ts';
import { ALab } from './a-lab.ts';

/** The motions of server 3 while these things happen. */
function moved(...facts: LabFact[]) {
  return motionsOf('server3', new ALab().happen('server3', 1, ...facts));
}

const received = (connection = 1, preview = '22 + 44\n'): LabFact => ({
  type: 'received',
  connection,
  fd: 24,
  bytes: preview.length,
  preview,
});

const sampled = (receive: number): LabFact => ({
  type: 'sampled',
  acceptQueue: 0,
  waiting: [],
  unnamed: 0,
  timeWait: 0,
  connections: [{ connection: 1, tcp: 'ESTABLISHED', receive, send: 0 }],
});

const closed = (how: 'fin' | 'rst' | 'local'): LabFact => ({
  type: 'closed',
  drained: 0,
  connection: 1,
  fd: 24,
  how,
  errno: how === 'rst' ? 'ECONNRESET' : null,
  received: 0,
  sent: 0,
});

describe('motionsOf', () => {
  it('takes a message from its client through the kernel to the process', () => {
    expect(moved(received())).toMatchObject([
      { kind: 'bytes', path: ['client', 'kernel', 'process'], connection: 1 },
    ]);
  });

  it('lets bytes rest in the receive queue until a recv took them', () => {
    const [arrives, ...others] = moved(sampled(8), sampled(8), received());
    expect(arrives).toMatchObject({ kind: 'bytes', path: ['client', 'kernel'] });
    expect(others).toMatchObject([{ kind: 'bytes', path: ['kernel', 'process'] }]);
  });

  it('knows a FIN in the receive queue from a byte, though the kernel counts both', () => {
    const socket = { connection: 1, tcp: 'CLOSE_WAIT', receive: 1, send: 0 } as const;
    const none = { acceptQueue: 0, waiting: [], unnamed: 0, timeWait: 0 };
    const [arrives, ...others] = moved(
      { type: 'sampled', ...none, connections: [socket] },
      { type: 'peerClosed', connection: 1, fd: 24 },
    );
    expect(arrives).toMatchObject({ kind: 'fin', path: ['client', 'kernel'] });
    expect(others).toMatchObject([{ kind: 'fin', path: ['kernel', 'process'] }]);
    const [bytes] = moved({ type: 'sampled', ...none, connections: [{ ...socket, receive: 9 }] });
    expect(bytes).toMatchObject({ kind: 'bytes' });
  });

  it('brings an RST back only where the kernel sent one', () => {
    const failed = (errno: string): LabFact => ({ type: 'connectFailed', session: 's', errno });
    expect(moved(failed('ECONNREFUSED'))).toMatchObject([{ kind: 'rst', session: 's' }]);
    expect(moved(failed('EMFILE'))).toEqual([]);
  });

  it('tells FIN from RST', () => {
    const peerClosed: LabFact = { type: 'peerClosed', connection: 1, fd: 24 };
    expect(moved(peerClosed, closed('fin')).map(({ kind, path }) => [kind, path.at(-1)])).toEqual([
      ['fin', 'process'],
      ['fin', 'client'],
    ]);
    expect(moved(closed('rst'))).toMatchObject([{ kind: 'rst' }]);
  });

  it('sends one FIN for a client that is turned away', () => {
    const shutdown: LabFact = { type: 'shutdown', connection: 1, fd: 24 };
    expect(moved(shutdown, closed('local')).map(({ kind }) => kind)).toEqual(['fin']);
  });

  it('moves nothing for waits, calculations and other servers', () => {
    const lab = new ALab();
    lab.start('server1');
    lab.start('server3');
    expect(motionsOf('server3', lab.events)).toEqual([]);
  });
});

describe('merged', () => {
  const many = (connections: number, each: number) =>
    moved(...Array.from({ length: connections * each }, (_, i) => received(1 + (i % connections))));

  it('leaves a few as they are', () => {
    expect(merged(many(3, 2), 10)).toHaveLength(6);
  });

  it('counts what one connection sends', () => {
    const chips = merged(many(3, 50), 10);
    expect(chips.map(({ kind, count, connection }) => [kind, count, connection])).toEqual([
      ['stream', 50, 1],
      ['stream', 50, 2],
      ['stream', 50, 3],
    ]);
  });

  it('never exceeds what may be in the air, and loses no count', () => {
    const chips = merged(many(40, 5), 10);
    expect(chips).toHaveLength(10);
    expect(chips.reduce((sum, { count }) => sum + count, 0)).toBe(200);
    expect(chips.at(-1)).toMatchObject({ connection: null, count: 155 });
  });

  it('keeps a FIN apart from the bytes before it', () => {
    const peerClosed: LabFact = { type: 'peerClosed', connection: 1, fd: 24 };
    const chips = merged(moved(...Array.from({ length: 20 }, () => received()), peerClosed), 4);
    expect(chips.map(({ kind }) => kind)).toEqual(['stream', 'fin']);
  });
});
