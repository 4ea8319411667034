import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { LiveLog } from '../src/log/live-log.svelte.ts';
import { Playback } from '../src/log/playback.svelte.ts';
import { stubFrames } from './a-browser.ts';
import { ALab } from './a-lab.ts';
import { ASocket } from './a-socket.ts';

let lab: ALab;
let log: LiveLog;
let playback: Playback;
let shown: number[];

beforeEach(() => {
  vi.useFakeTimers();
  stubFrames();
  ASocket.opened.length = 0;
  lab = new ALab();
  log = new LiveLog(ASocket.open, () => Promise.reject(new Error('no past')));
  playback = new Playback(log);
  shown = [];
  playback.onShown((events) => shown.push(...events.map(({ seq }) => seq)));
  ASocket.last.text({ type: 'snapshot', state: lab.lab });
  happen(() => lab.start('server3'));
});

afterEach(() => {
  playback.close();
  log.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Lets things happen in the lab, and the page hear of them. */
function happen(what: () => void): void {
  const before = lab.events.length;
  what();
  const events: LabEvent[] = lab.events.slice(before);
  ASocket.last.text({ type: 'events', events });
  vi.advanceTimersByTime(20);
}

const talk = (): void =>
  happen(() => {
    lab.connect('server3', 1, 24);
    lab.say('server3', 1, 24, '22 + 44', '66');
  });

describe('Playback', () => {
  it('shows the present, and every event once', () => {
    talk();
    expect(playback.lab).toEqual(lab.lab);
    expect(shown).toEqual(lab.events.map(({ seq }) => seq));
  });

  it('goes back by the time that is asked, also where nothing happened then', () => {
    talk();
    happen(() => {
      lab.t += 30_000_000;
      lab.connect('server3', 2, 25);
    });
    const end = lab.t;
    playback.seekTime(end - 10_000_000);
    expect(playback.t).toBe(end - 10_000_000);
    playback.seekTime(playback.t - 10_000_000);
    expect(playback.t).toBe(end - 20_000_000);
    expect(playback.lab?.servers.server3?.totals.accepted).toBe(1);
    playback.step(-1);
    expect(playback.t).toBe(playback.lab?.t);
  });

  it('holds the picture while the lab goes on, and counts what it is behind', () => {
    const held = lab.lab;
    playback.hold();
    talk();
    expect(playback.lab).toEqual(held);
    expect(playback.behind).toBe(5);
    playback.live();
    expect(playback.lab).toEqual(lab.lab);
    expect(playback.behind).toBe(0);
  });

  it('steps back to exactly the state before, and forth again', () => {
    const states = [lab.lab];
    for (let i = 0; i < 4; i += 1) {
      happen(() => lab.say('server3', 1, 24, `${i}`, `${i}`));
      states.push(lab.lab);
    }
    for (const before of states.toReversed().slice(1)) {
      for (let event = 0; event < 3; event += 1) playback.step(-1);
      expect(playback.lab).toEqual(before);
    }
    for (let event = 0; event < 12; event += 1) playback.step(1);
    expect(playback.lab).toEqual(lab.lab);
    playback.step(1);
    expect(playback.seq, 'there is no event after the newest').toBe(lab.lab.seq);
  });

  it('tells what a step forth shows, so that it can be drawn in motion', () => {
    talk();
    playback.seek(lab.lab.seq - 2);
    shown.length = 0;
    playback.step(1);
    expect(shown).toEqual([lab.lab.seq - 1]);
    expect(playback.event?.type).toBe('evaluated');
  });

  it('steps over the other servers while one is on the stage', () => {
    playback.follow('server3');
    happen(() => lab.start('server4'));
    talk();
    const [first] = lab.events.filter(({ type }) => type === 'accepted');
    playback.seek(first?.seq ?? 0);
    playback.step(-1);
    expect(playback.event?.server).toBe('server3');
    expect(playback.event?.type).toBe('blocked');
  });

  it('goes from one return of select to the next', () => {
    const select = (): void => {
      lab.happen('server3', 1, {
        type: 'selected',
        own: [],
        read: [20],
        write: [],
        readable: [20],
        writable: [],
        micros: 5,
      });
    };
    happen(select);
    talk();
    happen(select);
    talk();
    playback.stepTurn(-1);
    expect(playback.event?.type).toBe('selected');
    const later = playback.seq;
    playback.stepTurn(-1);
    expect(playback.event?.type).toBe('selected');
    expect(playback.seq).toBeLessThan(later);
    playback.stepTurn(1);
    expect(playback.seq).toBe(later);
  });

  it('shows each event for the same time in slow motion, however fast they came', () => {
    playback.slow(200);
    shown.length = 0;
    talk();
    expect(playback.behind).toBe(5);
    const start = shown.length;
    vi.advanceTimersByTime(180);
    expect(shown.length - start).toBe(1);
    vi.advanceTimersByTime(600);
    expect(shown.length - start).toBe(4);
    expect(playback.behind).toBe(1);
    vi.advanceTimersByTime(400);
    expect(playback.lab).toEqual(lab.lab);
    expect(shown).toEqual([...new Set(shown)].sort((a, b) => a - b));
  });

  it('keeps the picture of an earlier run when the gateway was started anew, until told otherwise', () => {
    talk();
    playback.hold();
    const held = playback.lab;
    ASocket.last.text({ type: 'snapshot', state: { ...new ALab().lab, epoch: 'epoch-2' } });
    expect(playback.isEarlierRun).toBe(true);
    expect(playback.lab).toBe(held);
    playback.step(-1);
    expect(playback.lab?.epoch).toBe(held?.epoch);
    expect(playback.event?.type).toBe('evaluated');
    playback.live();
    expect(playback.lab?.epoch).toBe('epoch-2');
  });

  it('keeps the picture, however much happens meanwhile', () => {
    talk();
    playback.hold();
    const held = playback.lab;
    for (let i = 0; i < 40; i += 1)
      happen(() => {
        for (let j = 0; j < 100; j += 1) lab.say('server3', 1, 24, '1', '1');
      });
    expect(playback.mode).toBe('held');
    expect(playback.lab).toBe(held);
    expect(playback.behind).toBe(12_000);
    playback.step(1);
    expect(playback.seq).toBeGreaterThan(held?.seq ?? 0);
  });

  it('holds at the last event of the server on the stage', () => {
    playback.follow('server3');
    talk();
    const last = lab.lab.seq;
    happen(() => lab.start('server4'));
    playback.hold();
    expect(playback.seq).toBe(last);
  });

  it('ends slow motion when another run of the lab begins', () => {
    playback.slow();
    ASocket.last.text({ type: 'snapshot', state: { ...new ALab().lab, epoch: 'epoch-2' } });
    const [event] = lab.events.slice(-1);
    ASocket.last.text({ type: 'events', events: [{ ...event, epoch: 'epoch-2', seq: 1 }] });
    vi.advanceTimersByTime(20);
    expect(playback.mode).toBe('live');
    expect(playback.lab?.epoch).toBe('epoch-2');
  });
});
