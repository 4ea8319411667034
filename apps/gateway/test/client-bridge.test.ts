import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  BrowserClient,
  eventOf,
  received,
  startGateway,
  tcpClient,
  type Running,
} from './running-gateway.ts';

let gateway: Running;
const clients: BrowserClient[] = [];

beforeAll(async () => {
  gateway = await startGateway({ maxSessions: 250 });
});
afterAll(() => gateway.close());
afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.webSocket.terminate();
    await client.closed.catch(() => undefined);
  }
});

function browser(path: string): BrowserClient {
  const client = new BrowserClient(gateway, path);
  clients.push(client);
  return client;
}

/** What the kernel may hold of that many TCP streams, each with a queue at either end (tcp(7)). */
function kernelTakes(streams: number): number {
  const [send, receive] = ['wmem', 'rmem'].map((name) =>
    Number(readFileSync(`/proc/sys/net/ipv4/tcp_${name}`, 'utf8').trim().split(/\s+/)[2]),
  );
  return streams * ((send ?? 0) + (receive ?? 0));
}

describe('a browser client', () => {
  it('is a TCP client: the server sees the port that the page is told', async () => {
    const client = browser('/ws/client/server4');
    const { session, localAddress, localPort } = await client.frame('connected');
    expect(session).toMatch(/^[A-Za-z0-9-]{1,40}$/);
    expect(localAddress).toBe('127.0.0.1');
    const accepted = await eventOf(gateway.lab, 'accepted', ({ port }) => port === localPort);
    expect(accepted.server).toBe('server4');
    const identified = await eventOf(gateway.lab, 'identified', (event) => {
      return event.connection === accepted.connection && event.server === 'server4';
    });
    expect(identified).toMatchObject({ client: 'browser', session });
  });

  it('can never have a name of another’s choice, nor one that was there before', async () => {
    const victim = browser('/ws/client/server4?session=mine');
    const { session } = await victim.frame('connected');
    const names = new Set(['mine', session]);
    // While it is there, and when it has left; by the name that it asked for, and by the one in the log.
    for (const when of ['beside', 'behind'])
      for (const name of ['mine', String(session)])
        for (let i = 0; i < 3; i++) {
          const stranger = browser(`/ws/client/server4?session=${name}`);
          const given = (await stranger.frame('connected'))['session'];
          expect(names, when).not.toContain(given);
          names.add(given);
          stranger.webSocket.close();
          await stranger.closed;
          if (when === 'beside') continue;
          victim.webSocket.close();
          await victim.closed;
        }
    const named = gateway.lab.state.log.flatMap((event) =>
      event.type === 'identified' && event.session !== null ? [event.session] : [],
    );
    expect(named).toContain(session);
    expect(named).not.toContain('mine');
    expect(named.filter((name) => name === session)).toHaveLength(1);
  });

  it('gets all 256 byte values back as they were', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    const client = browser('/ws/client/server4');
    await client.frame('connected');
    client.webSocket.send(bytes);
    await client.until(() => client.bytes.length === 256);
    expect(client.bytes).toEqual(bytes);
  });

  it('loses nothing of what it sent before TCP was connected', async () => {
    for (let round = 0; round < 20; round += 1) {
      const client = browser('/ws/client/server4');
      client.webSocket.once('open', () => {
        client.webSocket.send(Buffer.from('22 + '));
        client.webSocket.send(Buffer.from('44\n'));
      });
      await client.until(() => client.bytes.length === 8);
      expect(client.text).toBe('22 + 44\n');
    }
  });

  it('calculates with servers 1 to 3', async () => {
    for (const server of ['server1', 'server2', 'server3']) {
      const client = browser(`/ws/client/${server}`);
      await client.frame('connected');
      client.webSocket.send(Buffer.from('22 + 44\n'));
      await client.until(() => client.text.includes('\n'));
      expect(client.text).toBe('66\n');
      client.webSocket.close();
      await client.closed;
    }
  });

  it('is turned away by a busy server 1 with the same bytes as any other client', async () => {
    const first = browser('/ws/client/server1');
    await first.frame('connected');
    first.webSocket.send(Buffer.from('1+1\n'));
    await first.until(() => first.text === '2\n');
    const other = await received(await tcpClient(gateway.lab, 'server1'));
    const second = browser('/ws/client/server1');
    second.webSocket.once('open', () => second.webSocket.send(Buffer.from('2+2\n')));
    const [code] = await second.closed;
    expect(second.text).toMatch(/^busy: /);
    expect(second.bytes).toEqual(other);
    expect(second.control.map(({ type }) => type)).toEqual(['connected', 'ended']);
    expect(second.control.at(-1)).toEqual({ type: 'ended', how: 'fin', errno: null });
    expect(code).toBe(1000);
  });

  it('half-closes: everything is echoed before the server’s FIN', async () => {
    const bytes = randomBytes(500_000);
    const client = browser('/ws/client/server4');
    client.webSocket.once('open', () => {
      client.webSocket.send(bytes);
      client.webSocket.send('{"type":"shutdown"}');
    });
    expect((await client.closed)[0]).toBe(1000);
    expect(client.bytes.equals(bytes)).toBe(true);
    expect(client.control.at(-1)).toEqual({ type: 'ended', how: 'fin', errno: null });
  });

  it('leaves with FIN when its page closes it, with RST when its page is lost', async () => {
    for (const [leave, how] of [
      ['close', 'fin'],
      ['terminate', 'rst'],
    ] as const) {
      const client = browser('/ws/client/server3');
      const named = (await client.frame('connected'))['session'];
      const { connection } = await eventOf(
        gateway.lab,
        'identified',
        ({ session }) => session === named,
      );
      client.webSocket[leave]();
      const closed = await eventOf(gateway.lab, 'closed', (event) => {
        return event.server === 'server3' && event.connection === connection;
      });
      expect(closed.how).toBe(how);
    }
  });

  it('is told about a reset', async () => {
    const client = browser('/ws/client/server2');
    await client.frame('connected');
    // With bytes unread, the end of a server resets its connections.
    client.webSocket.send(Buffer.from('1+1\n'));
    await client.until(() => client.text === '2\n');
    await gateway.lab.stop('server2');
    await client.closed;
    expect(client.control.at(-1)).toMatchObject({ type: 'ended' });
    await gateway.lab.start('server2');
  });

  it('is told that it could not connect, and by which errno', async () => {
    await gateway.lab.stop('server3');
    const client = browser('/ws/client/server3');
    const [code] = await client.closed;
    const { session, ...ended } = client.control[0] ?? {};
    expect(client.control).toHaveLength(1);
    expect(ended).toEqual({ type: 'ended', how: 'refused', errno: 'ECONNREFUSED' });
    expect(code).toBe(1000);
    const failed = await eventOf(gateway.lab, 'connectFailed', (e) => e.session === session);
    expect(failed).toMatchObject({ server: 'server3', errno: 'ECONNREFUSED' });
    await gateway.lab.start('server3');
  });

  it.each([
    ['nonsense', 1008],
    ['{"type":"connect","port":22}', 1008],
    ['{"type":"shutdown","now":true}', 1008],
  ])('is closed after the control frame %s', async (frame, code) => {
    const client = browser('/ws/client/server4');
    await client.frame('connected');
    client.webSocket.send(frame);
    const [closedWith, reason] = await client.closed;
    expect(closedWith).toBe(code);
    expect(reason).toContain('shutdown');
  });

  it('is closed after bytes behind a shutdown, and after a frame above 1 MiB', async () => {
    const late = browser('/ws/client/server4');
    await late.frame('connected');
    late.webSocket.send('{"type":"shutdown"}');
    late.webSocket.send(Buffer.from('more'));
    expect((await late.closed)[0]).toBe(1008);

    const large = browser('/ws/client/server4');
    await large.frame('connected');
    large.webSocket.send(Buffer.alloc(1024 * 1024 + 1));
    expect((await large.closed)[0]).toBe(1009);
  });

  it.each([
    'session=a%20b',
    `session=${'x'.repeat(41)}`,
    'session=',
    'port=22',
    'session=a&session=b',
  ])('is denied before the upgrade with the query %s', async (query) => {
    const client = new BrowserClient(gateway, `/ws/client/server4?${query}`);
    await expect(client.closed).rejects.toThrow('400');
  });
});

describe('the bridge', () => {
  it('carries 64 MiB through server 4 unchanged', async () => {
    const chunk = randomBytes(256 * 1024);
    const chunks = 256;
    const sent = createHash('sha256');
    for (let index = 0; index < chunks; index += 1) sent.update(chunk);
    const got = createHash('sha256');
    const client = browser('/ws/client/server4');
    client.webSocket.removeAllListeners('message');
    let bytes = 0;
    client.webSocket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return;
      got.update(data);
      bytes += data.length;
    });
    await once(client.webSocket, 'open');
    const startedAt = performance.now();
    for (let index = 0; index < chunks; index += 1)
      await new Promise((resolve) => client.webSocket.send(chunk, resolve));
    client.webSocket.send('{"type":"shutdown"}');
    await client.closed;
    console.log(`64 MiB through the bridge: ${Math.round(performance.now() - startedAt)} ms`);
    expect(bytes).toBe(chunk.length * chunks);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
  });

  it('keeps no more than a bound for a page that never reads, and answers others', async () => {
    const deaf = browser('/ws/client/server4');
    await deaf.frame('connected');
    deaf.webSocket.pause();
    const before = process.memoryUsage.rss();
    const chunk = Buffer.alloc(64 * 1024, 'x');
    // Sends for as long as somebody on the way still takes bytes; then the kernel's buffers are full.
    const most = 8 * 1024 * 1024 + kernelTakes(4);
    let sent = 0;
    const stuck = () => deaf.webSocket.bufferedAmount >= chunk.length * 4;
    for (; !stuck() && sent < most; sent += chunk.length) {
      deaf.webSocket.send(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(most);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
    const other = browser('/ws/client/server4');
    other.webSocket.once('open', () => other.webSocket.send(Buffer.from('still here')));
    await other.until(() => other.text === 'still here');
    // And nothing of it is lost when the page reads again.
    deaf.webSocket.resume();
    deaf.webSocket.send('{"type":"shutdown"}');
    await deaf.closed;
    expect(deaf.bytes.length).toBe(sent);
  });

  it('tells 200 mixed clients of all servers apart, not one of them wrongly', async () => {
    // A lab of its own: a server that counts these connections only.
    const own = await startGateway({ servers: ['server3', 'server4'] });
    try {
      const labels = new Map<string, string | null>();
      own.lab.onEvents((events) => {
        for (const event of events)
          if (event.type === 'identified')
            labels.set(`${event.server} ${event.connection}`, event.session);
      });
      const ports = new Map<string, string | null>();
      await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const server = index % 4 < 2 ? 'server3' : 'server4';
          if (index % 2 === 0) {
            const client = new BrowserClient(own, `/ws/client/${server}`);
            const { localPort, session } = await client.frame('connected');
            ports.set(`${server} ${String(localPort)}`, String(session));
            if (index % 8 === 0) client.webSocket.close();
          } else {
            const socket = await tcpClient(own.lab, server);
            ports.set(`${server} ${socket.localPort}`, null);
            if (index % 8 === 1) socket.destroy();
            socket.resume().on('end', () => socket.end());
          }
        }),
      );
      const accepted = new Map<string, string>();
      await new Promise<void>((resolve) => {
        const look = () => labels.size === 200 && resolve();
        own.lab.onEvents(look);
        look();
      });
      for (const { connections, ended: gone, id } of Object.values(own.lab.state.servers))
        for (const { id: number, port, client, session } of [
          ...Object.values(connections),
          ...gone,
        ]) {
          accepted.set(`${id} ${port}`, client);
          expect(session).toBe(ports.get(`${id} ${port}`));
          expect(client).toBe(session === null ? 'external' : 'browser');
          expect(labels.get(`${id} ${number}`)).toBe(session);
        }
      expect(accepted.size).toBeGreaterThan(100);
      expect([...labels.values()].filter((session) => session !== null)).toHaveLength(100);
    } finally {
      await own.close();
    }
  });

  it('denies more browser clients than allowed, before the upgrade', async () => {
    const small = await startGateway({ servers: ['server4'], maxSessions: 2 });
    try {
      const two = [1, 2].map(() => new BrowserClient(small, '/ws/client/server4'));
      await Promise.all(two.map((client) => client.frame('connected')));
      await expect(new BrowserClient(small, '/ws/client/server4').closed).rejects.toThrow('503');
      two[0]?.webSocket.close();
      await two[0]?.closed;
      await eventOf(small.lab, 'closed');
      await expect
        .poll(async () => {
          const next = new BrowserClient(small, '/ws/client/server4');
          return Promise.race([
            next.frame('connected').then(() => 'connected'),
            next.closed.catch(() => 'denied'),
          ]);
        })
        .toBe('connected');
    } finally {
      await small.close();
    }
  });

  it('reaches nothing but the four servers', async () => {
    for (const path of ['/ws/client/server5', '/ws/client/127.0.0.1:22', '/ws/client/'])
      await expect(new BrowserClient(gateway, path).closed, path).rejects.toThrow('404');
  });

  describe('of a server that does not listen while it serves', () => {
    const program = `
      require('net').createServer((socket) => {
        console.log('connected');
        socket.on('data', (data) => console.log('got ' + data)).on('error', () => {});
        socket.write('hello, I am not server 1');
      }).listen(Number(process.argv[1]), '127.0.0.1', () => console.log('listening'));`;

    /** Another program, at a port: in this process, or in one of its own. */
    async function stranger(port: number, where: 'here' | 'elsewhere') {
      let said = '';
      if (where === 'here') {
        const server = createServer((socket) => {
          socket.on('data', (data) => (said += String(data))).on('error', () => undefined);
          socket.write('hello, I am not server 1');
        }).listen(port, '127.0.0.1');
        await once(server, 'listening');
        const end = () => once(server.close(), 'close');
        return { said: () => said, end };
      }
      const child = spawn(process.execPath, ['-e', program, String(port)]);
      child.stdout.on('data', (data) => (said += String(data)));
      await expect.poll(() => said, { timeout: 10_000 }).toContain('listening');
      const end = async () => {
        child.kill('SIGKILL');
        await once(child, 'close');
      };
      return { said: () => said.replace(/listening|connected|\n/g, ''), end };
    }

    it.each(['here', 'elsewhere'] as const)(
      'are not given to another program that listens at its port meanwhile (%s)',
      async (where) => {
        const { port } = await gateway.lab.restart('server1', { policy: 'refuse' });
        const from = gateway.lab.state.seq;
        const first = await tcpClient(gateway.lab, 'server1');
        await eventOf(gateway.lab, 'listenerClosed', ({ seq }) => seq > from);
        const other = await stranger(port, where);
        const crash = gateway.lab.state.seq;
        for (let i = where === 'here' ? 1 : 5; i > 0; i--) {
          const client = browser('/ws/client/server1');
          client.webSocket.once('open', () => client.webSocket.send(Buffer.from('secret\n')));
          await client.closed;
          expect(client.control).toMatchObject([{ type: 'ended', how: 'failed', errno: null }]);
          expect(client.text).toBe('');
        }
        expect(other.said()).toBe('');
        // The server cannot listen again, and neither then is anything said to the other one.
        first.destroy();
        await eventOf(gateway.lab, 'crashed', ({ seq }) => seq > crash);
        const client = browser('/ws/client/server1');
        client.webSocket.once('open', () => client.webSocket.send(Buffer.from('secret\n')));
        await client.closed;
        expect(other.said()).toBe('');
        await other.end();
        await eventOf(gateway.lab, 'listening', ({ seq }) => seq > crash);
        const next = browser('/ws/client/server1');
        next.webSocket.once('open', () => next.webSocket.send(Buffer.from('1+1\n')));
        await next.until(() => next.text === '2\n');
        await gateway.lab.restart('server1', { policy: 'busy' });
      },
    );

    it('reach the server all the same, every time', async () => {
      await gateway.lab.restart('server1', { policy: 'refuse' });
      for (let i = 0; i < 40; i++) {
        const from = gateway.lab.state.seq;
        const client = browser('/ws/client/server1');
        client.webSocket.once('open', () => client.webSocket.send(Buffer.from(`${i}+1\n`)));
        await client.until(() => client.text === `${i + 1}\n`);
        expect(client.control[0]).toMatchObject({ type: 'connected' });
        client.webSocket.close();
        await eventOf(gateway.lab, 'closed', ({ seq }) => seq > from);
        if (gateway.lab.state.servers.server1!.status !== 'listening')
          await eventOf(gateway.lab, 'listening', ({ seq }) => seq > from);
      }
      await gateway.lab.restart('server1', { policy: 'busy' });
    });
  });

  it('gives no bytes to another program that took a stopped server’s port', async () => {
    const { port } = gateway.lab.state.servers.server2!;
    await gateway.lab.stop('server2');
    let bytes = 0;
    const stranger = createServer((socket) => {
      socket.on('data', (data) => (bytes += data.length)).on('error', () => undefined);
    }).listen(port ?? 0, '127.0.0.1');
    await once(stranger, 'listening');
    const client = browser('/ws/client/server2');
    client.webSocket.once('open', () => client.webSocket.send(Buffer.from('secret')));
    await client.closed;
    expect(client.control).toMatchObject([{ type: 'ended', how: 'failed', errno: null }]);
    await once(stranger.close(), 'close');
    expect(bytes).toBe(0);
    await gateway.lab.start('server2');
  });
});
