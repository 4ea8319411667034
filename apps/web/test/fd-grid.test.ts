import { describe, expect, it } from 'vitest';
import { stageType } from '../src/view/stage/label.ts';
import {
  describeFds,
  fdWords,
  type FdBits,
  type FdSets,
} from '../src/view/stage/process/fd-bits.ts';
import {
  layoutFdGrid,
  legendLabel,
  servedLabels,
  waitLength,
  waitWords,
} from '../src/view/stage/process/fd-grid.ts';
import { loopThread } from '../src/view/words/watching.ts';
import { ALab } from './a-lab.ts';

/** Server 3 with clients on fd 24, 25 …; its listener is fd 20. */
function selecting(clients: number): ALab {
  const lab = new ALab();
  lab.start('server3');
  for (let id = 1; id <= clients; id += 1) lab.connect('server3', id, 23 + id);
  return lab;
}

const type = stageType({ width: 880, height: 410, unit: 16, projector: false });

const watched = (clients: number): number[] => [
  20,
  ...Array.from({ length: clients }, (_, i) => 24 + i),
];

function selected(lab: ALab, clients: number, readable: number[], writable: number[] = []): void {
  const write = writable;
  const read = watched(clients).filter((fd) => !write.includes(fd));
  lab.happen('server3', 1, {
    type: 'selected',
    own: [],
    read,
    write,
    readable,
    writable,
    micros: 9,
  });
}

function asks(lab: ALab, read: number[], write: number[] = []): void {
  lab.happen('server3', 1, {
    type: 'blocked',
    own: [],
    call: 'select',
    in: 'select',
    read,
    write,
    timeoutMs: null,
  });
}

function setsOf(lab: ALab): FdSets {
  const server3 = lab.lab.servers.server3!;
  return describeFds(server3, loopThread(server3));
}

function of(sets: FdSets, fd: number): FdBits {
  const bits = sets.fds.find((candidate) => candidate.fd === fd);
  if (!bits) throw new Error(`no column for fd ${fd}`);
  return bits;
}

describe('describeFds', () => {
  it('leaves set what is ready and clears what was asked for and is not', () => {
    const lab = selecting(4);
    selected(lab, 4, [24], [26]);
    const sets = setsOf(lab);
    expect(sets.fds.map(({ fd }) => fd)).toEqual([20, 24, 25, 26, 27]);
    expect(sets.fds.map(({ readable }) => readable)).toEqual([
      'cleared',
      'set',
      'cleared',
      'none',
      'cleared',
    ]);
    expect(sets.fds.map(({ writable }) => writable)).toEqual([
      'none',
      'none',
      'none',
      'set',
      'none',
    ]);
    expect(of(sets, 26)).toMatchObject({ watchedRead: false, watchedWrite: true, waiting: true });
  });

  it('tells who is served, who was, and who still waits', () => {
    const lab = selecting(3);
    selected(lab, 3, [20, 24, 26]);
    lab.connect('server3', 9, 30);
    lab.happen(
      'server3',
      1,
      { type: 'received', connection: 1, fd: 24, bytes: 4, preview: '1+1\n' },
      { type: 'evaluating', connection: 1, fd: 24, message: '1+1' },
    );
    const sets = setsOf(lab);
    expect(of(sets, 20)).toMatchObject({ served: true, current: false, waiting: false });
    expect(of(sets, 24)).toMatchObject({ served: true, current: true, waiting: false });
    expect(of(sets, 25)).toMatchObject({ served: false, current: false, waiting: false });
    expect(of(sets, 26)).toMatchObject({ served: false, current: false, waiting: true });
    // Accepted in this turn: select() has not been asked about it yet.
    expect(of(sets, 30)).toMatchObject({ fresh: true, watchedRead: false, readable: 'none' });
    expect(sets.watched).toBe(4);
  });

  it('shows the listener as being served while it accepts', () => {
    const lab = selecting(1);
    selected(lab, 1, [20]);
    lab.connect('server3', 2, 25);
    expect(of(setsOf(lab), 20)).toMatchObject({ current: true, served: true });
  });

  it('keeps the last result, as the last one, while it asks again; then nobody waits', () => {
    const lab = selecting(2);
    selected(lab, 2, [24, 25]);
    lab.say('server3', 1, 24, '1', '1');
    asks(lab, [20, 25], [24]);
    const sets = setsOf(lab);
    expect(sets.stale).toBe(true);
    expect(of(sets, 24)).toMatchObject({ watchedRead: false, watchedWrite: true, readable: 'set' });
    expect(sets.fds.some(({ waiting, current }) => waiting || current)).toBe(false);
  });

  it('keeps whose descriptor it was when it is closed in the same turn', () => {
    const lab = selecting(2);
    selected(lab, 2, [24]);
    const before = of(setsOf(lab), 24).identity;
    lab.happen(
      'server3',
      1,
      { type: 'peerClosed', connection: 1, fd: 24 },
      {
        type: 'closed',
        drained: 0,
        connection: 1,
        fd: 24,
        how: 'fin',
        errno: null,
        received: 0,
        sent: 0,
      },
    );
    expect(of(setsOf(lab), 24)).toMatchObject({ gone: true, identity: before });
    asks(lab, [20, 25]);
    expect(setsOf(lab).fds.map(({ fd }) => fd)).toEqual([20, 25]);
  });

  it('says nothing of single turns while turns are summed up', () => {
    const lab = selecting(2);
    selected(lab, 2, [24, 25]);
    lab.happen('server3', 1, { type: 'summed', waited: 0, micros: 9, turns: 80, connections: [] });
    const sets = setsOf(lab);
    expect(sets.stale).toBe(true);
    expect(sets.fds.some(({ waiting, current }) => waiting || current)).toBe(false);
  });

  it('tells whose bytes came after select() had been asked: unread, not asked yet', () => {
    const lab = selecting(4);
    selected(lab, 4, [24, 26]);
    lab.happen(
      'server3',
      1,
      { type: 'received', connection: 1, fd: 24, bytes: 4, preview: '1+1\n' },
      { type: 'evaluating', connection: 1, fd: 24, message: '1+1' },
    );
    const connections = [1, 2, 3, 4].map((connection) => ({
      connection,
      tcp: 'ESTABLISHED' as const,
      receive: connection === 4 ? 0 : 6,
      send: 0,
    }));
    const none = { acceptQueue: 0, waiting: [], unnamed: 0, timeWait: 0 };
    lab.happen('server3', null, { type: 'sampled', ...none, connections });
    const sets = setsOf(lab);
    // Who is served, and who waits because select() has returned it, is told in another way.
    expect(sets.fds.map(({ unreadSince }) => unreadSince !== null)).toEqual([
      ...[false, false, true, false, false],
    ]);
    expect(of(sets, 25)).toMatchObject({ unreadSince: lab.t, waiting: false, readable: 'cleared' });
    expect(fdWords(of(sets, 25), sets.stale)).toBe(
      'B, fd 25, black diamond: watched, not ready, unread, not asked yet',
    );
    // The next select() is asked about it.
    asks(lab, watched(4));
    expect(setsOf(lab).fds.every(({ unreadSince }) => unreadSince === null)).toBe(true);
  });

  it('has words for each column', () => {
    const lab = selecting(3);
    selected(lab, 3, [24, 26]);
    lab.happen('server3', 1, {
      type: 'received',
      connection: 1,
      fd: 24,
      bytes: 1,
      preview: '1',
    });
    const sets = setsOf(lab);
    expect(sets.fds.map((bits) => fdWords(bits, sets.stale))).toEqual([
      'fd 20, the listener: watched, not ready',
      'A, fd 24, yellow square: watched, returned readable, being served',
      'B, fd 25, black diamond: watched, not ready',
      'C, fd 26, blue star: watched, returned readable, waits for the thread',
    ]);
  });
});

describe('layoutFdGrid', () => {
  const rect = { x: 10, y: 140, width: 314, height: 230 };

  it('numbers every column while there is room, then those that matter, then counts', () => {
    const grids = [11, 40, 1000].map((clients) => {
      const lab = selecting(clients);
      selected(lab, clients, [24, 30, 34]);
      lab.say('server3', 1, 24, '1', '1');
      return layoutFdGrid(setsOf(lab), rect, type, false);
    });
    expect(grids.map(({ mode }) => mode)).toEqual(['full', 'narrow', 'front']);
    expect(grids.map(({ columns }) => columns.length)).toEqual([12, 41, 4]);
    expect(grids.map(({ columns }) => columns.filter(({ label }) => label).length)).toEqual([
      12, 4, 4,
    ]);
    expect(grids[2]?.summary?.text).toBe('1,001 watched, 3 returned readable');
    expect(grids[2]?.hidden).toBe(997);
  });

  it('has the name under the shape and the number under the name, smaller; the number goes first', () => {
    const lab = selecting(3);
    selected(lab, 3, [24]);
    const { columns } = layoutFdGrid(setsOf(lab), rect, type, false);
    expect(columns.map(({ name }) => name?.text)).toEqual(['listen', 'A', 'B', 'C']);
    expect(columns.map(({ label }) => label?.text)).toEqual(['20', '24', '25', '26']);
    for (const { name, label } of columns) {
      expect(label!.y).toBeGreaterThan(name!.y);
      expect(label!.size).toBeLessThan(name!.size);
    }
    const low = layoutFdGrid(setsOf(lab), { ...rect, height: 120 }, type, false);
    expect(low.columns.map(({ name }) => name?.text)).toEqual(['listen', 'A', 'B', 'C']);
    expect(low.columns.every(({ label }) => label === null)).toBe(true);
  });

  it('says at its foot what is unread, and how long the longest waits', () => {
    const lab = selecting(3);
    selected(lab, 3, [24]);
    const sets = setsOf(lab);
    const since = (fd: number): number | null => (fd === 25 ? 3_000 : fd === 26 ? 7_000 : null);
    const fds = sets.fds.map((bits) => ({ ...bits, unreadSince: since(bits.fd) }));
    const grid = layoutFdGrid({ ...sets, fds }, rect, type, false);
    expect(grid.unreadSince).toBe(3_000);
    expect(legendLabel(grid, 3_400_000)?.text).toBe('2 unread, not asked yet: 3.4 s');
    const wide = layoutFdGrid({ ...sets, fds }, { ...rect, width: 420 }, type, false);
    expect(legendLabel(wide, 3_400_000)?.text).toBe('2 unread, not asked yet: longest 3.4 s');
    const narrow = layoutFdGrid({ ...sets, fds }, { ...rect, width: 220 }, type, false);
    expect(legendLabel(narrow, 3_400_000)?.text).toBe('not asked yet: 3.4 s');
    expect(grid.rows.at(-1)!.y + grid.rows.at(-1)!.height).toBeLessThanOrEqual(grid.legend!.mark.y);
  });

  it('keeps the ones that are served and wait in front when not all ready ones fit', () => {
    const lab = selecting(1000);
    selected(lab, 1000, watched(1000).slice(1));
    lab.say('server3', 700, 723, '1', '1');
    const { columns } = layoutFdGrid(setsOf(lab), rect, type, false);
    expect(columns.find(({ current }) => current)?.fd).toBe(723);
    expect(columns.filter(({ waiting }) => waiting).length).toBeGreaterThan(3);
    expect(columns.map(({ fd }) => fd)).toEqual(columns.map(({ fd }) => fd).sort((a, b) => a - b));
  });

  it('leaves out rows rather than let them fall out of a low place', () => {
    const lab = selecting(3);
    selected(lab, 3, [24]);
    const low = { ...rect, height: 90 };
    const { rows } = layoutFdGrid(setsOf(lab), low, type, false);
    expect(rows.map(({ key }) => key)).toContain('readable');
    expect(rows.length).toBeLessThan(4);
    for (const { y, height } of rows) expect(y + height).toBeLessThanOrEqual(low.y + low.height);
  });
});

describe('a wait', () => {
  it('grows with every step, to its full length at 10 s', () => {
    const lengths = [0, 1_000, 30_000, 1_000_000, 10_000_000].map(waitLength);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    expect(new Set(lengths).size).toBe(5);
    expect(waitLength(60_000_000)).toBe(1);
  });

  it('is said in few characters, in the last row', () => {
    expect([840, 12_300, 999_700, 1_240_000, 12_400_000].map(waitWords)).toEqual([
      '840 µs',
      '12 ms',
      '1.0 s',
      '1.2 s',
      '12 s',
    ]);
    const lab = selecting(2);
    selected(lab, 2, [24, 25]);
    const grid = layoutFdGrid(setsOf(lab), { x: 0, y: 0, width: 314, height: 230 }, type, false);
    expect(servedLabels(grid, 1_240_000).map(({ text }) => text)).toEqual([
      'served',
      'waiting',
      '1.2 s',
    ]);
    expect(servedLabels(grid, null).map(({ text }) => text)).toEqual(['served']);
  });
});
