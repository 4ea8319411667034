import { beforeEach, describe, expect, it } from 'vitest';
import { assignment } from '@sockscope/tcp-core/designs/all';
import { BrowserClients, MOST_CLIENTS } from '../src/state/browser-clients.svelte.ts';
import { describeClientEnding } from '../src/view/words/describe-ending.ts';
import { ASocket } from './a-socket.ts';

let clients: BrowserClients;
/** The lab's clock. */
let now: number;

beforeEach(() => {
  ASocket.opened.length = 0;
  now = 1_000;
  clients = new BrowserClients(() => now, ASocket.open);
});

const joined = (server: string) => assignment.find(({ id }) => id === server)!;

function connected(server: 'server1' | 'server4' = 'server1', name?: string) {
  const client = clients.add(joined(server), name);
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

  it('that has half-closed keeps its answer when the server ends in good order', () => {
    const { client, socket } = connected();
    client.send('6*7');
    client.shutdown();
    socket.bytes('42\n');
    socket.text({ type: 'ended', how: 'fin', errno: null });
    socket.close();
    expect(client).toMatchObject({
      phase: 'ended',
      ending: { how: 'fin', errno: null },
      lastSent: '6*7',
      lastReceived: '42',
      halfClosed: true,
    });
  });

  it('resets, and learns from the gateway that it has ended', () => {
    const { client, socket } = connected();
    client.shutdown();
    client.reset();
    expect(socket.sent.at(-1)).toBe('{"type":"reset"}');
    expect(client.phase).toBe('connected');
    socket.text({ type: 'ended', how: 'rst', errno: null });
    expect(describeClientEnding(client.ending!)).toBe('this client reset it (RST)');
    client.reset();
    client.stopReading();
    expect(socket.sent).toHaveLength(2);
  });

  it('stops reading, and reads again', () => {
    const { client, socket } = connected();
    client.readAgain();
    client.stopReading();
    client.stopReading();
    expect(client.reading).toBe(false);
    client.readAgain();
    expect(client.reading).toBe(true);
    expect(socket.sent).toEqual(['{"type":"stopReading"}', '{"type":"readAgain"}']);
  });

  it('has a name from the start, or later; always one that the gateway takes', () => {
    const { client, socket } = connected('server1', ' Ada & Bob ');
    expect(socket.path).toBe('/ws/client/server1?name=Ada%20%26%20Bob');
    expect(client.name).toBe('Ada & Bob');
    client.rename(`Grace\u0000 ${'x'.repeat(50)}`);
    client.rename(`Grace ${'x'.repeat(50)}`);
    client.rename('');
    expect(client.name).toBeNull();
    expect(socket.sent).toEqual([
      `{"type":"name","name":"Grace ${'x'.repeat(18)}"}`,
      '{"type":"name","name":""}',
    ]);
  });

  it('tells its name when its WebSocket is open', () => {
    const client = clients.add(joined('server1'))!;
    client.rename('Ada');
    expect(ASocket.last.sent).toEqual([]);
    ASocket.last.text({ type: 'connected', session: 's', localAddress: '127.0.0.1', localPort: 1 });
    expect(ASocket.last.sent).toEqual(['{"type":"name","name":"Ada"}']);
  });

  it('sends a message in pieces: its bytes as they are, shown as one until it is answered', () => {
    const { client, socket } = connected();
    client.sendRaw('22 + ');
    expect(client).toMatchObject({ lastSent: '22 + ', sentBytes: 5 });
    client.sendRaw('4');
    client.send('4');
    expect(bytesSent(socket)).toBe('22 + 44\n');
    expect(client).toMatchObject({ lastSent: '22 + 44', sentBytes: 8 });
    socket.bytes('66\n');
    client.sendRaw('1+');
    socket.bytes('error: a number is missing\n');
    client.sendRaw('1\n');
    expect(client).toMatchObject({ lastSent: '1', lastReceived: null });
    expect(client.transcript.map(({ text }) => text)).toEqual([
      '22 + ',
      '4',
      '4',
      '66',
      '1+',
      'error: a number is missing',
      '1',
    ]);
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

describe('what the page knew of a client at a time', () => {
  it('is what it had said and was told by then, and how it stood', () => {
    now = 100;
    const client = clients.add(joined('server1'))!;
    const socket = ASocket.last;
    const happen = (t: number, act: () => void): void => {
      now = t;
      act();
    };
    const address = { localAddress: '127.0.0.1', localPort: 40312 };
    happen(200, () => socket.text({ type: 'connected', session: 'given', ...address }));
    happen(300, () => client.send('1+1'));
    happen(400, () => socket.bytes('2\n'));
    happen(500, () => client.rename('Ada'));
    happen(600, () => client.stopReading());
    happen(700, () => client.sendRaw('✓'));
    happen(800, () => client.shutdown());
    happen(900, () => socket.text({ type: 'ended', how: 'rst', errno: 'ECONNRESET' }));
    const words = [99, 100, 250, 300, 450, 550, 650, 750, 850, 950].map((t) => {
      const { phase, lastSent, lastReceived, sentBytes, name, reading, halfClosed } = client.at(t);
      const more = [name, !reading && 'does not read', halfClosed && 'FIN sent'].filter(Boolean);
      return [phase, lastSent, lastReceived, sentBytes, ...more];
    });
    expect(words).toEqual([
      ['absent', null, null, 0],
      ['connecting', null, null, 0],
      ['connected', null, null, 0],
      ['connected', '1+1', null, 4],
      ['connected', '1+1', '2', 4],
      ['connected', '1+1', '2', 4, 'Ada'],
      ['connected', '1+1', '2', 4, 'Ada', 'does not read'],
      ['connected', '✓', null, 7, 'Ada', 'does not read'],
      ['connected', '✓', null, 7, 'Ada', 'does not read', 'FIN sent'],
      ['ended', '✓', null, 7, 'Ada', 'does not read', 'FIN sent'],
    ]);
    expect(client.at(850)).toMatchObject({ ending: null, endedAt: null });
    expect(client.at(950).ending).toEqual({ how: 'rst', errno: 'ECONNRESET' });
    // Which connection it is does not change with time.
    for (const t of [0, 150, 950])
      expect(client.at(t)).toMatchObject({ id: client.id, session: 'given', ...address });
  });

  it('has an answer only once the server had sent it, where the log tells', () => {
    const { client, socket } = connected();
    client.send('1+1');
    socket.bytes('2\n3');
    socket.bytes('3\r\n');
    // The page's clock says that all of it was at once.
    expect(client.at(now, 0).lastReceived).toBeNull();
    expect(client.at(now, 2).lastReceived).toBe('2');
    expect(client.at(now, 5).lastReceived).toBe('2');
    expect(client.at(now, 6).lastReceived).toBe('33');
    now += 10;
    client.send('4');
    expect(client.at(now, 6)).toMatchObject({ lastSent: '4', lastReceived: null });
    expect(client.at(now - 1, 6)).toMatchObject({ lastSent: '1+1', lastReceived: '33' });
  });

  it('keeps what it sent last behind many answers, and claims nothing that it has forgotten', () => {
    const { client, socket } = connected('server4');
    client.send('first');
    now += 10;
    client.send('second');
    for (let part = 0; part < 500; part += 1) socket.bytes(`${part}`);
    expect(client).toMatchObject({ lastSent: 'second', lastReceived: '499', sentBytes: 13 });
    expect(client.at(now)).toMatchObject({ lastSent: 'second', sentBytes: 13 });
    expect(client.at(now - 5)).toMatchObject({ lastSent: null, sentBytes: 0 });
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
