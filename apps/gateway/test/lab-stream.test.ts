import { once } from 'node:events';
import type { LabHost } from '@sockscope/tcp-core/host/lab-host';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { CHECKPOINT_EVERY, EVENTS_REMEMBERED } from '@sockscope/tcp-core/trace/history';
import { applyAll } from '@sockscope/tcp-core/trace/reducer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  BrowserClient,
  eventOf,
  startGateway,
  tcpClient,
  type Running,
} from './running-gateway.ts';

let gateway: Running;
let lab: LabHost;
const viewers: Viewer[] = [];

beforeAll(async () => {
  gateway = await startGateway({ observeKernel: false });
  ({ lab } = gateway);
});
afterAll(() => gateway.close());
afterEach(() => {
  for (const { client } of viewers.splice(0)) client.webSocket.terminate();
});

/** A page that folds what it is sent, as the real one does. */
class Viewer {
  readonly client: BrowserClient;
  constructor(query = '') {
    this.client = new BrowserClient(gateway, `/ws/lab${query}`);
    viewers.push(this);
  }

  get frames(): { type: string; state: LabState; events: LabEvent[]; from: number; to: number }[] {
    return this.client.control as never;
  }

  get types(): string[] {
    return this.frames.map(({ type }) => type);
  }

  get events(): LabEvent[] {
    return this.frames.flatMap(({ type, events }) => (type === 'events' ? events : []));
  }

  get state(): LabState | undefined {
    return this.frames.reduce<LabState | undefined>((state, frame) => {
      if (frame.type === 'snapshot') return frame.state;
      return state && frame.type === 'events' ? applyAll(state, frame.events) : state;
    }, undefined);
  }

  async reaches(seq: number): Promise<void> {
    await this.client.until(() => (this.state?.seq ?? this.events.at(-1)?.seq ?? 0) >= seq);
  }
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

describe('a viewer', () => {
  it('gets the state, then every event once and in order', async () => {
    const viewer = new Viewer();
    await viewer.client.frame('snapshot');
    const seq = await somethingHappens();
    await viewer.reaches(seq);
    const first = viewer.frames[0]?.state.seq ?? 0;
    expect(viewer.events.map((event) => event.seq)).toEqual(
      Array.from({ length: seq - first }, (_, index) => first + 1 + index),
    );
    expect(viewer.state).toEqual(lab.state);
  });

  it('that comes late has the same state as one that was there all the time', async () => {
    const early = new Viewer();
    await early.client.frame('snapshot');
    const running = somethingHappens(8);
    await somethingHappens(2);
    const late = new Viewer();
    await late.client.frame('snapshot');
    await running;
    const seq = await somethingHappens(1);
    await Promise.all([early.reaches(seq), late.reaches(seq)]);
    expect(late.state).toEqual(early.state);
    expect(late.state).toEqual(lab.state);
  });

  it('that comes in between two batches gets no event twice', async () => {
    const early = new Viewer();
    await early.client.frame('snapshot');
    gateway.app.websocketServer.once('connection', () => {
      lab.record('server1', { type: 'connectFailed', session: 'x', errno: 'ECONNREFUSED' });
    });
    const late = new Viewer();
    await late.client.frame('snapshot');
    const seq = await somethingHappens(1);
    await Promise.all([early.reaches(seq), late.reaches(seq)]);
    expect(late.events[0]?.seq).toBe((late.frames[0]?.state.seq ?? 0) + 1);
    expect(late.state).toEqual(early.state);
  });

  it('goes on exactly where it was', async () => {
    const before = new Viewer();
    await before.client.frame('snapshot');
    await before.reaches(await somethingHappens(1));
    before.client.webSocket.terminate();
    const { state } = before;
    if (!state) throw new Error('no snapshot');
    await somethingHappens(3);
    const after = new Viewer(`?epoch=${lab.epoch}&since=${state.seq}`);
    const seq = await somethingHappens(1);
    await after.reaches(seq);
    expect(new Set(after.types)).toEqual(new Set(['events']));
    expect(after.events.map((event) => event.seq)).toEqual(
      Array.from({ length: seq - state.seq }, (_, index) => state.seq + 1 + index),
    );
    expect(applyAll(state, after.events)).toEqual(lab.state);
  });

  it('of another epoch, or from the future, gets the state', async () => {
    for (const query of [
      '?epoch=other&since=1',
      `?epoch=${lab.epoch}&since=99999999`,
      '?since=1',
    ]) {
      const viewer = new Viewer(query);
      await viewer.client.frame('snapshot');
      expect(viewer.types, query).toEqual(['snapshot']);
    }
  });

  it('that was away for too long is told what it missed', async () => {
    const since = lab.state.seq;
    // The first that is remembered for sure, so it goes on right behind it.
    for (let number = 0; number < EVENTS_REMEMBERED; number += 1)
      lab.record('server1', { type: 'connectFailed', session: 'x', errno: 'ECONNREFUSED' });
    const inTime = new Viewer(`?epoch=${lab.epoch}&since=${since}`);
    await inTime.reaches(lab.state.seq);
    expect(new Set(inTime.types)).toEqual(new Set(['events']));
    expect(inTime.events).toHaveLength(lab.state.seq - since);
    for (let number = 0; number <= CHECKPOINT_EVERY; number += 1)
      lab.record('server1', { type: 'connectFailed', session: 'x', errno: 'ECONNREFUSED' });
    const viewer = new Viewer(`?epoch=${lab.epoch}&since=${since}`);
    await viewer.client.frame('snapshot');
    expect(viewer.types).toEqual(['gap', 'snapshot']);
    expect(viewer.frames[0]).toMatchObject({ from: since + 1, to: viewer.frames[1]?.state.seq });
  });

  it('that does not read keeps nobody waiting, and is told what it missed', async () => {
    const [deaf, other] = [new Viewer(), new Viewer()];
    await Promise.all([deaf.client.frame('snapshot'), other.client.frame('snapshot')]);
    deaf.client.webSocket.pause();
    const errno = 'E'.repeat(20_000);
    for (let round = 0; round < 40; round += 1) {
      for (let number = 0; number < 40; number += 1)
        lab.record('server1', { type: 'connectFailed', session: 'x', errno });
      await other.reaches(lab.state.seq);
    }
    expect(deaf.types).toEqual(['snapshot']);
    deaf.client.webSocket.resume();
    await deaf.client.until(() => deaf.types.at(-1) === 'snapshot' && deaf.types.includes('gap'));
    const { seq } = lab.state;
    const gap = deaf.frames.find(({ type }) => type === 'gap');
    expect(gap).toMatchObject({ from: (deaf.events.at(-1)?.seq ?? 0) + 1, to: seq });
    expect(deaf.events.length).toBeLessThan(1600);
    lab.record('server1', { type: 'connectFailed', session: 'x', errno: 'after' });
    await deaf.reaches(seq + 1);
    expect(deaf.state).toEqual(lab.state);
  });

  it('that speaks is sent away', async () => {
    const viewer = new Viewer();
    await viewer.client.frame('snapshot');
    viewer.client.webSocket.send('hello');
    expect((await viewer.client.closed)[0]).toBe(1008);
  });
});
