import { GONE_SHOWN } from '@sockscope/tcp-core/trace/lab-state';
import { describe, expect, it } from 'vitest';
import { connectionIdentity } from '../src/view/identity.ts';
import { clientRows, type OwnClient } from '../src/view/panel/client-rows.ts';
import { ALab } from './a-lab.ts';

const own = (more: Partial<OwnClient> = {}): OwnClient => ({
  id: 'first',
  session: 'mine',
  connection: null,
  phase: 'connected',
  localAddress: '127.0.0.1',
  localPort: 53_001,
  ending: null,
  endedAt: null,
  lastSent: null,
  lastReceived: null,
  name: null,
  sentBytes: 0,
  halfClosed: false,
  reading: true,
  ...more,
});

function server1(): ALab {
  const lab = new ALab();
  lab.start('server1');
  return lab;
}

const rowsOf = (lab: ALab, clients: OwnClient[] = [], now = lab.t) =>
  clientRows(lab.lab.servers.server1!, clients, now);

describe('clientRows', () => {
  it('says who is connected, from where, and what was said last', () => {
    const lab = server1();
    lab.connect('server1', 1, 24);
    lab.say('server1', 1, 24, '22 + 44', '66');
    lab.say('server1', 1, 24, '1/0', 'error: division by zero');
    const [row] = rowsOf(lab).present;
    expect(row).toMatchObject({
      place: 'open',
      kind: 'external',
      from: ':53001',
      endpoint: '127.0.0.1:53001',
      mark: 'fd 24',
      said: '1/0',
      reply: 'error: division by zero',
      bad: true,
      identity: connectionIdentity('server1', 1),
    });
  });

  it('never calls a client external before it is known', () => {
    const lab = server1();
    lab.happen('server1', 1, {
      type: 'accepted',
      connection: 1,
      fd: 24,
      address: '192.168.1.7',
      port: 4000,
    });
    expect(rowsOf(lab).present[0]).toMatchObject({ kind: 'new', from: '192.168.1.7:4000' });
  });

  it('calls a client on this machine by its port alone, however its address is written', () => {
    const lab = server1();
    const addresses = ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1'];
    addresses.forEach((address, index) => {
      const connection = index + 1;
      lab.happen('server1', 1, { type: 'accepted', connection, fd: 24 + index, address, port: 9 });
    });
    expect(rowsOf(lab).present.map(({ from }) => from)).toEqual([
      ':9',
      ':9',
      ':9',
      ':9',
      '[::ffff:10.0.0.1]:9',
    ]);
  });

  it('knows the page’s own client by its port at once, and by its session later', () => {
    const lab = server1();
    lab.happen('server1', 1, {
      type: 'accepted',
      connection: 1,
      fd: 24,
      address: '127.0.0.1',
      port: 53_001,
    });
    expect(rowsOf(lab, [own()]).present).toMatchObject([{ kind: 'you', session: 'mine' }]);
    // The same port of another address of this machine is somebody else's.
    const elsewhere = own({ localAddress: '127.0.0.2' });
    expect(rowsOf(lab, [elsewhere]).present[0]).toMatchObject({ kind: 'new', session: null });
    lab.happen('server1', null, {
      type: 'identified',
      connection: 1,
      client: 'browser',
      session: 'mine',
    });
    expect(rowsOf(lab, [own({ localPort: null })]).present).toMatchObject([{ kind: 'you' }]);
    expect(rowsOf(lab, [own({ session: 'other', localPort: 1 })]).present[0]).toMatchObject({
      kind: 'browser',
    });
  });

  it('shows an unanswered message of its own as such', () => {
    const lab = server1();
    lab.connect('server1', 1, 24, 'mine');
    lab.say('server1', 1, 24, '1+1', '2');
    const [row] = rowsOf(lab, [own({ lastSent: '2+2' })]).present;
    expect(row).toMatchObject({ said: '2+2', reply: null });
  });

  it('shows an answer when it was sent, not when it was calculated', () => {
    const lab = server1();
    lab.connect('server1', 1, 24);
    lab.happen('server1', 1, {
      ...{ type: 'evaluated', connection: 1, fd: 24, message: '1+1', reply: '2' },
      ...{ micros: 10, error: false },
    });
    expect(rowsOf(lab).present[0]).toMatchObject({ said: '1+1', reply: null });
    lab.happen('server1', 1, {
      type: 'sent',
      connection: 1,
      fd: 24,
      bytes: 2,
      requested: 2,
      preview: '2\n',
    });
    expect(rowsOf(lab).present[0]).toMatchObject({ said: '1+1', reply: '2' });
  });

  it('says of one that does not read that it does not, whatever the server has sent', () => {
    const lab = server1();
    lab.connect('server1', 1, 24, 'mine');
    lab.say('server1', 1, 24, '1+1', '2');
    const [row] = rowsOf(lab, [
      own({ lastSent: '1+1', lastReceived: 'old', reading: false }),
    ]).present;
    expect(row).toMatchObject({ said: '1+1', reply: null, reads: false });
  });

  it('says that a connected client which is not accepted waits in the accept queue', () => {
    const [row] = rowsOf(server1(), [own()]).present;
    expect(row).toMatchObject({ place: 'waiting', identity: null, mark: 'queue' });
    expect(row?.note).toContain('accept queue');
  });

  it('keeps who was turned away for a while, with the reason and how it ended', () => {
    const lab = server1();
    lab.connect('server1', 1, 24);
    lab.turnAway('server1', 2, 25);
    expect(rowsOf(lab).gone).toMatchObject([
      { place: 'refused', reply: 'busy: try again later', mark: 'FIN', bad: true },
    ]);
    expect(rowsOf(lab, [], lab.t + GONE_SHOWN).gone).toEqual([]);
  });

  it('marks a reset as broken, and a parting after an error reply as nothing special', () => {
    const lab = server1();
    const closed = { type: 'closed', drained: 0, fd: 24, received: 4, sent: 9 } as const;
    lab.connect('server1', 1, 24);
    lab.say('server1', 1, 24, '1/0', 'error: division by zero');
    lab.happen('server1', 1, { ...closed, connection: 1, how: 'fin', errno: null });
    lab.connect('server1', 2, 24);
    lab.happen('server1', 1, { ...closed, connection: 2, how: 'rst', errno: 'ECONNRESET' });
    const { gone } = rowsOf(lab);
    expect(gone).toMatchObject([
      { mark: 'RST', bad: true },
      { mark: 'FIN', bad: false, note: 'left: the client sent FIN' },
    ]);
    expect(gone[0]?.note).toMatch(/RST/);
  });

  it('shows what the kernel refused', () => {
    const ending = { how: 'refused', errno: 'ECONNREFUSED' } as const;
    const client = own({ phase: 'ended', localPort: null, ending, endedAt: 500 });
    const { present, gone } = rowsOf(server1(), [client], 1_000);
    expect(present).toEqual([]);
    expect(gone).toMatchObject([{ place: 'refused', mark: 'ECONNREFUSED' }]);
    expect(gone[0]?.note).toBe('refused: ECONNREFUSED');
  });

  it('shows the echoed bytes of server 4 as text, with an echo of “error: ” being no error', () => {
    const lab = new ALab();
    lab.start('server4');
    lab.connect('server4', 1, 24);
    const bytes = { connection: 1, fd: 24, bytes: 8, preview: 'h\xc3\xa9llo\x00\n' };
    lab.happen(
      'server4',
      1,
      { type: 'received', ...bytes },
      { type: 'sent', ...bytes, requested: 8 },
    );
    const rows = clientRows(lab.lab.servers.server4!, [], lab.t);
    expect(rows.present[0]).toMatchObject({
      said: 'héllo\\0\\n',
      reply: 'héllo\\0\\n',
      bad: false,
    });
    const mine = own({ lastSent: 'error: x', lastReceived: 'error: x\n' });
    lab.happen('server4', null, {
      type: 'identified',
      connection: 1,
      client: 'browser',
      session: 'mine',
    });
    const [row] = clientRows(lab.lab.servers.server4!, [mine], lab.t).present;
    expect(row).toMatchObject({ reply: 'error: x', bad: false });
  });

  it('never lists the same key twice', () => {
    const lab = server1();
    for (let id = 1; id <= 9; id += 1) lab.turnAway('server1', id, 25);
    lab.connect('server1', 10, 25);
    const { present, gone } = rowsOf(lab, [
      own(),
      own({ id: 'second', session: null, localPort: null }),
    ]);
    const keys = [...present, ...gone].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(gone).toHaveLength(6);
  });
});
