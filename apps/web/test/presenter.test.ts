// @vitest-environment jsdom

import { cleanup, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import ServerControls from '../src/components/panel/ServerControls.svelte';
import { Presenter } from '../src/state/presenter.svelte.ts';
import { ServerControl } from '../src/state/server-control.ts';
import { stubResizeObserver } from './a-browser.ts';
import { ALab } from './a-lab.ts';
import { renderInPage } from './a-page.ts';

/** What the gateway was asked, and what the address bar showed by then. */
const asked: { method: string; path: string; body: unknown; address: string }[] = [];

/** A gateway with this token; null: one that nobody else reaches. */
function gateway(token: string | null): void {
  let cookie = token === null;
  vi.stubGlobal('fetch', (path: string, { method = 'GET', body }: RequestInit = {}) => {
    const given = (typeof body === 'string' ? JSON.parse(body) : null) as { token: string } | null;
    asked.push({ method, path, body: given, address: location.href });
    if (path === '/api/presenter') {
      if (given && given.token !== token)
        return Promise.resolve(
          Response.json({ error: 'Not the token.', hint: 'Look again.' }, { status: 403 }),
        );
      cookie ||= given !== null;
      return Promise.resolve(Response.json({ mayControl: cookie }));
    }
    return Promise.resolve(
      cookie
        ? Response.json({})
        : Response.json({ error: 'Only the presenter.', hint: 'Open it.' }, { status: 403 }),
    );
  });
}

let mine: Presenter | undefined;

beforeEach(() => {
  stubResizeObserver();
  asked.length = 0;
  history.replaceState(null, '', '/?server=3');
});
afterEach(() => {
  cleanup();
  mine?.close();
  vi.unstubAllGlobals();
});

describe('a token in the address', () => {
  it('has left it before anything else happens, and only the body of one request has it', async () => {
    gateway('secret-token');
    history.replaceState(null, '', '/?server=3#token=secret-token');
    mine = new Presenter();
    const entries = history.length;
    mine.begin();
    expect(location.href).toMatch(/\/\?server=3$/);
    expect(history.length).toBe(entries);
    await expect.poll(() => mine?.mayControl).toBe(true);
    expect(asked).toEqual([
      {
        method: 'POST',
        path: '/api/presenter',
        body: { token: 'secret-token' },
        address: location.href,
      },
    ]);
  });

  it('is taken when it is pasted into an open page, too', async () => {
    gateway('secret-token');
    mine = new Presenter();
    mine.begin();
    await expect.poll(() => mine?.mayControl).toBe(false);
    location.hash = '#token=secret-token';
    await expect.poll(() => mine?.mayControl).toBe(true);
    expect(location.href).toMatch(/\/\?server=3$/);
  });

  it('that is wrong is said, and takes nothing away', async () => {
    gateway('secret-token');
    history.replaceState(null, '', '/#token=secret-token');
    mine = new Presenter();
    mine.begin();
    await expect.poll(() => mine?.mayControl).toBe(true);
    location.hash = '#token=another';
    await expect.poll(() => mine?.problem).toBe('Not the token. Look again.');
    await expect.poll(() => asked.length).toBe(3);
    expect(mine.mayControl).toBe(true);
    expect(location.hash).toBe('');
  });
});

describe('the controls of a server', () => {
  async function opened(): Promise<void> {
    const lab = new ALab();
    lab.start('server1');
    const props = { server: lab.lab.servers.server1!, running: true, name: 'server 1' };
    const { page } = renderInPage(ServerControls, props, lab.lab);
    await page.presenter.ask();
    screen.getByRole('button', { name: 'Settings of server 1' }).click();
    await tick();
  }
  const controls = () => [
    ...screen.getAllByRole<HTMLSelectElement>('combobox'),
    screen.getByRole<HTMLButtonElement>('button', { name: 'Stop' }),
    screen.getByRole<HTMLButtonElement>('button', { name: 'Restart' }),
  ];

  it('are for the presenter, and say so to everybody else', async () => {
    gateway('secret-token');
    await opened();
    for (const control of controls()) expect(control.disabled).toBe(true);
    expect(screen.getByText(/Only the presenter can change this/)).toBeTruthy();
  });

  it('are for everybody where nobody else reaches the page', async () => {
    gateway(null);
    await opened();
    for (const control of controls()) expect(control.disabled).toBe(false);
    expect(screen.queryByText(/Only the presenter/)).toBeNull();
  });

  it('are taken back when the gateway refuses them', async () => {
    gateway(null);
    const presenter = new Presenter();
    await presenter.ask();
    expect(presenter.mayControl).toBe(true);
    gateway('another-token');
    await expect(new ServerControl(presenter).tell('server1', 'stop')).rejects.toThrow(
      'Only the presenter',
    );
    await expect.poll(() => presenter.mayControl).toBe(false);
  });
});
