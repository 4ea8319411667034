/** The stream while much happens: nothing is lost, nobody waits for another, late is not less. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Lab } from '@sockscope/lab/lab';
import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Random } from '../../../scripts/random.mjs';
import { VIEWER_BYTES } from '../src/routes/lab-stream.ts';
import { startGateway, tcpClient, type Running } from './running-gateway.ts';
import { Viewer } from './viewer.ts';

let gateway: Running;
let lab: Lab;
const viewers: Viewer[] = [];

beforeAll(async () => {
  gateway = await startGateway();
  ({ lab } = gateway);
});
afterAll(() => gateway.close());
afterEach(() => {
  for (const { webSocket } of viewers.splice(0)) webSocket.terminate();
});

async function watch(): Promise<Viewer> {
  const viewer = new Viewer(gateway.host);
  viewers.push(viewer);
  await viewer.until(() => viewer.state !== undefined);
  return viewer;
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Sends `bytes` of messages as fast as the server takes them; resolves with what came back. */
async function flood(client: Socket, message: string, bytes: number): Promise<number> {
  let received = 0;
  client.on('data', (chunk: Buffer) => (received += chunk.length));
  const ended = once(client, 'end');
  const chunk = Buffer.from(message.repeat(2048));
  for (let sent = 0; sent < bytes; sent += chunk.length)
    if (!client.write(chunk.subarray(0, Math.min(chunk.length, bytes - sent))))
      await once(client, 'drain');
  client.end();
  await ended;
  return received;
}

/** The bytes of a connection that its events tell of. */
function moved(events: readonly LabEvent[], server: ServerId, connection: number) {
  const sum = { received: 0, sent: 0 };
  for (const event of events) {
    if (event.server !== server) continue;
    if (event.type === 'received' || event.type === 'sent') {
      if (event.connection === connection) sum[event.type] += event.bytes;
    } else if (event.type === 'summed') {
      for (const part of event.connections) {
        if (part.connection !== connection) continue;
        sum.received += part.received.bytes;
        sum.sent += part.sent.bytes;
      }
    }
  }
  return sum;
}

it('counts every byte of a flood on servers 2, 3 and 4, summed up or not', async () => {
  const viewer = await watch();
  const floods = (['server2', 'server3', 'server4'] as const).flatMap((server) =>
    [1, 2, 3].map((n) => ({
      server,
      bytes: 8 * (20_000 * n + 1),
      line: server === 'server4' ? 8 : 3,
    })),
  );
  const done = await Promise.all(
    floods.map(async ({ server, bytes, line }) => {
      const client = await tcpClient(lab, server);
      const { localPort } = client;
      const back = await flood(client, '22 + 44\n', bytes);
      expect(back, server).toBe((bytes / 8) * line);
      return { server, localPort, bytes, back };
    }),
  );
  for (const { server, localPort, bytes, back } of done) {
    const isIt = (event: LabEvent): boolean =>
      event.server === server && event.type === 'accepted' && event.port === localPort;
    await viewer.until(() => viewer.events.some(isIt));
    const accepted = viewer.events.find(isIt) as LabEvent & { type: 'accepted' };
    const { connection } = accepted;
    const end = (event: LabEvent): boolean =>
      event.server === server && event.type === 'closed' && event.connection === connection;
    await viewer.until(() => viewer.events.some(end));
    expect(moved(viewer.events, server, connection), server).toEqual({
      received: bytes,
      sent: back,
    });
    expect(viewer.events.find(end), server).toMatchObject({ received: bytes, sent: back });
  }
  expect(viewer.events.some(({ type }) => type === 'summed')).toBe(true);
  const first = viewer.events[0]?.seq ?? 0;
  expect(viewer.events.map(({ seq }) => seq)).toEqual(numbers(first, viewer.seq));
  const totals = viewer.state?.servers.server4!.totals;
  const echoed = done.filter(({ server }) => server === 'server4');
  const bytes = echoed.reduce((sum, one) => sum + one.bytes, 0);
  expect([totals?.received.bytes, totals?.sent.bytes]).toEqual([bytes, bytes]);
});

it('shows a late joiner, and one that was away, what a continuous viewer sees: 200 interleavings', async () => {
  const random = new Random(4);
  const steady = await watch();
  const traffic = { goesOn: true };
  const endTraffic = async (): Promise<void> => {
    traffic.goesOn = false;
    await conversation;
  };
  onTestFinished(endTraffic);
  const conversation = (async () => {
    while (traffic.goesOn) {
      const client = await tcpClient(lab, random.chance(0.5) ? 'server3' : 'server4');
      for (let turn = random.next() * 4; turn > 0; turn -= 1) {
        client.write('1+1\n');
        await once(client, 'data');
      }
      if (random.chance(0.5)) client.resetAndDestroy();
      else client.destroy();
    }
  })();
  for (let round = 0; round < 200; round += 1) {
    const late = new Viewer(gateway.host);
    viewers.push(late);
    const pauses = 1 + random.below(6);
    for (let i = 0; i < pauses; i += 1) {
      for (let n = random.next() * 20; n > 1; n -= 1)
        lab.record('server1', { type: 'connectFailed', session: `r${round}`, errno: 'EAGAIN' });
      if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve));
    }
    const early = random.chance(0.5);
    await late.until(() => late.state !== undefined && (early || late.events.length > 0));
    late.leave();
    for (let n = random.next() * 5; n > 1; n -= 1)
      lab.record('server1', { type: 'connectFailed', session: `r${round}`, errno: 'EAGAIN' });
    const again = Viewer.after(gateway.host, late);
    viewers.push(again);
    lab.record('server1', { type: 'connectFailed', session: `r${round}`, errno: 'ENOENT' });
    const { seq } = lab.state;
    await Promise.all([again.reaches(seq), steady.reaches(seq)]);
    // Every event exactly once: those before it left, and those after.
    const start = (late.first?.seq ?? 0) + 1;
    const all = [...late.events, ...again.events].map((event) => event.seq);
    expect(all, `round ${round}`).toEqual(numbers(start, again.seq));
    expect(new Set(again.types), `round ${round}`).toEqual(new Set(['events']));
    const there = steady.seq === again.seq ? steady.state : lab.history.stateAt(again.seq);
    expect(JSON.stringify(again.state), `round ${round}`).toBe(JSON.stringify(there));
    again.webSocket.terminate();
  }
  await endTraffic();
  const first = steady.events[0]?.seq ?? 0;
  expect(steady.events.map(({ seq }) => seq)).toEqual(numbers(first, steady.seq));
  expect(steady.types.filter((type) => type !== 'events')).toEqual(['snapshot']);
});

it('lets at most 1 MiB wait for a viewer that stalls among 30, then tells it once what it missed', async () => {
  const [stalled, ...others] = await Promise.all(Array.from({ length: 30 }, () => watch()));
  if (!stalled) throw new Error('no viewers');
  stalled.webSocket.pause();
  const { clients } = gateway.app.websocketServer;
  const errno = 'E'.repeat(2000);
  let most = 0;
  // First the kernel takes what it likes, then it waits here, then there is too much of it.
  let more = 20;
  for (let round = 0; round < 40 || more > 0; round += 1) {
    for (let n = 0; n < 100; n += 1)
      lab.record('server1', { type: 'connectFailed', session: 'x', errno });
    await Promise.all(others.map((other) => other.reaches(lab.state.seq)));
    most = Math.max(most, ...[...clients].map(({ bufferedAmount }) => bufferedAmount));
    if (most > VIEWER_BYTES / 2) more -= 1;
  }
  expect(stalled.gaps).toEqual([]);
  expect(most).toBeGreaterThan(VIEWER_BYTES / 2);
  expect(most).toBeLessThanOrEqual(VIEWER_BYTES + 1024);
  for (const other of others)
    expect(other.types.filter((type) => type !== 'events')).toEqual(['snapshot']);
  // A ping that waits behind the events must not keep it from going on.
  for (const client of clients) client.ping();
  stalled.webSocket.resume();
  await stalled.until(() => stalled.types.at(-1) === 'snapshot' && stalled.gaps.length > 0);
  const { seq } = stalled;
  expect(stalled.gaps).toEqual([{ from: (stalled.events.at(-1)?.seq ?? 0) + 1, to: seq }]);
  lab.record('server1', { type: 'connectFailed', session: 'x', errno: 'after' });
  await stalled.reaches(lab.state.seq);
  expect(stalled.types.filter((type) => type !== 'events')).toEqual([
    'snapshot',
    'gap',
    'snapshot',
  ]);
  expect(stalled.state).toEqual(lab.history.stateAt(stalled.seq));
});
