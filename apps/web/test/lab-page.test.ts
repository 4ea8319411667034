// @vitest-environment jsdom

import { cleanup, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import TimeControls from '../src/components/TimeControls.svelte';
import TopBar from '../src/components/TopBar.svelte';
import { ALab } from './a-lab.ts';
import { renderInPage } from './a-page.ts';
import { ASocket } from './a-socket.ts';

beforeEach(() => history.replaceState(null, '', '/'));
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  history.replaceState(null, '', '/');
});

function topBar(url: string) {
  history.replaceState(null, '', url);
  const lab = new ALab();
  lab.start('server3');
  return renderInPage(TopBar, { onkeys: vi.fn() }, lab.lab).page;
}

describe('LabPage', () => {
  it('shows the server that the URL names, and the keys mean it', async () => {
    const page = topBar('/?server=3');
    await tick();
    expect(page.server?.status).toBe('listening');
    expect(page.focus.server).toBe('server3');
    expect(screen.getByRole('button', { current: 'page' }).textContent).toContain('3');
  });

  it('is the wall where the URL names a server that has not joined', async () => {
    const page = topBar('/?server=9');
    await tick();
    expect(page.server).toBeNull();
    expect(location.search).toBe('');
  });

  it('opens a stage, and goes back to the wall', async () => {
    const page = topBar('/');
    await page.open('server3');
    expect([page.server?.id, location.search]).toEqual(['server3', '?server=3']);
    await page.open(null);
    expect([page.server, page.focus.server, location.search]).toEqual([null, 'server3', '']);
  });

  it('lets somebody speak who can: the chosen client, else another one, else a new one', async () => {
    vi.stubGlobal('WebSocket', ASocket);
    const page = topBar('/?server=3');
    await tick();
    const joined = page.lab.servers.server3!;
    const first = page.clients.add(joined)!;
    const second = page.clients.add(joined)!;
    ASocket.last.text({ type: 'ended', how: 'fin', errno: null });
    await page.speak('server3');
    expect(page.clients.chosenOf('server3')).toBe(first);
    expect(second.phase).toBe('ended');
    ASocket.opened.at(-2)?.text({ type: 'ended', how: 'fin', errno: null });
    await page.speak('server3');
    expect(page.clients.of('server3')).toHaveLength(3);
    expect(page.clients.chosenOf('server3')?.phase).toBe('connecting');
  });

  it('closes the search with the stage that it was in', async () => {
    const page = topBar('/?server=3');
    await tick();
    page.find();
    expect(page.finding).toBe(true);
    await page.open(null);
    expect(page.finding).toBe(false);
  });

  it('is slow when the URL asks for it, until it is frozen', async () => {
    const page = topBar('/?speed=500');
    await tick();
    expect(page.playback.mode).toBe('slow');
    page.freeze();
    await tick();
    expect([page.playback.mode, location.search]).toEqual(['held', '']);
    page.freeze();
    expect(page.playback.mode).toBe('live');
  });

  it('says that the lab was restarted until something happens in the new run', async () => {
    const page = topBar('/');
    await tick();
    expect(page.moment?.sentence).toBe('Server 3 listens: clients can connect');
    const lab = new ALab();
    lab.start('server3');
    const renewed = { ...lab.lab, epoch: 'epoch-2' };
    ASocket.last.text({ type: 'snapshot', state: renewed });
    await tick();
    expect(page.moment?.sentence).toBe('The lab was restarted; this is a new run');
    lab.connect('server3', 1, 24);
    const events = lab.events.slice(-2).map((event) => ({ ...event, epoch: 'epoch-2' }));
    ASocket.last.text({ type: 'events', events });
    await vi.waitFor(() => expect(page.moment?.sentence).toBe('A is connected'));
  });

  it('keeps the sentence before a sample that tells nothing', async () => {
    const page = topBar('/');
    await tick();
    const lab = new ALab();
    lab.start('server3');
    lab.events.length = 0;
    lab.connect('server3', 1, 24);
    lab.happen('server3', null, {
      ...{ type: 'sampled', acceptQueue: 0, waiting: [], timeWait: 1, connections: [] },
    });
    ASocket.last.text({ type: 'events', events: lab.events });
    await vi.waitFor(() => expect(page.lab.seq).toBe(lab.lab.seq));
    page.playback.seek(lab.lab.seq);
    expect(page.moment?.sentence).toBe('A is an external program');
    page.playback.step(-1);
    expect(page.moment?.sentence).toBe('A is an external program');
    page.playback.step(-1);
    expect(page.moment?.sentence).toBe('A is connected');
  });

  it('reads out an answer to a client of its own, with its name, and of which server', async () => {
    const page = topBar('/?server=3');
    await tick();
    await page.addClient('server3');
    const socket = ASocket.last;
    socket.text({
      ...{ type: 'connected', session: 'mine' },
      localAddress: '::1',
      localPort: 4711,
    });
    socket.bytes('66\n');
    expect(page.announcer.told.words).toBe('your client 4711: 66');
    await page.open(null);
    socket.bytes('1024\n');
    await vi.waitFor(
      () => expect(page.announcer.told.words).toBe('Server 3, your client 4711: 1024'),
      2_000,
    );
  });

  it('is what a component without one says that it needs', () => {
    expect(() => render(TimeControls)).toThrow('setLabPage');
  });
});
