import type { LabFact } from '@sockscope/tcp-core/trace/events';
import { describe, expect, it } from 'vitest';
import { describeFds } from '../src/view/stage/process/fd-bits.ts';
import { selectView } from '../src/view/words/describe-thread.ts';
import { loopThread, watchedBySelect, type Watching } from '../src/view/words/watching.ts';
import { ALab } from './a-lab.ts';

/** Server 3 with its listener on fd 20 and clients on fd 24 and 25. */
function selecting(): ALab {
  const lab = new ALab();
  lab.start('server3');
  lab.connect('server3', 1, 24);
  lab.connect('server3', 2, 25);
  return lab;
}

const asks = (read: number[], write: number[] = []): LabFact => ({
  type: 'blocked',
  own: [9],
  call: 'select',
  in: 'select',
  read,
  write,
  timeoutMs: null,
});
const returned = (read: number[], write: number[], readable: number[]): LabFact => ({
  type: 'selected',
  own: [9],
  read,
  write,
  readable,
  writable: [],
  micros: 9,
});
const closed = (connection: number, fd: number): LabFact => ({
  type: 'closed',
  drained: 0,
  connection,
  fd,
  how: 'fin',
  errno: null,
  received: 0,
  sent: 0,
});

function watching(lab: ALab): Watching {
  const server3 = lab.lab.servers.server3!;
  return watchedBySelect(server3, loopThread(server3)!);
}

/** What the wall and the stage draw as watched, by descriptor; without what is new or closed. */
function drawn(lab: ALab): { wall: unknown; stage: unknown } {
  const server3 = lab.lab.servers.server3!;
  const stage = describeFds(server3, loopThread(server3)).fds;
  return {
    wall: selectView(server3)?.watched.map(({ fd, identity }) => ({ fd, identity })),
    stage: stage
      .filter(({ fresh, gone }) => !fresh && !gone)
      .map(({ fd, identity }) => ({ fd, identity })),
  };
}

describe('what select() watches', () => {
  it('is what it is asked about, and while the thread works what it was asked about', () => {
    const lab = selecting();
    lab.happen('server3', 1, returned([20, 24], [25], [24]));
    expect(watching(lab)).toMatchObject({ asks: false, last: { readable: [24] } });
    expect([...watching(lab).read]).toEqual([20, 24]);
    expect([...watching(lab).write]).toEqual([25]);
    lab.happen('server3', 1, asks([20, 25], [24]));
    expect(watching(lab)).toMatchObject({ asks: true, last: { readable: [24] } });
    expect([...watching(lab).read]).toEqual([20, 25]);
    expect([...watching(lab).write]).toEqual([24]);
  });

  it('is nothing before it was asked', () => {
    expect(watching(selecting())).toMatchObject({ asks: false, last: null });
    expect(watching(selecting()).read.size).toBe(0);
  });

  it('knows who had a descriptor that was closed in this turn, until the thread asks again', () => {
    const lab = selecting();
    lab.happen('server3', 1, returned([20, 24, 25], [], [24]), closed(1, 24));
    expect(watching(lab).owners.get(24)).toMatchObject({ connection: 1, gone: true });
    expect(watching(lab).owners.get(25)).toMatchObject({ connection: 2, gone: false });
    lab.happen('server3', 1, asks([20, 25]));
    expect(watching(lab).owners.has(24)).toBe(false);
  });

  it('is the same on the wall and on the stage', () => {
    const lab = selecting();
    const steps: LabFact[] = [
      asks([20, 24, 25]),
      returned([20, 24, 25], [], [24, 25]),
      { type: 'received', connection: 1, fd: 24, bytes: 1, preview: '1' },
      closed(1, 24),
      asks([20], [25]),
      returned([20], [25], [20]),
    ];
    for (const step of steps) {
      lab.happen('server3', 1, step);
      const { wall, stage } = drawn(lab);
      expect(wall, step.type).toEqual(stage);
    }
    lab.connect('server3', 3, 24);
    const { wall, stage } = drawn(lab);
    expect(wall).toEqual(stage);
  });
});
