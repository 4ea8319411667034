// @vitest-environment jsdom

import { cleanup, render } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import SelectProcess from '../src/components/stage/process/SelectProcess.svelte';
import type { Rect } from '../src/view/geometry.ts';
import { baseline, stageType, type Label, type StageType } from '../src/view/stage/label.ts';
import { legendLabel, servedLabels } from '../src/view/stage/process/fd-grid.ts';
import { describeLoop } from '../src/view/stage/process/loop-phase.ts';
import { layoutSelect, textsOf } from '../src/view/stage/process/select-loop.ts';
import { loopThread } from '../src/view/words/watching.ts';
import { ALab } from './a-lab.ts';

afterEach(() => cleanup());

type SelectServer = 'server3' | 'server4';

function labWith(server: SelectServer, clients: number): ALab {
  const lab = new ALab();
  lab.start(server);
  for (let id = 1; id <= clients; id += 1) lab.connect(server, id, 23 + id);
  return lab;
}

function selected(lab: ALab, server: SelectServer, clients: number, readable: number[]): void {
  const read = [20, ...Array.from({ length: clients }, (_, index) => 24 + index)];
  lab.happen(server, 1, {
    type: 'selected',
    own: [],
    read,
    write: [],
    readable,
    writable: [],
    micros: 9,
  });
}

function asks(lab: ALab, server: SelectServer, clients: number): void {
  const read = [20, ...Array.from({ length: clients }, (_, index) => 24 + index)];
  lab.happen(server, 1, {
    type: 'blocked',
    own: [],
    call: 'select',
    in: 'select',
    read,
    write: [],
    timeoutMs: 100,
  });
}

function doing(lab: ALab) {
  const server3 = lab.lab.servers.server3!;
  return describeLoop(server3, loopThread(server3));
}

describe('describeLoop', () => {
  it('follows the log through one turn', () => {
    const lab = labWith('server3', 2);
    asks(lab, 'server3', 2);
    expect(doing(lab)).toMatchObject({
      phase: 'select',
      blocked: true,
      words: 'blocked in select(), 3 descriptors, at most 100 ms',
    });
    selected(lab, 'server3', 2, [20, 24]);
    expect(doing(lab)).toMatchObject({
      phase: 'select',
      blocked: false,
      detail: 'returned 2 ready',
    });
    lab.connect('server3', 3, 26);
    expect(doing(lab)).toMatchObject({ phase: 'accept', call: 'accept()', fd: 26 });
    lab.happen('server3', 1, {
      type: 'received',
      connection: 1,
      fd: 24,
      bytes: 8,
      preview: '22 + 44\n',
    });
    expect(doing(lab)).toMatchObject({ phase: 'recv', fd: 24, detail: '22 + 44\\n' });
    lab.happen('server3', 1, { type: 'evaluating', connection: 1, fd: 24, message: '22 + 44' });
    expect(doing(lab)).toMatchObject({
      phase: 'calculate',
      words: 'calculating for A (fd 24), 22 + 44',
    });
    lab.say('server3', 1, 24, '22 + 44', '66');
    expect(doing(lab)).toMatchObject({ phase: 'send', call: 'send()', fd: 24, detail: '66\\n' });
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
        received: 8,
        sent: 3,
      },
    );
    expect(doing(lab)).toMatchObject({ phase: 'close', call: 'close()', fd: 24 });
    lab.happen('server3', 1, { type: 'summed', waited: 0, micros: 9, turns: 80, connections: [] });
    expect(doing(lab)).toMatchObject({ phase: 'turns', fd: null });
  });

  it('tells where it turns somebody away, and where it stops listening', () => {
    const lab = labWith('server3', 1);
    lab.happen('server3', 1, {
      type: 'refused',
      sent: 10,
      connection: 1,
      fd: 24,
      reason: 'error: no descriptor left',
    });
    expect(doing(lab)).toMatchObject({
      phase: 'accept',
      call: 'accept()',
      detail: 'error: no descriptor left',
    });
    lab.happen('server3', 1, { type: 'listenerClosed', fd: 20 });
    expect(doing(lab)).toMatchObject({ phase: 'close', call: 'close()', detail: 'the listener' });
  });

  it('says why there is no thread', () => {
    expect(doing(new ALab())).toMatchObject({ call: 'no thread', detail: 'the server is stopped' });
  });
});

/** Boxes of the process at 1280 × 720 with the code and without it, at 1920 × 1080. */
const places: [Rect, number, boolean][] = [
  [{ x: 550, y: 8, width: 330, height: 370 }, 16, false],
  [{ x: 736, y: 8, width: 520, height: 370 }, 16, false],
  [{ x: 1000, y: 8, width: 800, height: 600 }, 22, false],
  [{ x: 736, y: 8, width: 520, height: 370 }, 16, true],
  [{ x: 550, y: 8, width: 330, height: 370 }, 16, true],
  [{ x: 1000, y: 8, width: 800, height: 600 }, 22, true],
  [{ x: 790, y: 37, width: 460, height: 430 }, 26.4, true],
];

function typeOf({ width, height }: Rect, unit: number, projector: boolean): StageType {
  return stageType({ width, height, unit, projector });
}

function situations(id: SelectServer, clients: number): ServerState[] {
  const lab = labWith(id, clients);
  const states = [lab.lab.servers[id]!];
  const step = (): void => void states.push(lab.lab.servers[id]!);
  asks(lab, id, clients);
  step();
  const ready = Array.from({ length: clients }, (_, index) => 24 + index).filter(
    (fd) => fd % 3 === 0 || fd < 30 || fd > 1000,
  );
  selected(lab, id, clients, [20, ...ready]);
  step();
  lab.connect(id, clients + 1, 24 + clients);
  step();
  const message = '123456789 * 987654321 + 5';
  lab.happen(id, 1, {
    type: 'received',
    connection: 1,
    fd: 24,
    bytes: 26,
    preview: `${message}\n`,
  });
  if (id === 'server3') {
    lab.happen(id, 1, { type: 'evaluating', connection: 1, fd: 24, message });
  } else {
    lab.happen(id, 1, { type: 'received', connection: 1, fd: 24, bytes: 65_536, preview: message });
    step();
    lab.happen(id, 1, {
      type: 'sent',
      connection: 1,
      fd: 24,
      bytes: 30_000,
      requested: 65_562,
      preview: message,
    });
  }
  step();
  lab.happen(id, 1, { type: 'summed', waited: 0, micros: 9, turns: 123_456, connections: [] });
  step();
  asks(lab, id, clients);
  step();
  return states;
}

describe('layoutSelect', () => {
  for (const id of ['server3', 'server4'] as const) {
    for (const clients of [1, 3, 8, 12, 24, 40, 200, 1000]) {
      it(`${id}: ${clients} clients; no two texts overlap, all lie inside`, () => {
        for (const server of [...situations(id, clients), new ALab().lab.servers[id]!]) {
          for (const [rect, unit, projector] of places) {
            const type = typeOf(rect, unit, projector);
            const picture = layoutSelect(server, rect, type, projector);
            const last = servedLabels(picture.grid, 1_240_000);
            const legend = legendLabel(picture.grid, 3_400_000);
            const texts = [...textsOf(picture), ...last, ...(legend ? [legend] : [])];
            const where = `in ${rect.width} × ${rect.height}${projector ? ', projector' : ''}`;
            expect(Math.min(...texts.map(({ size }) => size)), where).toBeGreaterThanOrEqual(
              projector ? 24 : 12,
            );
            expect(faults(texts, rect), where).toEqual([]);
          }
        }
      });
    }
  }
});

function faults(texts: readonly Label[], around: Rect): string[] {
  return texts.flatMap((one, index) => [
    ...(within(letters(one), around) ? [] : [`${one.text} is outside`]),
    ...texts
      .slice(index + 1)
      .filter((other) => overlap(letters(one), letters(other)))
      .map(({ text }) => `${one.text} | ${text}`),
  ]);
}

/** The letters of both fonts reach so far over and under the baseline; a label's box is a line's. */
function letters(label: Label): Rect {
  const { x, width, size } = label;
  return { x, y: baseline(label) - 0.78 * size, width, height: size };
}

function within(inner: Rect, outer: Rect): boolean {
  return (
    inner.x > outer.x - 0.5 &&
    inner.y > outer.y - 0.5 &&
    inner.x + inner.width < outer.x + outer.width + 0.5 &&
    inner.y + inner.height < outer.y + outer.height + 0.5
  );
}

/** Boxes are the most that a text may take: a pixel of two may meet. */
function overlap(a: Rect, b: Rect): boolean {
  return (
    a.x + a.width > b.x + 1 &&
    b.x + b.width > a.x + 1 &&
    a.y + a.height > b.y + 1 &&
    b.y + b.height > a.y + 1
  );
}

describe('SelectProcess', () => {
  const [rect, unit, projector] = places[0]!;
  const type = typeOf(rect, unit, projector);
  const drawn = (server: ServerState, now: number) =>
    render(SelectProcess, { picture: layoutSelect(server, rect, type, projector), now }).container;
  const label = (element: Element | null): string | null =>
    element?.getAttribute('aria-label') ?? null;

  it('says in words what each descriptor is, who waits and for how long', () => {
    const lab = labWith('server3', 3);
    selected(lab, 'server3', 3, [24, 26]);
    lab.happen(
      'server3',
      1,
      { type: 'received', connection: 1, fd: 24, bytes: 4, preview: '1+1\n' },
      { type: 'evaluating', connection: 1, fd: 24, message: '1+1' },
    );
    const since = lab.lab.servers.server3!.threads[1]!.lastSelect!.t;
    const view = drawn(lab.lab.servers.server3!, since + 1_200_000);
    const list = view.querySelector('[aria-label="Descriptors that select() watches"]');
    expect([...list!.querySelectorAll('[role=listitem]')].map(label)).toEqual([
      'fd 20, the listener: watched, not ready',
      'A, fd 24, yellow square: watched, returned readable, being served',
      'B, fd 25, black diamond: watched, not ready',
      'C, fd 26, blue star: watched, returned readable, waits for the thread, for 1.2 s',
    ]);
    const phase = view.querySelector('[data-lit=true]');
    expect(phase?.getAttribute('data-phase')).toBe('calculate');
    expect(label(view.querySelector('[data-term="loop turn"]'))).toBe(
      'Phase of the loop: calculate: calculating for A (fd 24), 1+1. 1 turn',
    );
  });

  it('draws server 4 with the bytes of its stream', () => {
    const lab = labWith('server4', 1);
    lab.happen('server4', 1, {
      type: 'received',
      connection: 1,
      fd: 24,
      bytes: 3,
      preview: 'hi\n',
    });
    const view = drawn(lab.lab.servers.server4!, lab.t);
    expect(view.querySelectorAll('[data-offset]')).toHaveLength(3);
    expect(view.querySelectorAll('[data-bracket=waits]')).toHaveLength(1);
    expect(view.querySelector('[data-phase=calculate]')).toBeNull();
  });

  it('draws few elements for a thousand descriptors', () => {
    const lab = labWith('server3', 1000);
    selected(lab, 'server3', 1000, [24, 25, 1000]);
    const view = drawn(lab.lab.servers.server3!, lab.t);
    expect(view.querySelectorAll('*').length).toBeLessThan(200);
  });
});
