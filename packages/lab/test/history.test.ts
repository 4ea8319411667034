import { createHash } from 'node:crypto';
import { assignment } from '@sockscope/tcp-core/designs/all';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import {
  CHECKPOINT_EVERY,
  EVENTS_REMEMBERED,
  HISTORY_BYTES,
  LabHistory,
} from '@sockscope/tcp-core/trace/history';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { apply, applyAll, emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { TestLab } from './test-lab.ts';

/** The same state is the same JSON, to the byte. */
function hash(state: LabState): string {
  return createHash('sha256').update(JSON.stringify(state)).digest('base64');
}

describe('the states of a real lab', () => {
  const test = new TestLab();
  const batches: (readonly LabEvent[])[] = [];
  /** The lab's own state after each batch, as it was then. */
  const live = new Map<number, string>();
  test.lab.onEvents((batch) => {
    batches.push(batch);
    live.set(test.lab.state.seq, hash(test.lab.state));
  });

  /** Clients on all servers until there is a log of some length: connect, talk, half-close, close, reset. */
  async function conversation(): Promise<void> {
    const ports = await Promise.all([
      test.start('server1', { policy: 'queue' }),
      test.start('server2', { maxThreads: 3 }),
      test.start('server3', { slowMs: 5 }),
      test.start('server4'),
    ]);
    const goesOn = (): boolean => test.events.length < 4 * CHECKPOINT_EVERY;
    await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        while (goesOn()) {
          const client = await test.connect(ports[i % 4]!);
          for (let turn = Math.random() * 5; turn > 0; turn--) {
            client.send(Math.random() < 0.9 ? `${i} * ${Math.random()}\n` : '1/');
            await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()));
          }
          const chance = Math.random();
          if (chance < 0.3) client.reset();
          else if (chance < 0.6) client.finish();
          else client.close();
        }
      }),
    );
    await Promise.all((['server1', 'server2', 'server3'] as const).map((id) => test.lab.stop(id)));
  }

  it('are the same live, from a snapshot, stepping back, and from a history sent elsewhere', async () => {
    await conversation();
    const { events } = test;
    const asTheyWere = JSON.stringify(events);
    const last = events.length;
    expect(last).toBeGreaterThan(2 * CHECKPOINT_EVERY);
    expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThan(15);

    // One by one: the state that all others are compared with.
    let state = emptyLab(test.lab.epoch, assignment);
    const expected = [hash(state)];
    const states = [state];
    for (const event of events) {
      state = apply(state, event);
      states.push(state);
      expected.push(hash(state));
    }
    expect(state.seq).toBe(last);
    // Nothing that was handed out has been touched since.
    for (let seq = 0; seq <= last; seq++) expect(hash(states[seq]!)).toBe(expected[seq]);

    expect(JSON.stringify(events)).toBe(asTheyWere);

    // Batch by batch, as the lab itself did.
    for (const [seq, hashed] of live) expect(hashed, `live, ${seq}`).toBe(expected[seq]);
    let folded = emptyLab(test.lab.epoch, assignment);
    for (const batch of batches) {
      folded = applyAll(folded, batch);
      expect(hash(folded), `batch, ${folded.seq}`).toBe(expected[folded.seq]);
    }

    // A page that is reloaded mid-way: a snapshot, as JSON, and the later events.
    const middle = Math.floor(last / 2);
    let late = JSON.parse(JSON.stringify(states[middle])) as LabState;
    for (const event of events.slice(middle)) {
      late = apply(late, event);
      expect(hash(late), `from a snapshot, ${late.seq}`).toBe(expected[late.seq]);
    }

    // Walking back from the end, here and where the history was sent to.
    const { history } = test.lab;
    expect([history.first, history.last]).toEqual([0, last]);
    const sent = JSON.stringify({ state: history.base, events: history.events() });
    const received = JSON.parse(sent) as { state: LabState; events: LabEvent[] };
    const elsewhere = new LabHistory(received.state);
    elsewhere.push(received.events);
    // And one that began in the middle of the log.
    const partial = new LabHistory(states[middle]!);
    for (const event of events.slice(middle)) partial.push([event]);
    for (let seq = last; seq >= 0; seq--) {
      expect(hash(history.stateAt(seq)), `back, ${seq}`).toBe(expected[seq]);
      expect(hash(elsewhere.stateAt(seq)), `sent, ${seq}`).toBe(expected[seq]);
      if (seq >= middle) expect(hash(partial.stateAt(seq)), `partial, ${seq}`).toBe(expected[seq]);
    }
    expect(hash(partial.stateAt(0))).toBe(expected[middle]);
  });
});

describe('a history', () => {
  const event = (seq: number): LabEvent => ({
    type: 'connectFailed',
    session: `s${seq}`,
    errno: 'ECONNREFUSED',
    epoch: 'one',
    seq,
    t: seq,
    server: 'server1',
    thread: null,
  });
  const events = (from: number, to: number): LabEvent[] =>
    Array.from({ length: to - from + 1 }, (_, i) => event(from + i));
  const failures = (state: LabState): number => state.servers.server1!.totals.connectFailures;

  it('remembers the last events, and the state after each', () => {
    const history = new LabHistory(emptyLab('one', assignment));
    expect([history.first, history.last]).toEqual([0, 0]);
    expect(history.events()).toEqual([]);
    for (let seq = 1; seq < 30_000;) {
      const size = [1, 7, CHECKPOINT_EVERY, 1000, 255][seq % 5]!;
      history.push(events(seq, seq + size - 1));
      seq += size;
      const { first, last } = history;
      expect(last).toBe(seq - 1);
      expect(last - first).toBeGreaterThanOrEqual(Math.min(last, EVENTS_REMEMBERED));
      expect(last - first).toBeLessThan(EVENTS_REMEMBERED + CHECKPOINT_EVERY);
    }
    const { first, last } = history;
    expect(first).toBeGreaterThan(CHECKPOINT_EVERY);
    expect(history.base.seq).toBe(first);
    expect(history.events()).toEqual(events(first + 1, last));
    expect(history.events(last)).toEqual([]);
    expect(history.events(last - 1)).toEqual([event(last)]);
    expect(history.events(first + 300, first + 303)).toEqual(events(first + 301, first + 303));
    expect(history.event(first)).toBeUndefined();
    expect(history.event(last + 1)).toBeUndefined();
    for (const seq of [first + 1, first + CHECKPOINT_EVERY, first + CHECKPOINT_EVERY + 1, last])
      expect(history.event(seq)).toEqual(event(seq));
    for (let seq = first; seq <= last; seq += 97)
      expect([history.stateAt(seq).seq, failures(history.stateAt(seq))]).toEqual([seq, seq]);
    // Outside: the nearest that is known.
    expect(history.stateAt(0).seq).toBe(first);
    expect(history.stateAt(last + 5)).toBe(history.now);
  });

  it('takes no event twice, and none that leaves a gap', () => {
    const history = new LabHistory(emptyLab('one', assignment));
    history.push(events(1, 3));
    history.push([]);
    for (const seq of [3, 5]) expect(() => history.push([event(seq)])).toThrow(RangeError);
    expect(history.last).toBe(3);
  });

  it('forgets more of events that are large: at most 8 MiB as JSON are remembered', () => {
    const history = new LabHistory(emptyLab('one', assignment));
    const read = Array.from({ length: 6000 }, (_, i) => 20 + i);
    const large = (seq: number): LabEvent => {
      const preview = String.fromCharCode(seq % 32).repeat(256);
      const { epoch, t, server, thread } = event(seq);
      const stamp = { epoch, seq, t, server, thread };
      return seq % 3 === 0
        ? {
            type: 'selected',
            own: [],
            read: [...read],
            write: [],
            readable: [20],
            writable: [],
            micros: 1,
            ...stamp,
          }
        : { type: 'received', connection: 1, fd: 20, bytes: 256, preview, ...stamp };
    };
    const bytes = (): number => Buffer.byteLength(JSON.stringify(history.events()));
    let most = 0;
    for (let seq = 1; seq <= 3000;) {
      const batch = Array.from({ length: [1, 1000, 37][seq % 3]! }, (_, i) => large(seq + i));
      history.push(batch);
      seq += batch.length;
      most = Math.max(most, bytes());
      expect(history.base.seq).toBe(history.first);
      expect(history.stateAt(history.first + 1).seq).toBe(history.first + 1);
    }
    expect(most).toBeLessThanOrEqual(HISTORY_BYTES);
    // It is the last ones that are left, as many as fit.
    expect(bytes()).toBeGreaterThan(HISTORY_BYTES * 0.9);
    expect(history.events().at(-1)?.seq).toBe(history.last);
    expect(history.events()[0]).toEqual(large(history.first + 1));
    // One that alone is larger is there all the same.
    const huge = {
      ...large(history.last + 1),
      type: 'crashed',
      error: 'x'.repeat(2 * HISTORY_BYTES),
    };
    history.push([huge as LabEvent]);
    expect(history.event(history.last)).toBe(huge);
    history.push(events(history.last + 1, history.last + 2 * CHECKPOINT_EVERY));
    expect(bytes()).toBeLessThan(HISTORY_BYTES);
  });

  it.each([30, 1000])('keeps its events of %i clients in 8 MiB of memory', (clients) => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const history = new LabHistory(emptyLab('one', assignment));
    let seq = 0;
    // As JSON, because nothing that comes from a thread shares memory with anything else.
    const push = (...facts: object[]): void => {
      const stamped = facts.map((fact) => {
        seq += 1;
        return { ...fact, epoch: 'one', seq, t: 100 * seq, server: 'server3', thread: 1 };
      });
      history.push(JSON.parse(JSON.stringify(stamped)) as LabEvent[]);
    };
    const before = used();
    push({ type: 'threadStarted', tid: 4711, role: 'server' });
    const fds = [20];
    for (let connection = 1; connection <= clients; connection++) {
      const fd = 20 + connection;
      fds.push(fd);
      push({ type: 'accepted', connection, fd, address: '127.0.0.1', port: 30_000 + connection });
    }
    for (let turn = 0; turn < 4000 || turn < clients; turn++) {
      const connection = 1 + ((turn * 7919) % clients);
      const at = { connection, fd: 20 + connection };
      const message = `${turn} * ${turn / 7}`;
      const selected = { read: fds, write: [], readable: [at.fd], writable: [], micros: 31 };
      const reply = `error: ${turn} and some more words, as a longer answer has`;
      push(
        { type: 'selected', ...selected },
        { type: 'received', ...at, bytes: message.length, preview: `${message}\n` },
        { type: 'evaluated', ...at, message, reply, error: true, micros: 17 },
        { type: 'sent', ...at, bytes: reply.length, requested: reply.length, preview: reply },
        { type: 'blocked', call: 'select', in: 'select', read: fds, write: [], timeoutMs: null },
      );
    }
    // A thousand descriptors in two of five events: fewer of them are 8 MiB as JSON.
    const kept = clients < 100 ? EVENTS_REMEMBERED : 3500;
    expect(history.last - history.first).toBeGreaterThanOrEqual(kept);
    expect((used() - before) / 2 ** 20).toBeLessThan(8);
    expect(history.events()).toHaveLength(history.last - history.first);
  });
});
