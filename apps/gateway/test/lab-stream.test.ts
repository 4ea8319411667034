import { once } from 'node:events';
import type { Lab } from '@sockscope/lab/lab';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { CHECKPOINT_EVERY, EVENTS_REMEMBERED } from '@sockscope/tcp-core/trace/history';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { eventOf, startGateway, tcpClient, type Running } from './running-gateway.ts';
import { Viewer } from './viewer.ts';

let gateway: Running;
let lab: Lab;
const viewers: Viewer[] = [];

beforeAll(async () => {
  gateway = await startGateway({ observeKernel: false });
  ({ lab } = gateway);
});
afterAll(() => gateway.close());
afterEach(() => {
  for (const { webSocket } of viewers.splice(0)) webSocket.terminate();
});

function watch(query = ''): Viewer {
  const viewer = new Viewer(gateway.host, query);
  viewers.push(viewer);
  return viewer;
}

function resume(before: Viewer): Viewer {
  const viewer = Viewer.after(gateway.host, before);
  viewers.push(viewer);
  return viewer;
}

function snapshotOf(viewer: Viewer): Promise<void> {
  return viewer.until(() => viewer.state !== undefined);
}

/** What a viewer has is what the lab had then: an event may have come since. */
function expectAsItWas({ state, seq }: Viewer): void {
  expect(state).toEqual(lab.history.stateAt(seq));
}

/** Something to see: a client that sends a line and leaves. Resolves with the log's last number. */
async function somethingHappens(rounds = 5): Promise<number> {
  for (let round = 0; round < rounds; round += 1) {
    const client = await tcpClient(lab, 'server3');
    client.end(`${round} + 1\n`).resume();
    const { localPort } = client;
    await once(client, 'close');
    const { connection } = await eventOf(lab, 'accepted', ({ port }) => port === localPort);
    await eventOf(lab, 'closed', (e) => e.server === 'server3' && e.connection === connection);
  }
  return lab.state.seq;
}

describe('a viewer that is frozen', () => {
  it('is not waited for for ever', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const own = await startGateway({ servers: [], observeKernel: false });
    onTestFinished(async () => {
      vi.useRealTimers();
      await own.close();
    });
    const frozen = new WebSocket(`ws://${own.host}/ws/lab`, { autoPong: false });
    const well = new WebSocket(`ws://${own.host}/ws/lab`);
    await Promise.all([once(frozen, 'message'), once(well, 'message')]);
    const closed = once(frozen, 'close');
    for (let seconds = 0; seconds < 30; seconds += 10) {
      const pinged = once(well, 'ping');
      vi.advanceTimersByTime(10_000);
      await pinged;
      // Its pong is there when the answer to what it sent behind it is.
      well.ping();
      await once(well, 'pong');
    }
    expect((await closed)[0]).toBe(1006);
    expect(well.readyState).toBe(well.OPEN);
  });
});

describe('a viewer', () => {
  it('gets the state, then every event once and in order', async () => {
    const viewer = watch();
    await snapshotOf(viewer);
    const seq = await somethingHappens();
    await viewer.reaches(seq);
    const first = viewer.first?.seq ?? 0;
    expect(viewer.events.map((event) => event.seq)).toEqual(
      Array.from({ length: viewer.seq - first }, (_, index) => first + 1 + index),
    );
    expectAsItWas(viewer);
  });

  it('that comes late has the same state as one that was there all the time', async () => {
    const early = watch();
    await snapshotOf(early);
    const running = somethingHappens(8);
    await somethingHappens(2);
    const late = watch();
    await snapshotOf(late);
    await running;
    const seq = await somethingHappens(1);
    await Promise.all([early.reaches(seq), late.reaches(seq)]);
    expectAsItWas(early);
    expectAsItWas(late);
  });

  it('that comes in between two batches gets no event twice', async () => {
    const early = watch();
    await snapshotOf(early);
    gateway.app.websocketServer.once('connection', () => {
      lab.record('server1', { type: 'connectFailed', session: 'x', errno: 'ECONNREFUSED' });
    });
    const late = watch();
    await snapshotOf(late);
    const seq = await somethingHappens(1);
    await Promise.all([early.reaches(seq), late.reaches(seq)]);
    expect(late.events[0]?.seq).toBe((late.first?.seq ?? 0) + 1);
    expectAsItWas(early);
    expectAsItWas(late);
  });

  it('goes on exactly where it was', async () => {
    const before = watch();
    await snapshotOf(before);
    await before.reaches(await somethingHappens(1));
    before.leave();
    const { state } = before;
    if (!state) throw new Error('no snapshot');
    await somethingHappens(3);
    const after = resume(before);
    const seq = await somethingHappens(1);
    await after.reaches(seq);
    expect(new Set(after.types)).toEqual(new Set(['events']));
    expect(after.events.map((event) => event.seq)).toEqual(
      Array.from({ length: after.seq - state.seq }, (_, index) => state.seq + 1 + index),
    );
    expectAsItWas(after);
  });

  it('of another epoch, or from the future, gets the state', async () => {
    for (const query of [
      '?epoch=other&since=1',
      `?epoch=${lab.epoch}&since=99999999`,
      '?since=1',
    ]) {
      const viewer = watch(query);
      await snapshotOf(viewer);
      expect(viewer.types, query).toEqual(['snapshot']);
    }
  });

  it('that was away for too long is told what it missed', async () => {
    // What a thread says a moment later would count, too.
    for (const id of serverIds) await lab.stop(id);
    onTestFinished(async () => {
      for (const id of serverIds) await lab.start(id);
    });
    const since = lab.state.seq;
    // The first that is remembered for sure, so it goes on right behind it.
    for (let number = 0; number < EVENTS_REMEMBERED; number += 1)
      lab.record('server1', { type: 'connectFailed', session: 'x', errno: 'ECONNREFUSED' });
    const inTime = watch(`?epoch=${lab.epoch}&since=${since}`);
    await inTime.reaches(lab.state.seq);
    expect(new Set(inTime.types)).toEqual(new Set(['events']));
    expect(inTime.events).toHaveLength(lab.state.seq - since);
    for (let number = 0; number <= CHECKPOINT_EVERY; number += 1)
      lab.record('server1', { type: 'connectFailed', session: 'x', errno: 'ECONNREFUSED' });
    const viewer = watch(`?epoch=${lab.epoch}&since=${since}`);
    await snapshotOf(viewer);
    expect(viewer.types).toEqual(['gap', 'snapshot']);
    expect(viewer.gaps).toEqual([{ from: since + 1, to: viewer.first?.seq }]);
  });

  it('that does not read keeps nobody waiting, and is told what it missed', async () => {
    const [deaf, other] = [watch(), watch()];
    await Promise.all([snapshotOf(deaf), snapshotOf(other)]);
    deaf.webSocket.pause();
    const errno = 'E'.repeat(20_000);
    for (let round = 0; round < 40; round += 1) {
      for (let number = 0; number < 40; number += 1)
        lab.record('server1', { type: 'connectFailed', session: 'x', errno });
      await other.reaches(lab.state.seq);
    }
    expect(deaf.types).toEqual(['snapshot']);
    deaf.webSocket.resume();
    await deaf.until(() => deaf.types.at(-1) === 'snapshot' && deaf.gaps.length > 0);
    const { seq } = deaf;
    expect(deaf.gaps).toEqual([{ from: (deaf.events.at(-1)?.seq ?? 0) + 1, to: seq }]);
    expect(deaf.events.length).toBeLessThan(1600);
    lab.record('server1', { type: 'connectFailed', session: 'x', errno: 'after' });
    await deaf.reaches(lab.state.seq);
    expectAsItWas(deaf);
  });

  it('that speaks is sent away', async () => {
    const viewer = watch();
    await snapshotOf(viewer);
    viewer.webSocket.send('hello');
    expect(await viewer.closed).toBe(1008);
  });
});
