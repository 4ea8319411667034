import type { LabFact, ServerId } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { describe, expect, it } from 'vitest';
import type { Rect, StageSize } from '../src/view/geometry.ts';
import { clientRows, type OwnClient } from '../src/view/panel/client-rows.ts';
import { stageLayout, type StageLayout } from '../src/view/stage/layout.ts';
import { processPicture } from '../src/view/stage/process/process-picture.ts';
import { seatView } from '../src/view/stage/process/seat.ts';
import { lanesView } from '../src/view/stage/process/swimlanes.ts';
import { letters } from '../src/view/words/names.ts';
import { aStage, socketOf } from './a-stage.ts';
import { isInside, isOver, textsIn, type BandName } from './stage-texts.ts';

const size = (width: number, height: number, unit = 16, projector = false): StageSize => ({
  width,
  height,
  unit,
  projector,
});

const sizes: Record<string, StageSize> = {
  'beside the code at 1280x720': size(880, 410),
  'without the code at 1280x720': size(1256, 410),
  'at 1920x1080': size(1890, 640, 22),
  'on a telephone': size(360, 640),
  'in projector mode at 1280x720': size(1256, 470, 26.4, true),
  'in projector mode at 1920x1080': size(1890, 760, 37.6, true),
};
const crowds = [0, 1, 3, 8, 9, 24, 40, 200, 1000];

const stages = new Map<string, ReturnType<typeof aStage>>();

function picture(id: ServerId, clients: number, of: StageSize, more = '') {
  const name = `${id} ${clients} ${more}`;
  const stage = stages.get(name) ?? aStage(id, clients, more);
  stages.set(name, stage);
  const { server, now } = stage;
  const layout = stageLayout(server, clientRows(server, [], now), of);
  return { server, layout };
}

/** Every text of the picture, by the band that it belongs to. */
function textsOf(server: ServerState, layout: StageLayout, projector: boolean) {
  const bandOf = ({ x, y }: Rect): BandName =>
    (['clients', 'kernel', 'process'] as const).find((name) => {
      const band = layout.bands[name];
      return layout.narrow ? y < band.y + band.height : x < band.x + band.width;
    }) ?? 'process';
  return textsIn(processPicture(server, layout, projector)).map(({ band, label }) => ({
    band: band ?? bandOf(label),
    label,
  }));
}

describe.each(Object.entries(sizes))('the stage %s', (_, of) => {
  it.each(crowds)('with %i clients: no two texts overlap, and each is in its band', (clients) => {
    for (const id of ['server1', 'server2'] as const) {
      // Server 1 has one client at a time; the others wait.
      const served = id === 'server1' ? Math.min(1, clients) : clients;
      for (const more of ['', 'refused2 reset waiting slow spare']) {
        const { server, layout } = picture(id, served, of, more);
        const texts = textsOf(server, layout, of.projector);
        const outside = texts.filter(({ band, label }) => !isInside(label, layout.bands[band]));
        expect(outside.map(({ label }) => label)).toEqual([]);
        const clashes = texts.flatMap(({ label }, index) =>
          texts
            .slice(index + 1)
            .filter((other) => isOver(label, other.label))
            .map((other) => `${label.key} ${label.text} / ${other.label.key} ${other.label.text}`),
        );
        expect(clashes).toEqual([]);
      }
    }
  });

  it.each(crowds)('with %i clients: rows, bars and slots stay in their bands', (clients) => {
    const { server, layout } = picture('server2', clients, of, 'refused waiting slow');
    const { bands, rows, queue, folded } = layout;
    const misplaced = [
      ...rows.filter(({ card }) => !isInside(card.rect, bands.clients)),
      ...rows.filter(({ kernel }) => kernel && !isInside(kernel.rect, bands.kernel)),
      ...rows.filter(({ kernel }) => kernel?.bars.some((bar) => !isInside(bar.rect, kernel.rect))),
      ...queue.slots.filter(({ rect }) => !isInside(rect, queue.rect)),
      ...lanesView(server, layout, of.projector).lanes.filter(
        ({ rect }) => !isInside(rect, bands.process),
      ),
      ...(folded ? [folded].filter((each) => !isInside(each.kernel, bands.kernel)) : []),
    ];
    expect(misplaced).toEqual([]);
  });

  it('has no text below 12 px, in projector mode none below 24 px', () => {
    for (const clients of crowds) {
      const { server, layout } = picture('server2', clients, of, 'refused waiting slow');
      const least = Math.min(
        ...textsOf(server, layout, of.projector).map(({ label }) => label.size),
      );
      expect(least).toBeGreaterThanOrEqual(of.projector ? 24 : 12);
    }
  });
});

/** What the kernel says of an accept queue; it names the first 32 of those in it. */
function waitingInTheQueue(acceptQueue: number): LabFact {
  return {
    type: 'sampled',
    acceptQueue,
    waiting: Array.from({ length: 32 }, (_, index) => ({
      ...socketOf(1),
      address: '127.0.0.1',
      port: 54_000 + index,
      batch: 1,
    })),
    timeWait: 0,
    connections: [],
  };
}

describe('a row of the stage', () => {
  it.each(crowds)('with %i clients carries its own port, fd, state and bytes', (clients) => {
    for (const of of Object.values(sizes)) {
      const { server, layout } = picture('server2', clients, of);
      for (const { connection: id, card, kernel, fd } of layout.rows) {
        const connection = server.connections[id ?? -1];
        expect(connection).toBeDefined();
        const saying = (name: string) => card.labels.find(({ key }) => key === name)?.text;
        expect(saying('name')).toBe(letters((id ?? 0) - 1));
        expect([`:${connection?.port}`, undefined]).toContain(saying('from'));
        if (layout.scale === 'card' && of.width > 400 && !of.projector && clients <= 4)
          expect(saying('from')).toBeDefined();
        expect(fd).toBe(connection?.fd);
        const written = kernel?.labels.find(({ key }) => key === 'fd');
        if (written) expect(written.text.replace('fd ', '')).toBe(String(connection?.fd));
        expect(kernel?.tcp).toBe(socketOf(id ?? 0).tcp);
        for (const bar of kernel?.bars ?? []) {
          const { tcp, receive, send } = socketOf(id ?? 0);
          const inQueue = tcp === 'CLOSE_WAIT' ? 0 : receive;
          expect(bar.bytes).toBe(bar.queue === 'receive' ? inQueue : send);
        }
      }
    }
  });

  it('has the same height in each band, so that its wire is straight', () => {
    const { layout } = picture('server2', 5, sizes['without the code at 1280x720']!);
    for (const { card, kernel, lane } of layout.rows) {
      expect(kernel?.rect.y).toBe(card.rect.y);
      expect(lane.y).toBe(card.rect.y);
    }
    expect(layout.wires).toHaveLength(5);
    expect(layout.line).toBe(layout.bands.process.x);
  });

  it('has an anchor for each connection that is drawn', () => {
    const { layout } = picture('server2', 40, sizes['beside the code at 1280x720']!);
    expect([...layout.anchors.keys()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });
});

describe('density', () => {
  const stage = sizes['without the code at 1280x720']!;

  it.each([
    [1, 'card'],
    [8, 'card'],
    [9, 'row'],
    [40, 'row'],
    [41, 'grouped'],
    [1000, 'grouped'],
  ] as const)('draws %i clients as %s', (clients, scale) => {
    expect(picture('server2', clients, stage).layout.scale).toBe(scale);
  });

  it('counts those that are not drawn: by kind, by state, and all their bytes', () => {
    const { layout } = picture('server2', 1000, stage);
    const drawn = layout.rows.map(({ connection }) => connection ?? 0);
    const rest = Array.from({ length: 1000 }, (_, index) => index + 1).filter(
      (connection) => !drawn.includes(connection),
    );
    const counts = layout.folded?.counts;
    expect(counts?.count).toBe(rest.length);
    expect(counts?.browser).toBe(rest.filter((connection) => connection % 5 === 0).length);
    expect(counts?.external).toBe(rest.filter((connection) => connection % 5 !== 0).length);
    expect(counts?.states).toEqual(
      (['ESTABLISHED', 'CLOSE_WAIT'] as const).map((tcp) => ({
        tcp,
        count: rest.filter((connection) => socketOf(connection).tcp === tcp).length,
      })),
    );
    const sum = (queue: 'receive' | 'send'): number =>
      rest.reduce((bytes, connection) => bytes + socketOf(connection)[queue], 0);
    expect(counts?.receive).toBe(sum('receive'));
    expect(counts?.send).toBe(sum('send'));
  });

  it('says of how many that are not drawn there is no sample yet', () => {
    const { lab } = aStage('server2', 60);
    for (let id = 61; id <= 65; id += 1) lab.connect('server2', id, 23 + id);
    for (let id = 1; id <= 60; id += 1) lab.say('server2', id, 23 + id, '1', '1');
    const layoutOf = () => {
      const server = lab.lab.servers.server2!;
      return stageLayout(server, clientRows(server, [], lab.t), stage);
    };
    const { folded, foldedLabels, rows } = layoutOf();
    const drawn = rows.filter(({ connection }) => (connection ?? 0) > 60).length;
    expect(drawn).toBe(0);
    expect(folded?.counts.unsampled).toBe(5);
    expect(foldedLabels.kernel.map(({ text }) => text)).toContain('5 not sampled yet');
    const sum = (folded?.counts.states ?? []).reduce((all, { count }) => all + count, 5);
    expect(sum).toBe(folded?.counts.count);
  });

  it('says nothing of the queues of those that are all not sampled yet', () => {
    const { layout } = picture('server2', 60, stage, 'unsampled');
    expect(layout.foldedLabels.kernel.map(({ text }) => text)).toEqual([
      `${layout.folded?.counts.count} not sampled yet`,
    ]);
  });

  it('keeps half of the rows for those that are served, however many wait', () => {
    const { lab } = aStage('server2', 20);
    lab.say('server2', 17, 40, '6 * 7', '42');
    lab.happen('server2', null, waitingInTheQueue(32));
    const server = lab.lab.servers.server2!;
    for (const of of Object.values(sizes)) {
      const { rows } = stageLayout(server, clientRows(server, [], lab.t), of);
      const served = rows.filter(({ place }) => place === 'open');
      const waiting = rows.filter(({ place }) => place === 'waiting');
      expect(served.length).toBe(Math.ceil(rows.length / 2));
      expect(waiting.length).toBe(rows.length - served.length);
      expect(served.map(({ connection }) => connection)).toContain(17);
    }
  });

  it('gives the places that the served ones do not need to those that wait', () => {
    const { lab } = aStage('server1', 1, 'queue');
    lab.happen('server1', null, waitingInTheQueue(50));
    const server = lab.lab.servers.server1!;
    const { rows } = stageLayout(server, clientRows(server, [], lab.t), stage);
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.map(({ place }) => place)).toEqual(['open', ...rows.slice(1).map(() => 'waiting')]);
  });

  it('puts those in front that wait and those that spoke last', () => {
    const { lab } = aStage('server2', 200, 'waiting');
    lab.say('server2', 17, 40, '6 * 7', '42');
    const server = lab.lab.servers.server2!;
    const { rows } = stageLayout(server, clientRows(server, [], lab.t), stage);
    expect(rows.map(({ connection }) => connection)).toContain(17);
    expect(rows.map(({ place }) => place)).toEqual(['open', 'open', 'open', 'waiting', 'waiting']);
    // Those that have waited longest.
    expect(rows.slice(3).map(({ key }) => key)).toEqual([
      'waiting-127.0.0.1:54001',
      'waiting-127.0.0.1:54002',
    ]);
  });
});

describe('a server that does not listen', () => {
  it.each(Object.entries(sizes))('says the whole reason, %s', (_, of) => {
    const { lab } = aStage('server1', 1, 'refuse');
    lab.happen('server1', 1, { type: 'listenerClosed', fd: 20 });
    const server = lab.lab.servers.server1!;
    const { queue } = stageLayout(server, clientRows(server, [], lab.t), of);
    const reason = queue.labels.filter(({ key }) => key.startsWith('why'));
    expect(reason.map(({ text }) => text).join(' ')).toBe('the kernel refuses newcomers (RST)');
    expect(queue.labels.filter((label) => !isInside(label, queue.rect))).toEqual([]);
  });
});

describe('an empty stage', () => {
  it('still shows the listener, its empty queue and the thread that waits for somebody', () => {
    const { server, layout } = picture('server1', 0, sizes['beside the code at 1280x720']!);
    expect(layout.queue).toMatchObject({ listening: true, depth: 0, mark: 'kernel' });
    expect(layout.queue.slots.every(({ occupied }) => !occupied)).toBe(true);
    const seat = seatView(server, layout, false);
    expect(seat.chair.taken).toBe(false);
    expect(seat.thread).toMatchObject({
      pose: 'blocked',
      at: 'door',
      term: 'blocked in accept() via poll()',
    });
  });
});

/** A client of the page whose SYN the kernel has not answered. */
const connecting = (id: string): OwnClient => ({
  ...{ id, session: null, connection: null, name: null, phase: 'connecting' },
  ...{ localAddress: null, localPort: null, ending: null, endedAt: null },
  ...{ lastSent: null, lastReceived: null, sentBytes: 0, halfClosed: false, reading: true },
});

it('does not count a client that is connecting as one in the accept queue', () => {
  const { lab } = aStage('server1', 1, 'queue');
  const server = lab.lab.servers.server1!;
  const own = Array.from({ length: 40 }, (_, index) => connecting(`c${index}`));
  const { folded, labels } = stageLayout(server, clientRows(server, own, lab.t), size(880, 410));
  expect(folded?.counts.waiting).toBeLessThan(3);
  expect(folded?.counts.connecting).toBeGreaterThan(30);
  expect(labels.some(({ text }) => /\b4\d waiting/.test(text))).toBe(false);
});

it('shows a client that was reset in the accept queue as a place in it, and folds nobody for it', () => {
  const { lab } = aStage('server1', 1, 'queue');
  lab.happen('server1', null, {
    type: 'sampled',
    acceptQueue: 1,
    waiting: [],
    unnamed: 1,
    timeWait: 0,
    connections: [],
  });
  const server = lab.lab.servers.server1!;
  const layout = stageLayout(server, clientRows(server, [], lab.t), size(880, 410));
  expect(layout).toMatchObject({ scale: 'card', folded: null });
  expect(layout.queue.slots.filter(({ occupied }) => occupied)).toHaveLength(1);
});
