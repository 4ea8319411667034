// @vitest-environment jsdom

import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { defaultSettings } from '@sockscope/tcp-core/trace/settings';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import AskAll from '../src/components/AskAll.svelte';
import MomentLine from '../src/components/MomentLine.svelte';
import ServerControls from '../src/components/panel/ServerControls.svelte';
import RestartAll from '../src/components/RestartAll.svelte';
import { stubResizeObserver } from './a-browser.ts';
import { ALab } from './a-lab.ts';
import { renderInPage } from './a-page.ts';
import { ASocket } from './a-socket.ts';

beforeEach(() => {
  ASocket.opened.length = 0;
  stubResizeObserver();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** What a client of the page sent. */
function sentBy({ sent }: ASocket): string[] {
  return sent.map((data) => new TextDecoder().decode(data as Uint8Array<ArrayBuffer>));
}

const connected = { type: 'connected', localAddress: '127.0.0.1', localPort: 53_001 };

describe('AskAll', () => {
  it('sends one message to every server, from a client that it connects where there is none', async () => {
    const lab = new ALab();
    const { clients } = renderInPage(AskAll, {}, lab.lab).page;
    const own = clients.add(lab.lab.servers.server2!);
    const there = ASocket.last;
    there.text(connected);
    await tick();
    expect(own?.canSend).toBe(true);

    const before = ASocket.opened.length;
    await fireEvent.input(screen.getByRole('textbox'), { target: { value: '7/2' } });
    await fireEvent.submit(screen.getByRole('textbox').closest('form')!);
    expect(sentBy(there)).toEqual(['7/2\n']);
    const made = ASocket.opened.slice(before);
    expect(made.map(({ path }) => path)).toEqual([
      '/ws/client/server1',
      '/ws/client/server3',
      '/ws/client/server4',
    ]);
    for (const each of made) each.text(connected);
    await tick();
    expect(made.map(sentBy)).toEqual([['7/2\n'], ['7/2\n'], ['7/2\n']]);

    // Empty it sends what it offers; nobody connects twice.
    await fireEvent.submit(screen.getByRole('textbox').closest('form')!);
    expect(sentBy(there)).toEqual(['7/2\n', '22 + 44\n']);
    expect(ASocket.opened).toHaveLength(before + 3);
  });
});

describe('ServerControls', () => {
  function controls(fetch = vi.fn(() => Promise.resolve(new Response('{}')))) {
    vi.stubGlobal('fetch', fetch);
    const lab = new ALab();
    lab.happen('server1', null, { type: 'starting', settings: defaultSettings });
    lab.start('server1');
    lab.connect('server1', 1, 24);
    const server = lab.lab.servers.server1!;
    renderInPage(ServerControls, { server, running: true, name: 'server 1' }, lab.lab);
    return fetch;
  }

  it('restarts nothing until what was chosen is applied, all of it at once', async () => {
    const fetch = controls();
    await fireEvent.click(screen.getByRole('button', { name: 'Settings of server 1' }));
    await fireEvent.change(screen.getByLabelText(/^While it serves/), {
      target: { value: 'queue' },
    });
    await fireEvent.change(screen.getByLabelText(/^A calculation/), { target: { value: '5000' } });
    expect(fetch).not.toHaveBeenCalled();
    expect(screen.getByText(/1 client will be disconnected/)).toBeTruthy();
    expect(screen.getByText('set now: say busy, then FIN')).toBeTruthy();

    const apply = screen.getByRole('button', { name: 'Apply' });
    apply.focus();
    await fireEvent.click(apply);
    expect(fetch).toHaveBeenCalledExactlyOnceWith(
      '/api/servers/server1',
      expect.objectContaining({
        method: 'PATCH',
        body: JSON.stringify({ slowMs: 5_000, policy: 'queue' }),
      }),
    );
    await vi.waitFor(() => expect(apply.getAttribute('aria-disabled')).toBe('true'));
    expect(document.activeElement).toBe(apply);
  });

  it('closes with Escape after a change, wherever the focus is', async () => {
    controls();
    const toggle = screen.getByRole('button', { name: 'Settings of server 1' });
    await fireEvent.click(toggle);
    await fireEvent.change(screen.getByLabelText(/^While it serves/), {
      target: { value: 'queue' },
    });
    await fireEvent.keyDown(document.body, { key: 'Escape' });
    expect(screen.queryByRole('button', { name: 'Apply' })).toBeNull();
    expect(document.activeElement).toBe(toggle);
  });
});

describe('RestartAll', () => {
  it('restarts all servers, and says of one what the gateway said', async () => {
    renderInPage(RestartAll, {}, new ALab().lab);
    const asked: string[] = [];
    vi.stubGlobal('fetch', (path: string) => {
      asked.push(path);
      const error = JSON.stringify({ error: 'It is starting already' });
      const refuses = path.includes('server3');
      return Promise.resolve(new Response(refuses ? error : '{}', { status: refuses ? 409 : 200 }));
    });
    await fireEvent.click(screen.getByRole('button', { name: 'Restart all servers' }));
    expect(await screen.findByText('It is starting already')).toBeTruthy();
    expect(asked).toEqual([1, 2, 3, 4].map((number) => `/api/servers/server${number}/restart`));
  });

  it('is not for whoever may not control', async () => {
    const { page } = renderInPage(RestartAll, {}, new ALab().lab);
    const restart = screen.getByRole<HTMLButtonElement>('button', { name: 'Restart all servers' });
    expect(restart.disabled).toBe(false);
    page.presenter.mayControl = false;
    await tick();
    expect(restart.disabled).toBe(true);
  });
});

describe('MomentLine', () => {
  it('says how long ago it was, and of which server', () => {
    const moment = {
      ...{ seq: 1, t: 1_000_000, sentence: 'A left', detail: 'FIN', server: 'Server 3' },
      ...{ identity: null, bad: false, rank: 1 },
    };
    render(MomentLine, { moment, now: 3_481_000_000, ofAll: true });
    expect(screen.getByText('58 min ago')).toBeTruthy();
    expect(screen.getByText('Server 3: A left')).toBeTruthy();
  });
});
