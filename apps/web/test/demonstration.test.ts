import { defaultSettings, type Settings } from '@sockscope/tcp-core/trace/settings';
import { describe, expect, it, vi } from 'vitest';
import { BrowserClients } from '../src/state/browser-clients.svelte.ts';
import { Demonstration, firstPiece } from '../src/state/demonstration.svelte.ts';
import type { ServerControl } from '../src/state/server-control.ts';
import { withoutHidden, clientRows } from '../src/view/panel/client-rows.ts';
import { ALab } from './a-lab.ts';
import { ASocket } from './a-socket.ts';

function demonstration() {
  const lab = new ALab();
  lab.start('server1');
  const sockets: ASocket[] = [];
  const clients = new BrowserClients(
    () => lab.t,
    () => {
      const socket = new ASocket('');
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  );
  const control = { tell: vi.fn(() => Promise.resolve()), change: vi.fn(() => Promise.resolve()) };
  const server = () => lab.lab.servers.server1!;
  const starts = (settings: Partial<Settings>): void => {
    lab.happen('server1', null, {
      type: 'starting',
      settings: { ...defaultSettings, ...settings },
    });
  };
  return {
    lab,
    sockets,
    clients,
    control,
    server,
    starts,
    shows: new Demonstration(clients, control as unknown as ServerControl),
  };
}

/** Connects all that have been opened. */
function connectAll(sockets: readonly ASocket[]): void {
  for (const [index, socket] of sockets.entries())
    socket.text({
      type: 'connected',
      session: `s${index}`,
      localAddress: '127.0.0.1',
      localPort: 50_000 + index,
    });
}

describe('firstPiece', () => {
  it.each([
    ['22 +| 44', '22 +', ' 44'],
    [' 44|', ' 44', ''],
    ['22+44', '22+', '44|'],
    ['7', '7', ''],
    ['', '', ''],
  ])('cuts %j into %j and %j', (text, piece, rest) => {
    expect(firstPiece(text)).toEqual({ piece, rest });
  });
});

describe('a demonstration', () => {
  it('lets everybody ask at once, each what is in his input, else a sample', async () => {
    const { shows, clients, sockets, server } = demonstration();
    await shows.addHandful(server());
    expect(clients.of('server1')).toHaveLength(5);
    connectAll(sockets);
    clients.of('server1')[1]!.draft = '6 * 7';
    shows.askAll([server()]);
    const said = clients.of('server1').map(({ lastSent }) => lastSent);
    expect(said).toEqual(['22 + 44', '6 * 7', '7/2', '1/0', '22 + 44']);
    expect(clients.of('server1')[1]!.draft).toBe('');
  });

  it('sends a message in two pieces, without a newline', async () => {
    const { shows, clients, sockets, server } = demonstration();
    await shows.addHandful(server());
    connectAll(sockets);
    const client = clients.chosenOf('server1')!;
    shows.sendPiece(client, 'hello');
    shows.sendPiece(client, 'hello');
    expect(client.lastSent).toBe('hello');
    expect(client.sentBytes).toBe(5);
    expect(client.draft).toBe('');
  });

  it('goes on to the next policy although the log has not told of the last one', async () => {
    const { shows, control, server, starts } = demonstration();
    const first = shows.nextPolicy(server());
    const second = shows.nextPolicy(server());
    await Promise.all([first, second]);
    expect(control.change.mock.calls).toEqual([
      ['server1', { policy: 'refuse' }],
      ['server1', { policy: 'queue' }],
    ]);
    starts({ policy: 'queue' });
    await shows.nextPolicy(server());
    expect(control.change).toHaveBeenLastCalledWith('server1', { policy: 'busy' });
  });

  it('asks nothing of a server whose design has no such setting', async () => {
    const { shows, control, lab } = demonstration();
    lab.start('server4');
    await shows.nextPolicy(lab.lab.servers.server4!);
    await shows.toggleSlow(lab.lab.servers.server4!);
    expect(control.change).not.toHaveBeenCalled();
  });

  it('says why a wish was not fulfilled, and forgets it', async () => {
    const { shows, control, server } = demonstration();
    control.change.mockRejectedValueOnce(new Error('only the presenter may do that'));
    await shows.toggleSlow(server());
    expect(shows.problem).toBe('only the presenter may do that');
    await shows.toggleSlow(server());
    expect(control.change).toHaveBeenLastCalledWith('server1', { slowMs: 5000 });
    expect(shows.problem).toBeNull();
  });

  it('clears the stage: its clients are closed, hidden rows shown, the server restarted', async () => {
    const { shows, clients, control, server } = demonstration();
    await shows.addHandful(server());
    shows.hide(clients.of('server1')[0]!.id);
    await shows.clear([server()]);
    expect(clients.all).toEqual([]);
    expect(shows.hidden).toEqual([]);
    expect(control.tell).toHaveBeenCalledWith('server1', 'restart');
  });

  it('hides the row of one client and no other', async () => {
    const { shows, clients, sockets, server } = demonstration();
    await shows.addHandful(server());
    connectAll(sockets);
    const rows = clientRows(server(), clients.of('server1'), 0);
    shows.hide(clients.of('server1')[2]!.id);
    const shown = withoutHidden(rows, shows.hidden).present.map(({ client }) => client);
    expect(rows.present).toHaveLength(5);
    expect(shown).not.toContain(clients.of('server1')[2]!.id);
    expect(shown).toHaveLength(4);
  });
});
