// @vitest-environment jsdom

import { cleanup, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tick } from 'svelte';
import CommandLine from '../src/components/panel/CommandLine.svelte';
import EventLog from '../src/components/panel/EventLog.svelte';
import ServerPanel from '../src/components/panel/ServerPanel.svelte';
import { stubResizeObserver } from './a-browser.ts';
import { ALab } from './a-lab.ts';
import { renderInPage } from './a-page.ts';
import { ASocket } from './a-socket.ts';

beforeEach(() => {
  ASocket.opened.length = 0;
  // jsdom lays nothing out: every element measures 300 × 300.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(300);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(300);
  stubResizeObserver();
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function panel(lab: ALab) {
  return renderInPage(ServerPanel, { server: lab.lab.servers.server1! }, lab.lab).page;
}

describe('ServerPanel', () => {
  it('invites when nobody is there: the exact commands, and a button', () => {
    const lab = new ALab();
    lab.start('server1');
    const addClient = vi.spyOn(panel(lab), 'addClient');
    expect(screen.getByText('nc 127.0.0.1 5001')).toBeTruthy();
    expect(screen.getByText('telnet 127.0.0.1 5001')).toBeTruthy();
    screen.getByRole('button', { name: 'Add a browser client' }).click();
    expect(addClient).toHaveBeenCalledExactlyOnceWith('server1');
  });

  it('shows which call the thread is blocked in', () => {
    const lab = new ALab();
    lab.start('server1');
    panel(lab);
    const process = screen.getByRole('group', { name: 'Server process' });
    expect(process.textContent.replace(/\s+/g, ' ')).toContain('tid 4711 blocked in accept()');
  });

  it('shows who is served, what was said, and who was turned away', () => {
    const lab = new ALab();
    lab.start('server1');
    lab.connect('server1', 1, 24);
    lab.say('server1', 1, 24, '22 + 44', '66');
    lab.turnAway('server1', 2, 25);
    panel(lab);
    const rows = within(screen.getByRole('list', { name: 'Clients' })).getAllByRole('listitem');
    expect(rows.map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim())).toEqual([
      expect.stringMatching(/external :53001 fd 24 22 \+ 44→66/),
      expect.stringMatching(/external :53002 FIN busy: try again later/),
    ]);
  });

  it('sends what is typed, and what it offers when nothing is typed', async () => {
    const lab = new ALab();
    lab.start('server1');
    const { clients } = panel(lab);
    const client = clients.add(lab.lab.servers.server1!);
    ASocket.last.text({ type: 'connected', localAddress: '127.0.0.1', localPort: 53_001 });
    await tick();
    const send = screen.getByRole('button', { name: 'Send' });
    send.click();
    await tick();
    if (client) client.draft = '1 + 1';
    await tick();
    send.click();
    const sent = ASocket.last.sent.map((data) =>
      new TextDecoder().decode(data as Uint8Array<ArrayBuffer>),
    );
    expect(sent).toEqual(['22 + 44\n', '1 + 1\n']);
  });

  it('keeps the input under the hands when the client’s end comes, and its text for the next client', async () => {
    const lab = new ALab();
    lab.start('server1');
    const { clients } = panel(lab);
    const client = clients.add(lab.lab.servers.server1!)!;
    ASocket.last.text({ type: 'connected', localAddress: '127.0.0.1', localPort: 53_001 });
    await tick();
    const input = screen.getByRole<HTMLInputElement>('textbox', { name: /Message from/ });
    input.focus();
    client.draft = '7+';
    ASocket.last.text({ type: 'ended', how: 'fin', errno: null });
    await tick();
    expect(client.phase).toBe('ended');
    expect(document.activeElement).toBe(input);
    expect(input.readOnly).toBe(true);
    expect(input.value).toBe('7+');
    expect(screen.getAllByText('the server sent FIN').length).toBeGreaterThan(0);
    screen.getByRole('button', { name: 'Reconnect' }).click();
    await tick();
    expect(clients.of('server1').map(({ draft }) => draft)).toEqual(['', '7+']);
  });
});

describe('EventLog', () => {
  it('shows text from a client as text', () => {
    const lab = new ALab();
    const hostile = '<img src=x onerror=alert(1)>\u202e';
    lab.connect('server1', 1, 24);
    lab.say('server1', 1, 24, hostile, 'error: no');
    const { container } = render(EventLog, { lab: lab.lab });
    expect(container.querySelector('img')).toBeNull();
    expect(container.textContent).toContain('<img src=x onerror=alert(1)>\\u202e');
  });
});

describe('CommandLine', () => {
  it('copies the whole command, also when it shows only its name', async () => {
    const writeText = vi.fn().mockResolvedValue(undefined);
    vi.stubGlobal('navigator', { clipboard: { writeText } });
    render(CommandLine, { command: 'telnet 127.0.0.1 5001', short: true });
    screen.getByRole('button', { name: 'Copy telnet 127.0.0.1 5001' }).click();
    await vi.waitFor(() => expect(screen.getByRole('status').textContent).toContain('copied'));
    expect(writeText).toHaveBeenCalledWith('telnet 127.0.0.1 5001');
  });
});
