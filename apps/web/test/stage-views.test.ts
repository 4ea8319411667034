import type { KernelSocket, ServerId } from '@sockscope/tcp-core/trace/events';
import { describe, expect, it } from 'vitest';
import type { StageSize } from '../src/view/geometry.ts';
import { clientRows, type OwnClient } from '../src/view/panel/client-rows.ts';
import { refusalPath } from '../src/view/stage/kernel/accept-queue.ts';
import { receiveBar, sendBar } from '../src/view/stage/kernel/kernel-socket.ts';
import { stageLayout } from '../src/view/stage/layout.ts';
import { seatView } from '../src/view/stage/process/seat.ts';
import { lanesView, MOST_IDLE } from '../src/view/stage/process/swimlanes.ts';
import { ALab } from './a-lab.ts';
import { aStage, BUSY } from './a-stage.ts';

const size: StageSize = { width: 1256, height: 410, unit: 16, projector: false };

function picture(id: ServerId, clients: number, more = '', own: OwnClient[] = []) {
  const { lab, server, now } = aStage(id, clients, more);
  const layout = stageLayout(server, clientRows(server, own, now), size);
  return { lab, server, layout };
}

const socket = (more: Partial<KernelSocket>): KernelSocket => ({
  tcp: 'ESTABLISHED',
  receive: 0,
  send: 0,
  ...more,
});

/** Server 1 with so many in its queue, in these batches. */
function withWaiting(batches: number[], unnamed = 0) {
  const { lab } = aStage('server1', 1, 'queue');
  lab.happen('server1', null, {
    type: 'sampled',
    acceptQueue: batches.length + unnamed,
    waiting: batches.map((batch, i) => ({
      ...socket({}),
      address: '127.0.0.1',
      port: 54_001 + i,
      batch,
    })),
    unnamed,
    timeWait: 0,
    connections: [],
  });
  const server = lab.lab.servers.server1!;
  return stageLayout(server, clientRows(server, [], lab.t), size);
}

describe('the accept queue', () => {
  it('has as many occupied slots as the kernel says, with name, shape and waiting bytes', () => {
    const { layout } = picture('server1', 1, 'queue waiting');
    const { queue } = layout;
    expect(queue.depth).toBe(3);
    expect(queue.slots.filter(({ occupied }) => occupied)).toHaveLength(3);
    expect(queue.slots[0]?.labels.map(({ text }) => text)).toEqual(['B', '8 B']);
    expect(queue.slots[1]?.labels.map(({ text }) => text)).toEqual(['C', ':54002']);
    const waiting = layout.rows.filter(({ place }) => place === 'waiting');
    expect(queue.slots.slice(0, 3).map(({ identity }) => identity)).toEqual(
      waiting.map(({ identity }) => identity),
    );
    for (const { rect, shape, labels } of queue.slots.slice(0, 3)) {
      expect(shape!.x - shape!.size / 2).toBeGreaterThan(rect.x);
      expect(labels[0]!.x).toBeGreaterThanOrEqual(shape!.x + shape!.size / 2);
    }
    expect(queue.slots[3]?.labels.map(({ text }) => text)).toEqual(['4']);
    expect(queue.labels.find(({ key }) => key === 'depth')?.text).toBe('3 / 511');
    expect(queue.slots.map(({ number }) => number).slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(queue.unordered).toEqual([]);
  });

  it('frames those whose order nobody saw, without numbers, and says so', () => {
    const { queue } = withWaiting([1, 2, 2, 2, 5]);
    const numbers = queue.slots.map(({ number }) => number);
    expect(numbers.slice(0, 6)).toEqual([1, null, null, null, 5, 6]);
    expect(queue.unordered).toHaveLength(1);
    const [frame] = queue.unordered;
    const within = queue.slots.filter(
      ({ rect }) => rect.x >= frame!.x && rect.x + rect.width <= frame!.x + frame!.width,
    );
    expect(within.map(({ key }) => key)).toEqual([2, 3, 4]);
    expect(queue.slots[2]?.words).toBe('at a place that nobody saw: port 54003 waits');
    expect(queue.slots[2]).toMatchObject({ identity: null, shape: null });
    expect(queue.slots[4]?.words).toBe('slot 5: F, port 54005 waits');
    expect(queue.labels.find(({ key }) => key === 'order')?.text).toMatch(/order/);
    expect(queue.words).toContain('partly unknown');
  });

  it('says how many wait and how long the longest, in as many words as there is room for', () => {
    const { lab, server } = picture('server1', 1, 'queue waiting');
    const sentence = (width: number, projector = false): string | undefined => {
      const rows = clientRows(server, [], lab.t + 3_400_000);
      const of = projector ? { ...size, unit: 26.4, projector } : size;
      const { queue } = stageLayout(server, rows, { ...of, width });
      return queue.labels.find(({ key }) => key === 'name')?.text;
    };
    expect(sentence(630)).toBe('3 wait in the accept queue, longest 3.4 s');
    expect(sentence(1400)).toBe('accept queue: 3 wait, longest 3.4 s');
    expect(sentence(1024)).toBe('3 wait, longest 3.4 s');
    expect(sentence(1256, true)).toBe('3 wait, longest 3.4 s');
  });

  it('says in words that it is full', () => {
    const { lab } = aStage('server1', 1, 'queue');
    const sampled = (acceptQueue: number) => {
      lab.happen('server1', null, {
        type: 'sampled',
        acceptQueue,
        waiting: [],
        timeWait: 0,
        connections: [],
      });
      const server = lab.lab.servers.server1!;
      return stageLayout(server, clientRows(server, [], lab.t), size).queue;
    };
    expect(sampled(511)).toMatchObject({ full: false });
    const queue = sampled(512);
    expect(queue.full).toBe(true);
    expect(queue.words).toContain('full: newcomers get no answer');
    expect(queue.labels.find(({ key }) => key === 'full')).toMatchObject({ tone: 'bad' });
  });

  it('leads the RST of the kernel from the closed door back to the card', () => {
    const { lab } = aStage('server1', 1, 'refuse');
    lab.happen('server1', 1, { type: 'listenerClosed', fd: 20 });
    const server = lab.lab.servers.server1!;
    const { queue, bands } = stageLayout(server, clientRows(server, [], lab.t), size);
    const to = { x: bands.clients.width - 6, y: 300 };
    const points = refusalPath(queue, to);
    expect(points[0]!.x).toBeCloseTo(queue.rect.x, -1);
    expect(points.at(-1)).toEqual({ x: to.x + 2, y: to.y });
    for (const { x } of points.slice(1, 3)) {
      expect(x).toBeGreaterThan(to.x);
      expect(x).toBeLessThan(queue.rect.x);
    }
  });

  it('gives nobody a number when one was reset before it could be named', () => {
    const { queue } = withWaiting([1, 2], 1);
    expect(queue.slots.slice(0, 4).map(({ number }) => number)).toEqual([null, null, null, 4]);
    expect(queue.slots[2]?.labels.map(({ text }) => text)).toEqual(['?', 'RST']);
    expect(queue.unordered).toEqual([]);
  });

  it('counts in its last slot those that have no slot', () => {
    const { lab } = aStage('server1', 1, 'queue');
    const waiting = Array.from({ length: 32 }, (_, index) => ({
      ...socket({}),
      address: '127.0.0.1',
      port: 54_000 + index,
      batch: 1,
    }));
    lab.happen('server1', null, {
      type: 'sampled',
      acceptQueue: 100,
      waiting,
      timeWait: 0,
      connections: [],
    });
    const server = lab.lab.servers.server1!;
    const { queue, folded, rows } = stageLayout(server, clientRows(server, [], lab.t), size);
    const last = queue.slots.at(-1);
    expect(last?.labels[0]?.text).toBe(`+${100 - queue.slots.length + 1}`);
    const drawn = rows.filter(({ place }) => place === 'waiting').length;
    expect(drawn + (folded?.counts.waiting ?? 0)).toBe(100);
  });

  it('says where nothing can be observed, and draws no slots there', () => {
    const { queue, rows } = picture('server2', 2, 'unobservable').layout;
    expect(queue).toMatchObject({ mark: 'not observable here', depth: null, slots: [] });
    expect(rows.every(({ kernel }) => kernel?.tcp === null && kernel.bars.length === 0)).toBe(true);
  });

  it('knows nothing before the first sample', () => {
    const { queue, rows } = picture('server2', 1, 'unsampled').layout;
    expect(queue.mark).toBe('not sampled yet');
    expect(queue.labels.find(({ key }) => key === 'depth')?.text).toBe('… / 511');
    expect(rows[0]?.kernel?.labels.find(({ key }) => key === 'state')?.text).toBe('…');
  });

  it('is gone while nothing listens: the kernel refuses', () => {
    const { lab } = aStage('server1', 1, 'refuse');
    lab.happen('server1', 1, { type: 'listenerClosed', fd: 20 });
    const server = lab.lab.servers.server1!;
    const { queue } = stageLayout(server, clientRows(server, [], lab.t), size);
    expect(queue).toMatchObject({ listening: false, depth: null, slots: [] });
    expect(queue.words).toContain('the kernel refuses newcomers (RST)');
  });

  it('says what the kernel does in fewer words rather than half', () => {
    const { lab } = aStage('server1', 1, 'refuse');
    lab.happen('server1', 1, { type: 'listenerClosed', fd: 20 });
    const server = lab.lab.servers.server1!;
    const of = { width: 990, height: 457, unit: 26.4, projector: true };
    const { queue } = stageLayout(server, clientRows(server, [], lab.t), of);
    const why = queue.labels.filter(({ key }) => key.startsWith('why'));
    expect(why.map(({ text }) => text).join(' ')).toBe('newcomers get RST');
  });

  it('draws somebody who waits once, whether it is the page’s own client or not', () => {
    const mine: OwnClient = {
      id: 'mine',
      session: 'name-in-the-log',
      connection: null,
      phase: 'connected',
      localAddress: '127.0.0.1',
      localPort: 54_002,
      ending: null,
      endedAt: null,
      lastSent: null,
      lastReceived: null,
      name: null,
      sentBytes: 0,
      halfClosed: false,
      reading: true,
    };
    const { rows } = picture('server1', 1, 'queue waiting', [mine]).layout;
    const waiting = rows.filter(({ place }) => place === 'waiting');
    expect(waiting.map(({ key, session }) => [key, session])).toEqual([
      ['waiting-127.0.0.1:54001', null],
      ['waiting-127.0.0.1:54002', 'name-in-the-log'],
      ['waiting-127.0.0.1:54003', null],
    ]);
  });

  it('does not show as waiting whom a thread has accepted, even if an old sample says so', () => {
    const { lab } = aStage('server3', 1);
    const client = { address: '127.0.0.1', port: 54_001 };
    lab.happen('server3', 1, { type: 'accepted', connection: 9, fd: 40, ...client });
    // The same port of another machine is another client.
    const other = { ...socket({}), address: '192.168.1.7', port: 54_001, batch: 1 };
    lab.happen('server3', null, {
      type: 'sampled',
      acceptQueue: 2,
      waiting: [{ ...socket({}), ...client, batch: 1 }, other],
      timeWait: 0,
      connections: [],
    });
    const server = lab.lab.servers.server3!;
    const { rows } = stageLayout(server, clientRows(server, [], lab.t), size);
    const same = rows.filter(({ words }) => words.includes(':54001'));
    expect(same.map(({ key }) => key)).toEqual(['connection-9', 'waiting-192.168.1.7:54001']);
  });
});

describe('the queues of a socket', () => {
  it('can be told apart from 8 bytes to 256 KiB', () => {
    const fill = (receive: number): number => receiveBar(socket({ receive }), false).fill;
    expect(fill(0)).toBe(0);
    expect(fill(8)).toBeGreaterThan(0.1);
    expect(fill(256 * 1024)).toBeGreaterThan(fill(8) + 0.5);
    expect(fill(1e9)).toBe(1);
    expect(receiveBar(socket({ receive: 12 }), false).text).toBe('12 B');
    expect(sendBar(socket({ send: 262_144 })).text).toBe('256 KiB');
  });

  it('says FIN where the kernel counts a FIN as a byte', () => {
    const closing = (receive: number) => socket({ tcp: 'CLOSE_WAIT', receive });
    expect(receiveBar(closing(1), false)).toMatchObject({ text: 'FIN', bytes: 0 });
    expect(receiveBar(closing(13), false)).toMatchObject({ text: '12 B + FIN', bytes: 12 });
    expect(receiveBar(closing(0), true).text).toBe('0');
    expect(receiveBar(socket({ receive: 1 }), false).text).toBe('1 B');
    expect(sendBar(socket({ tcp: 'LAST_ACK', send: 1 }))).toMatchObject({ text: 'FIN', bytes: 0 });
  });
});

describe('somebody turned away', () => {
  it('falls out of the row with its reason and FIN, and was told so at the door', () => {
    const { server, layout } = picture('server1', 1, 'refused');
    const row = layout.rows.find(({ place }) => place === 'refused');
    expect(row?.refusal).toBe(BUSY);
    expect(row?.card.stamp?.kind).toBe('fin');
    expect(row?.card.labels.find(({ key }) => key === 'mark')?.text).toBe('FIN');
    expect(row?.card.rect.y).toBeGreaterThan(layout.rows[0]?.card.rect.y ?? Infinity);
    expect(row?.kernel).toMatchObject({ closed: true, tcp: null });
    const { refusal } = seatView(server, layout, false);
    expect(refusal?.labels.map(({ text }) => text).join(' ')).toBe(`B is told “${BUSY}”`);
    expect(refusal?.identity).toEqual(row?.identity);
    const reason = row?.card.labels.filter(({ key }) => key === 'note');
    expect(reason?.map(({ text }) => text).join(' ')).toBe('busy: turned away');
  });

  it.each([
    [880, false],
    [1256, false],
    [360, false],
    [1000, true],
    [1256, true],
  ])(
    'is told the reason at the door, whole where three lines hold it, %i px wide',
    (width, projector) => {
      const { server, now } = aStage('server1', 1, 'refused');
      const of = { ...size, width, height: 470, unit: projector ? 26.4 : 16, projector };
      const layout = stageLayout(server, clientRows(server, [], now), of);
      const { refusal, chair, thread } = seatView(server, layout, projector);
      const told = projector ? 'busy: …' : BUSY;
      expect(refusal?.labels.map(({ text }) => text).join(' ')).toBe(`B is told “${told}”`);
      const below = refusal!.rect.y + refusal!.rect.height;
      expect(chair.rect.y).toBeGreaterThanOrEqual(below);
      expect(thread!.block.y).toBeGreaterThanOrEqual(below);
    },
  );

  it('leaves the door after 10 s, and the chair stands where it stood', () => {
    const { server, now } = aStage('server1', 1, 'refused');
    const at = (moment: number) =>
      seatView(server, stageLayout(server, clientRows(server, [], moment), size), false);
    expect(at(now + 9_000_000).refusal).not.toBeNull();
    expect(at(now + 11_000_000).refusal).toBeNull();
    expect(at(now + 11_000_000).chair.rect).toEqual(at(now).chair.rect);
  });

  it('has heard nothing of the server when the kernel refused it', () => {
    const { server, now } = aStage('server1', 1, 'refuse');
    const refused: OwnClient = {
      id: 'mine',
      session: 's',
      connection: null,
      phase: 'ended',
      localAddress: null,
      localPort: null,
      ending: { how: 'refused', errno: 'ECONNREFUSED' },
      endedAt: now,
      lastSent: null,
      lastReceived: null,
      sentBytes: 0,
      name: 'B',
      reading: true,
      halfClosed: false,
    };
    const layout = stageLayout(server, clientRows(server, [refused], now), size);
    expect(layout.rows.map(({ place }) => place)).toEqual(['open', 'refused']);
    expect(seatView(server, layout, false).refusal).toBeNull();
  });

  it('looks different after a reset', () => {
    const row = picture('server2', 1, 'reset').layout.rows.find(({ place }) => place === 'ended');
    expect(row?.card.stamp?.kind).toBe('rst');
  });
});

describe('the chair of server 1', () => {
  it('is taken while somebody is served; the thread waits for the client and the door', () => {
    const { server, layout } = picture('server1', 1);
    const seat = seatView(server, layout, false);
    expect(seat.chair.taken).toBe(true);
    expect(seat.chair.identity).toEqual(layout.rows[0]?.identity);
    expect(seat.labels.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['A is served', '22 + 1 → 23', 'fd 24']),
    );
    expect(seat.thread).toMatchObject({ pose: 'blocked', at: 'both' });
    expect(seat.thread?.waitsAt).toHaveLength(2);
    expect(seat.thread?.block.x).toBe(layout.line);
  });

  it('shows that a slow calculation runs: the thread is off the line', () => {
    const { server, layout } = picture('server1', 1, 'slow');
    const seat = seatView(server, layout, false);
    expect(seat.thread?.pose).toBe('working');
    expect(seat.thread?.block.x).toBeGreaterThan(layout.line);
    expect(seat.labels.map(({ text }) => text)).toContain('2^64 → …');
  });

  it('says for how long it has been calculating', () => {
    const { server, now } = aStage('server1', 1, 'slow');
    const layout = stageLayout(server, clientRows(server, [], now + 2_300_000), size);
    const texts = seatView(server, layout, false).labels.map(({ text }) => text);
    expect(texts).toContain('calculates for 2.3 s · fd 24');
  });

  it.each([
    ['', ['busy: others are told so and turned away', 'others are turned away']],
    [
      'refuse',
      [
        'refuse: it does not listen while it serves: the kernel refuses others',
        'it does not listen while it serves: the kernel refuses others',
        'the kernel refuses others',
      ],
    ],
    [
      'queue',
      [
        'queue: others wait in the accept queue',
        'others wait in the accept queue',
        'others wait in the queue',
      ],
    ],
  ])('says in any mode what becomes of the others (%s)', (more, words) => {
    for (const clients of [0, 1]) {
      for (const [width, projector] of [
        [1256, false],
        [880, false],
        [1256, true],
        [1000, true],
      ] as const) {
        const { server, now } = aStage('server1', clients, more);
        const of = { ...size, width, unit: projector ? 26.4 : 16, projector };
        const layout = stageLayout(server, clientRows(server, [], now), of);
        const policy = seatView(server, layout, projector)
          .labels.filter(({ key }) => key.startsWith('policy'))
          .map(({ text }) => text)
          .join(' ');
        expect(words.slice(0, projector ? 3 : 2)).toContain(policy);
      }
    }
  });
});

describe('the lanes of server 2', () => {
  it('begin with the thread that accepts, then one for each client at its height', () => {
    const { server, layout } = picture('server2', 3);
    const { lanes } = lanesView(server, layout, false);
    expect(lanes.map(({ words }) => words)).toEqual([
      'thread 4711, accepts: blocked in accept() via poll() on fd 20',
      'A, thread 5011: blocked in recv() on fd 24',
      'B, thread 5012: blocked in recv() on fd 25',
      'C, thread 5013: blocked in recv() on fd 26',
    ]);
    expect(lanes.slice(1).map(({ rect }) => rect.y)).toEqual(
      layout.rows.map(({ card }) => card.rect.y),
    );
  });

  it('say in which other function the thread that accepts sleeps, beside its tid', () => {
    const { server, layout } = picture('server2', 3);
    const [acceptor, lane] = lanesView(server, layout, false).lanes;
    expect(acceptor?.labels.map(({ text }) => text)).toEqual([
      ...['accept()', 'blocked via poll()', 'tid 4711'],
    ]);
    expect(lane?.labels.map(({ text }) => text)).toEqual([
      ...['A', 'recv()', 'blocked', 'tid 5011'],
    ]);
    expect(lane?.shape!.x).toBeLessThan(lane!.labels[0]!.x);
  });

  it('tell blocked, working and writing by place and word', () => {
    const { server, layout } = picture('server2', 3, 'slow');
    const [, working, writing, blocked] = lanesView(server, layout, false).lanes;
    expect(working).toMatchObject({ pose: 'working', connection: 1 });
    expect(working?.labels.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['calculating', '2^64']),
    );
    expect(working?.block.x).toBeGreaterThan(layout.line);
    expect(writing).toMatchObject({ pose: 'writing', connection: 2 });
    expect(blocked).toMatchObject({ pose: 'blocked', connection: 3 });
    expect(blocked?.block.x).toBe(layout.line);
  });

  it('fold more than a dozen idle ones and the spare ones into counts', () => {
    const { server, layout } = picture('server2', 40, 'spare');
    const { lanes, folded } = lanesView(server, layout, false);
    expect(lanes.filter(({ pose }) => pose === 'blocked')).toHaveLength(MOST_IDLE + 1);
    expect(folded.map(({ text }) => text)).toEqual([
      `+${40 - MOST_IDLE} blocked in recv()`,
      '+4 waiting for a client',
    ]);
  });

  it('say who waits for a thread, and since when', () => {
    const { lab } = aStage('server2', 2);
    lab.connect('server2', 3, 26);
    lab.happen('server2', 1, {
      type: 'blocked',
      own: [],
      call: 'handoff',
      in: 'futex',
      read: [],
      write: [],
      timeoutMs: null,
    });
    const { settings, ...others } = lab.lab.servers.server2!;
    const server = { ...others, settings: { ...settings, maxThreads: 2 } };
    const since = server.connections[3]!.openedAt;
    for (const of of [size, { ...size, width: 880 }, { ...size, unit: 26.4, projector: true }]) {
      const layout = stageLayout(server, clientRows(server, [], since + 3_400_000), of);
      const { lanes } = lanesView(server, layout, of.projector);
      const texts = lanes[0]!.labels.map(({ text }) => text);
      expect(texts.slice(0, 2)).toEqual([
        'no free thread',
        of.projector ? 'C: 3.4 s' : 'C waits 3.4 s',
      ]);
      const lane = lanes.find(({ connection }) => connection === 3);
      expect(lane?.labels.map(({ text }) => text)).toEqual(['no free thread: waits 3.4 s']);
      expect(lane?.words).toBe('no free thread: waits 3.4 s');
      // One more may start.
      const more = lanesView({ ...others, settings }, layout, of.projector).lanes;
      expect(more[0]!.labels[0]?.text).toBe('starts a thread');
      expect(more.find(({ connection }) => connection === 3)?.words).toBe(
        'no thread yet: waits 3.4 s',
      );
    }
  });

  it('say that a connection has no thread yet', () => {
    const lab = new ALab();
    lab.start('server2');
    lab.connect('server2', 1, 24);
    const server = lab.lab.servers.server2!;
    const layout = stageLayout(server, clientRows(server, [], lab.t), size);
    const lane = lanesView(server, layout, false).lanes.find(({ connection }) => connection === 1);
    expect(lane).toMatchObject({ pose: 'gone', words: 'has no thread yet' });
    expect(lane?.labels.map(({ text }) => text)).toEqual(['no thread yet']);
  });
});
