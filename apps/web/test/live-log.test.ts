import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { assignment } from '@sockscope/tcp-core/designs/all';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { LiveLog } from '../src/log/live-log.svelte.ts';
import { stubFrames } from './a-browser.ts';
import { ALab, EPOCH } from './a-lab.ts';
import { ASocket } from './a-socket.ts';

let log: LiveLog;
let heard: LabEvent[];
let lab: ALab;

beforeEach(() => {
  vi.useFakeTimers();
  stubFrames();
  ASocket.opened.length = 0;
  lab = new ALab();
  heard = [];
  log = new LiveLog(ASocket.open);
  log.onEvents((events) => heard.push(...events));
});

afterEach(() => {
  log.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const frame = (): void => void vi.advanceTimersByTime(20);
const snapshot = (): void => ASocket.last.text({ type: 'snapshot', state: lab.lab });
const events = (...batch: LabEvent[]): void => ASocket.last.text({ type: 'events', events: batch });
const wait = (): LabEvent[] =>
  lab.happen('server1', 1, { type: 'accepted', connection: 1, fd: 9, address: '::1', port: 1 });

describe('LiveLog', () => {
  it('is live with the first snapshot', () => {
    expect(log.status).toBe('connecting');
    snapshot();
    expect(log.status).toBe('live');
    expect(log.lab?.epoch).toBe(EPOCH);
  });

  it('applies all batches of a frame at once, as the reducer does', () => {
    snapshot();
    events(...wait());
    events(...wait(), ...wait());
    expect(log.lab?.seq).toBe(0);
    frame();
    expect(log.lab).toEqual(lab.lab);
    expect(heard.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('resumes after the last event when the connection is lost, and doubles none', () => {
    snapshot();
    const first = wait();
    events(...first);
    ASocket.last.close();
    expect(log.status).toBe('reconnecting');
    vi.advanceTimersByTime(250);
    expect(ASocket.opened).toHaveLength(2);
    expect(ASocket.last.path).toBe(`/ws/lab?epoch=${EPOCH}&since=1`);
    events(...first, ...wait());
    frame();
    expect(log.status).toBe('live');
    expect(heard.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('waits longer after each failure, at most five seconds', () => {
    const delays: number[] = [];
    for (let failure = 0; failure < 7; failure += 1) {
      const before = Date.now();
      const { length } = ASocket.opened;
      ASocket.last.close();
      while (ASocket.opened.length === length) vi.advanceTimersByTime(50);
      delays.push(Date.now() - before);
    }
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
  });

  it('starts anew with the snapshot of another epoch', () => {
    snapshot();
    events(...wait());
    frame();
    ASocket.last.close();
    vi.advanceTimersByTime(250);
    ASocket.last.text({ type: 'snapshot', state: emptyLab('epoch-2', assignment) });
    expect(log.lab).toEqual(emptyLab('epoch-2', assignment));
    // What was under way from the old gateway has no place in it.
    events(...wait());
    frame();
    expect(log.lab?.seq).toBe(0);
  });

  it('asks again when something is missing, instead of showing a state that never was', () => {
    snapshot();
    wait();
    events(...wait());
    frame();
    expect(log.lab?.seq).toBe(0);
    vi.advanceTimersByTime(250);
    expect(ASocket.last.path).toBe(`/ws/lab?epoch=${EPOCH}&since=0`);
  });

  it('goes on in a hidden tab, where there are no frames', () => {
    vi.stubGlobal('requestAnimationFrame', () => 1);
    snapshot();
    events(...wait());
    vi.advanceTimersByTime(250);
    expect(log.lab?.seq).toBe(1);
  });

  it('does not let events pile up where neither frames nor timers come', () => {
    vi.stubGlobal('requestAnimationFrame', () => 1);
    snapshot();
    for (let i = 0; i < 5000; i += 1) events(...wait());
    expect(log.lab?.seq).toBe(5000);
  });

  it('asks for the past again when the answer was written before this page came', async () => {
    vi.useRealTimers();
    const before = lab.lab;
    wait();
    const old = lab.events.slice();
    wait();
    const asked = vi
      .fn(() => Promise.resolve({ type: 'history' as const, state: before, events: lab.events }))
      .mockResolvedValueOnce({ type: 'history', state: before, events: old });
    log.close();
    log = new LiveLog(ASocket.open, asked);
    snapshot();
    await log.loadPast();
    expect(asked).toHaveBeenCalledTimes(2);
    expect(log.history?.first).toBe(0);
    expect(log.history?.now).toEqual(log.lab);
  });

  it('fetches what was before it came, once somebody wants it', async () => {
    vi.useRealTimers();
    const before = lab.lab;
    wait();
    wait();
    const asked = vi.fn(() =>
      // The gateway answers a moment later: one event more than this page has.
      Promise.resolve({ type: 'history' as const, state: before, events: lab.events }),
    );
    log.close();
    log = new LiveLog(ASocket.open, asked);
    snapshot();
    wait();
    await log.loadPast();
    await log.loadPast();
    expect(asked).toHaveBeenCalledOnce();
    expect(log.history?.first).toBe(0);
    expect(log.history?.last).toBe(2);
    expect(log.history?.now).toEqual(log.lab);
    events(...lab.events.slice(-1));
    await vi.waitFor(() => expect(log.history?.last).toBe(3));
    expect(log.history?.stateAt(0)).toEqual(before);
  });
});
