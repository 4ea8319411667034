import { beforeEach, describe, expect, it } from 'vitest';
import { assignment } from '@sockscope/tcp-core/designs/all';
import { BrowserClients, MOST_CLIENTS } from '../src/state/browser-clients.svelte.ts';
import { ASocket } from './a-socket.ts';

let clients: BrowserClients;

beforeEach(() => {
  ASocket.opened.length = 0;
  clients = new BrowserClients(ASocket.open);
});

const joined = (server: string) => assignment.find(({ id }) => id === server)!;

function connected(server: 'server1' | 'server4' = 'server1') {
  const client = clients.add(joined(server));
  if (!client) throw new Error('no client was added');
  const socket = ASocket.last;
  socket.text({ type: 'connected', session: 'given', localAddress: '127.0.0.1', localPort: 40312 });
  return { client, socket };
}

const bytesSent = ({ sent }: ASocket): string =>
  sent.map((data) => (typeof data === 'string' ? '' : new TextDecoder().decode(data))).join('');

describe('BrowserClient', () => {
  it('connects without a name, and learns the one that the log has for it', () => {
    const { client, socket } = connected();
    expect(socket.path).toBe('/ws/client/server1');
    expect(client.session).toBe('given');
    const failing = clients.add(joined('server1'));
    expect(failing?.session).toBeNull();
    ASocket.last.text({ type: 'ended', session: 'other', how: 'refused', errno: 'ECONNREFUSED' });
    expect(failing?.session).toBe('other');
    expect(failing?.id).not.toBe(client.id);
    expect(socket.binaryType).toBe('arraybuffer');
    expect(client).toMatchObject({ phase: 'connected', localPort: 40312 });
  });

  it('sends a message with its newline as UTF-8 bytes', () => {
    const { client, socket } = connected();
    client.send('22 + 44 ✓');
    expect(bytesSent(socket)).toBe('22 + 44 ✓\n');
    expect(client).toMatchObject({ lastSent: '22 + 44 ✓', lastReceived: null });
  });

  it('puts replies together from the pieces in which the stream brings them', () => {
    const { client, socket } = connected();
    client.send('22 + 44');
    socket.bytes('6');
    expect(client.lastReceived).toBeNull();
    socket.bytes('6\r\n7');
    expect(client.lastReceived).toBe('66');
  });

  it('shows echoed bytes as they come, characters cut in two included', () => {
    const { client, socket } = connected('server4');
    const bytes = new TextEncoder().encode('é');
    socket.onmessage?.({ data: bytes.slice(0, 1).buffer });
    socket.onmessage?.({ data: bytes.slice(1).buffer });
    expect(client.transcript.map(({ text }) => text).join('')).toBe('é');
  });

  it('half-closes once, and then sends no more', () => {
    const { client, socket } = connected();
    client.shutdown();
    client.shutdown();
    client.send('1+1');
    expect(socket.sent).toEqual(['{"type":"shutdown"}']);
    socket.bytes('still read\n');
    expect(client.transcript).toHaveLength(1);
  });

  it('keeps how it ended: as the server ended it, or because the gateway went away', () => {
    const first = connected();
    first.socket.text({ type: 'ended', how: 'rst', errno: 'ECONNRESET' });
    first.socket.close();
    expect(first.client.ending).toEqual({ how: 'rst', errno: 'ECONNRESET' });
    const second = connected();
    second.socket.close();
    expect(second.client.ending).toEqual({ how: 'gateway', errno: null });
  });

  it('keeps that it was cut off, and how many bytes it missed', () => {
    const { client, socket } = connected();
    socket.text({ type: 'ended', how: 'cut', errno: null, missing: 4096 });
    socket.close();
    expect(client.ending).toEqual({ how: 'cut', errno: null, missing: 4096 });
  });

  it('keeps a bounded transcript', () => {
    const { client, socket } = connected();
    for (let line = 0; line < 500; line += 1) socket.bytes(`${line}\n`);
    expect(client.transcript).toHaveLength(50);
    expect(client.lastReceived).toBe('499');
  });
});

describe('BrowserClients', () => {
  it('speaks through the newest client until another is chosen', () => {
    const { client: first } = connected();
    const { client: second } = connected();
    expect(clients.chosenOf('server1')).toBe(second);
    clients.choose(first);
    expect(clients.chosenOf('server1')).toBe(first);
    clients.dismiss(first);
    expect(clients.chosenOf('server1')).toBe(second);
    expect(clients.chosenOf('server2')).toBeNull();
  });

  it('opens no more than a page may have', () => {
    for (let added = 0; added < MOST_CLIENTS; added += 1) clients.add(joined('server2'));
    expect(clients.add(joined('server2'))).toBeNull();
    expect(ASocket.opened).toHaveLength(MOST_CLIENTS);
  });
});
