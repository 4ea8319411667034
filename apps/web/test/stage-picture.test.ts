// @vitest-environment jsdom

import { cleanup, render, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import Shape from '../src/components/Shape.svelte';
import StagePicture from '../src/components/stage/StagePicture.svelte';
import StageShape from '../src/components/stage/StageShape.svelte';
import { connectionIdentity } from '../src/view/identity.ts';
import { clientRows } from '../src/view/panel/client-rows.ts';
import { stageLayout } from '../src/view/stage/layout.ts';
import { processInside, withSelectAnchors } from '../src/view/stage/process/select-anchors.ts';
import { layoutSelect } from '../src/view/stage/process/select-loop.ts';
import { explain } from '../src/view/words/glossary.ts';
import { aStage } from './a-stage.ts';

afterEach(cleanup);

const size = { width: 1256, height: 410, unit: 16, projector: false };

function propsOf({ lab, server }: Pick<ReturnType<typeof aStage>, 'lab' | 'server'>) {
  const rows = clientRows(server, [], lab.t);
  return { server, rows, size, now: lab.t, highlighted: null };
}

const itemsOf = (name: string): HTMLElement[] =>
  within(screen.getByRole('list', { name })).getAllByRole('listitem');

const namesOf = (name: string): (string | null)[] =>
  itemsOf(name).map((item) => item.getAttribute('aria-label'));

describe('StagePicture', () => {
  it('lists clients, connections and threads for those who hear it', () => {
    render(StagePicture, propsOf(aStage('server2', 2)));
    expect(namesOf('Clients on the stage')).toEqual([
      expect.stringContaining('external client 127.0.0.1:53001, fd 24; 22 + 1 → 23'),
      expect.stringContaining('external client 127.0.0.1:53002, fd 25; 22 + 2 → 24'),
    ]);
    expect(namesOf('Connections in the kernel')).toEqual([
      'fd 24, client :53001: ESTABLISHED; receive queue 0, send queue 0',
      'fd 25, client :53002: ESTABLISHED; receive queue 0, send queue 0',
    ]);
    expect(namesOf('Threads')).toHaveLength(3);
    const listener = screen.getByRole('group', { name: /accept queue: 0 of 511/ });
    expect(listener.querySelectorAll('[data-slot]').length).toBeGreaterThan(2);
  });

  it.each(['server1', 'server2', 'server3', 'server4'] as const)(
    'draws %s without a client: listener and thread, no list without an entry',
    (id) => {
      render(StagePicture, propsOf(aStage(id, 0)));
      expect(screen.getByRole('group', { name: /LISTEN on port 500/ })).toBeTruthy();
      expect(screen.queryByRole('list', { name: 'Clients on the stage' })).toBeNull();
      expect(screen.getByText('SERVER PROCESS')).toBeTruthy();
    },
  );

  it('keeps the nodes of those who stay when somebody comes and is turned away', async () => {
    const stage = aStage('server1', 1);
    const { rerender } = render(StagePicture, propsOf(stage));
    const [before] = itemsOf('Clients on the stage');
    stage.lab.turnAway('server1', 2, 25);
    const server = stage.lab.lab.servers.server1!;
    await rerender(propsOf({ ...stage, server }));
    const after = itemsOf('Clients on the stage');
    expect(after).toHaveLength(2);
    expect(after[0]).toBe(before);
    expect(after[1]?.dataset['place']).toBe('refused');
    expect(screen.getByRole('group', { name: 'turned away at the door' })).toBeTruthy();
  });

  it('keeps the node of a client that moves up when one before it leaves', async () => {
    const stage = aStage('server2', 2);
    const { rerender } = render(StagePicture, propsOf(stage));
    const [first, second] = itemsOf('Clients on the stage');
    const closed = {
      type: 'closed',
      drained: 0,
      how: 'fin',
      errno: null,
      received: 7,
      sent: 3,
    } as const;
    stage.lab.happen('server2', 11, { ...closed, connection: 1, fd: 24 });
    await rerender(propsOf({ ...stage, server: stage.lab.lab.servers.server2! }));
    expect(itemsOf('Clients on the stage')).toEqual([second, first]);
    expect(itemsOf('Clients on the stage')[0]).toBe(second);
  });

  it('needs few nodes for a thousand clients', () => {
    const { container } = render(StagePicture, propsOf(aStage('server2', 1000)));
    expect(container.querySelectorAll('*').length).toBeLessThan(500);
    expect(screen.getByRole('group', { name: /more clients/ }).textContent).toContain('more');
  });

  it('counts those that are not drawn beside the drawn ones, in both bands', () => {
    render(StagePicture, propsOf(aStage('server2', 60, 'unsampled')));
    const clients = screen.getByRole('group', { name: /^\d+ more clients$/ });
    expect(clients.querySelector('rect')).toBeTruthy();
    const kernel = screen.getByRole('group', { name: 'The other connections in the kernel' });
    const folded = Number.parseInt(clients.getAttribute('aria-label') ?? '', 10);
    expect(kernel.textContent).toBe(`${folded} not sampled yet`);
  });

  it('sends what goes to a descriptor of select() to its column', () => {
    const { server, lab } = aStage('server3', 2);
    const bands = stageLayout(server, clientRows(server, [], lab.t), size);
    const view = layoutSelect(server, processInside(bands), bands.type, false);
    const { grid } = view;
    const { anchors } = withSelectAnchors(bands, view);
    for (const { connection, fd } of bands.rows) {
      const column = grid.columns.find((each) => each.fd === fd);
      expect(column).toBeDefined();
      const anchor = anchors.get(connection ?? -1);
      expect(anchor?.process).toEqual({ x: column?.x, y: grid.top });
      expect(anchor?.client).toEqual(bands.anchors.get(connection ?? -1)?.client);
    }
  });

  it('draws an identity on the stage as it is drawn beside it', () => {
    const { server } = aStage('server2', 1);
    const identity = connectionIdentity(server.id, 1);
    const place = { x: 30, y: 40, size: 12 };
    for (const who of [identity, null]) {
      const beside = render(Shape, { identity: who, pale: true }).container;
      const inside = render(StageShape, { identity: who, place, pale: true }).container;
      const drawn = beside.querySelector('path, circle')?.outerHTML;
      expect(drawn).toMatch(who ? /class="[^"]*\bpale\b/ : /^<circle/);
      expect(inside.querySelector('path, circle')?.outerHTML).toBe(drawn);
      cleanup();
    }
  });

  it('points at the thread whose event is pointed at', () => {
    const stage = aStage('server2', 2);
    const seq = Object.values(stage.server.threads).find(({ connection }) => connection === 2)?.last
      ?.seq;
    expect(seq).toBeDefined();
    const { container } = render(StagePicture, { ...propsOf(stage), highlighted: seq ?? null });
    const pointed = container.querySelector('.pointed')?.closest('[data-seq]');
    expect(pointed?.getAttribute('data-seq')).toBe(String(seq));
    expect(pointed?.getAttribute('aria-label')).toContain('recv() on fd 25');
  });

  it('explains every term that it marks, and marks the explained ones', () => {
    const situations = [
      ['server1', 0, ''],
      ['server1', 1, 'refused2 slow'],
      ['server1', 1, 'queue waiting'],
      ['server1', 1, 'refuse'],
      ['server1', 1, 'unobservable'],
      ['server2', 3, 'slow spare reset unsampled'],
      ['server2', 60, 'waiting'],
      ['server2', 60, 'unsampled'],
      ['server3', 3, 'slow'],
      ['server3', 40, ''],
      ['server4', 3, ''],
    ] as const;
    const terms = new Map<string, boolean>();
    for (const [id, clients, more] of situations) {
      const stage = aStage(id, clients, more);
      if (more === 'refuse') stage.lab.happen(id, 1, { type: 'listenerClosed', fd: 20 });
      const server = stage.lab.lab.servers[id]!;
      for (const projector of [false, true]) {
        const { container } = render(StagePicture, {
          ...propsOf({ ...stage, server }),
          size: { ...size, height: 600, projector, unit: projector ? 26.4 : 16 },
        });
        for (const carrier of container.querySelectorAll('[data-term]')) {
          const term = carrier.getAttribute('data-term') ?? '';
          const isMarked = carrier.tagName !== 'text' || carrier.classList.contains('explained');
          terms.set(term, (terms.get(term) ?? true) && isMarked);
        }
        cleanup();
      }
    }
    expect(terms.size).toBeGreaterThan(30);
    expect([...terms.keys()].filter((term) => explain(term) === undefined)).toEqual([]);
    expect([...terms].filter(([, isMarked]) => !isMarked)).toEqual([]);
    // One or two short sentences each.
    const long = [...terms.keys()].filter((term) => (explain(term) ?? '').length > 240);
    expect(long).toEqual([]);
  }, 30_000);

  it('has no style attribute: the page’s policy forbids them', () => {
    const { container } = render(StagePicture, propsOf(aStage('server1', 1, 'refused waiting')));
    expect(container.querySelectorAll('svg [style]')).toHaveLength(0);
  });
});
