import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { assignment } from '@sockscope/tcp-core/designs/all';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { KernelSampler } from '../src/watch/kernel-sampler.ts';
import { defaultOptions, type ServerOptions } from '../src/ours/server-options.ts';
import type { LabEvent, LabFact, ServerId } from '@sockscope/tcp-core/trace/events';
import type { ConnectionState, LabState, ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { apply, emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { TcpClient } from '@sockscope/test-kit/tcp-client';
import { TestLab } from './test-lab.ts';

/** Another reading of the table than the lab's own: the columns of all lines with this local port. */
function table(port: number): { remote: number; st: string; tx: number; rx: number }[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(local))
    .map(([, , remote = '', st = '', queues = '']) => ({
      remote: parseInt(remote.slice(-4), 16),
      st,
      tx: parseInt(queues.slice(0, 8), 16),
      rx: parseInt(queues.slice(9), 16),
    }));
}

const depth = (port: number): number | undefined => table(port).find(({ st }) => st === '0A')?.rx;

describe('a sampled lab', () => {
  const test = new TestLab();
  const { lab } = test;
  afterEach(async () => {
    for (const id of ['server1', 'server2', 'server3', 'server4'] as const) await lab.stop(id);
  });

  /** With the default options: a lab keeps those of the run before. */
  const start = (id: ServerId, options: Partial<ServerOptions> = {}): Promise<number> =>
    test.start(id, { ...defaultOptions, ...options });
  const server = (id: ServerId): ServerState => lab.state.servers[id]!;
  const connection = (id: ServerId, number: number): ConnectionState | undefined =>
    server(id).connections[number];

  /** Waits for events until this is so. */
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        const end = lab.onEvents(() => {
          end();
          resolve();
        });
      });
    }
  }

  it('tells the depth of an accept queue, who waits in it, and what they have sent', async () => {
    const port = await start('server1', { policy: 'queue' });
    await until(() => server('server1').kernel?.acceptQueue === 0);
    const { client } = await test.accepted(port);
    const waiting: TcpClient[] = [];
    for (let i = 0; i < 4; i++) {
      waiting.push(await test.connect(port));
      await until(() => server('server1').kernel?.acceptQueue === waiting.length);
    }
    expect(depth(port)).toBe(4);
    const ports = waiting.map((one) => one.port);
    const shown = (): number[] | undefined => server('server1').kernel?.waiting.map((w) => w.port);
    expect(shown()).toEqual(ports);

    waiting[2]?.send('12345');
    await until(() => server('server1').kernel?.waiting[2]?.receive === 5);
    expect(server('server1').kernel?.waiting.map(({ receive }) => receive)).toEqual([0, 0, 5, 0]);
    waiting[3]?.finish();
    await until(() => server('server1').kernel?.waiting[3]?.tcp === 'CLOSE_WAIT');
    expect(shown()).toEqual(ports);

    client.finish();
    await until(() => server('server1').kernel?.acceptQueue === 3);
    expect(depth(port)).toBe(3);
    expect(shown()).toEqual(ports.slice(1));
    for (const one of waiting) one.finish();
    await until(() => server('server1').kernel?.acceptQueue === 0);
    expect(shown()).toEqual([]);
  });

  it('lists at most 32 of those who wait, and counts all', async () => {
    const port = await start('server1', { policy: 'queue' });
    await test.accepted(port);
    for (let i = 0; i < 40; i++) await test.connect(port);
    await until(() => server('server1').kernel?.acceptQueue === 40);
    expect(server('server1').kernel?.waiting).toHaveLength(32);
  });

  it('shows the bytes of each client that a busy server has not read, to the byte', async () => {
    const port = await start('server3', { slowMs: 3000, idleMs: 60_000 });
    const { client: slow } = await test.accepted(port);
    const others: Awaited<ReturnType<TestLab['accepted']>>[] = [];
    for (let i = 0; i < 20; i++) others.push(await test.accepted(port));
    slow.send('1 + 1\n');
    await test.event('evaluating', ({ server: id }) => id === 'server3');
    for (const [i, { client }] of others.entries()) client.send('9'.repeat(i + 1));
    const receive = (): (number | undefined)[] =>
      others.map((other) => connection('server3', other.connection)?.kernel?.receive);
    await until(() => receive().every((bytes, i) => bytes === i + 1));
    expect(Object.values(server('server3').threads)[0]?.call).toBeNull();
    await until(() => receive().every((bytes) => bytes === 0));
  });

  it('shows a FIN and an RST that a busy server has not noticed', async () => {
    const port = await start('server3', { slowMs: 3000 });
    const { client: slow } = await test.accepted(port);
    const fin = await test.accepted(port);
    const rst = await test.accepted(port);
    slow.send('1 + 1\n');
    await test.event('evaluating', ({ server: id }) => id === 'server3', test.events.length);
    fin.client.send('123').finish();
    rst.client.reset();
    // The FIN takes a sequence number, so it counts as a byte.
    await until(
      () =>
        connection('server3', fin.connection)?.kernel?.tcp === 'CLOSE_WAIT' &&
        connection('server3', rst.connection)?.kernel?.tcp === 'CLOSE',
    );
    expect(connection('server3', fin.connection)?.kernel?.receive).toBe(4);
    expect(connection('server3', fin.connection)?.peerClosed).toBe(false);
    const { how } = await test.event(
      'closed',
      (e) => e.connection === rst.connection && e.server === 'server3',
    );
    expect(how).toBe('rst');
  });

  it('shows both queues of a client that sends and does not read', async () => {
    const port = await start('server4');
    const { client, connection: number } = await test.accepted(port);
    client.socket.pause();
    const flood = client.flood(Buffer.alloc(1024 * 1024));
    const kernel = (): ConnectionState['kernel'] | undefined =>
      connection('server4', number)?.kernel;
    const agrees = (): boolean =>
      table(port).some(
        ({ remote, tx, rx }) =>
          remote === client.port && tx === kernel()?.send && rx === kernel()?.receive,
      );
    await until(() => (kernel()?.receive ?? 0) > 0 && (kernel()?.send ?? 0) > 0 && agrees());
    flood.stop();
  });

  it('shows the connection of a server that has no listener meanwhile', async () => {
    const port = await start('server1', { policy: 'refuse' });
    const { client, connection: number } = await test.accepted(port);
    await until(() => connection('server1', number)?.kernel?.tcp === 'ESTABLISHED');
    await until(() => server('server1').kernel?.acceptQueue === null);
    expect(depth(port)).toBeUndefined();
    client.finish();
    await until(() => server('server1').kernel?.acceptQueue === 0);
  });

  it('counts sockets in TIME_WAIT', async () => {
    const port = await start('server1', { policy: 'busy' });
    await test.accepted(port);
    const turnedAway = await test.connect(port);
    await turnedAway.rest();
    turnedAway.finish();
    await until(() => server('server1').kernel?.timeWait === 1);
    expect(table(port).filter(({ st }) => st === '06')).toHaveLength(1);
  });

  it.each(['::1', '::'])('looks into the other table for a server at %s', async (address) => {
    const port = await start('server2', { address });
    const client = await TcpClient.connect(port, address === '::' ? '127.0.0.1' : address);
    const { connection: number } = await test.event('accepted', (e) => e.port === client.port);
    await until(() => connection('server2', number)?.kernel?.tcp === 'ESTABLISHED');
    expect(server('server2').kernel?.acceptQueue).toBe(0);
    client.close();
  });

  it('says nothing while nothing changes, and nothing of a server that has stopped', async () => {
    const port = await start('server4');
    const { connection: number } = await test.accepted(port);
    await until(() => connection('server4', number)?.kernel !== null);
    await until(() => Object.values(server('server4').threads)[0]?.call === 'select');
    const { seq } = lab.state;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(lab.state.seq).toBe(seq);
    await lab.stop('server4');
    expect(server('server4').kernel).toBeNull();
    const last = test.events.findLastIndex(({ type }) => type === 'stopped');
    await start('server3');
    await until(() => server('server3').kernel !== null);
    expect(
      test.events.slice(last).some((e) => e.type === 'sampled' && e.server === 'server4'),
    ).toBe(false);
  });

  it('puts those in an accept queue in order as far as somebody saw it, and no further', async () => {
    const port = await start('server1', { policy: 'queue' });
    await until(() => server('server1').kernel?.acceptQueue === 0);
    const { client } = await test.accepted(port);
    const order: TcpClient[] = [];
    const isWhole = (): boolean => server('server1').kernel?.acceptQueue === order.length;
    for (let i = 0; i < 3; i++) {
      order.push(await test.connect(port));
      await until(isWhole);
    }
    // Nobody looks between these.
    order.push(...(await Promise.all(Array.from({ length: 5 }, () => test.connect(port)))));
    await until(isWhole);
    order.push(await test.connect(port));
    await until(isWhole);

    const waiting = server('server1').kernel?.waiting ?? [];
    const batchOf = ({ port: its }: TcpClient): number =>
      waiting.find((socket) => socket.port === its)?.batch ?? NaN;
    const batches = order.map(batchOf);
    expect(new Set(batches.slice(0, 3)).size).toBe(3);
    // Each accept takes one whose batch is not behind another's.
    expect(batches).toEqual(batches.toSorted((a, b) => a - b));
    expect(new Set(batches).size).toBeLessThan(order.length);
    expect(batches.at(-1)).toBeGreaterThan(batches.at(-2) ?? NaN);

    const from = test.events.length;
    for (const one of [client, ...order]) one.finish();
    await test.event('accepted', (e) => e.port === order.at(-1)?.port, from);
    const accepted = test.events
      .slice(from)
      .flatMap((e) => (e.type === 'accepted' ? [e.port] : []))
      .map((its) => waiting.find((socket) => socket.port === its)?.batch ?? NaN);
    expect(accepted).toEqual(batches);
  });

  it('keeps a place for who was reset in the accept queue, until accept takes it', async () => {
    const port = await start('server1', { policy: 'queue' });
    const { client } = await test.accepted(port);
    const [gone, stays] = [await test.connect(port), await test.connect(port)];
    await until(() => server('server1').kernel?.waiting.length === 2);
    gone.reset();
    const tcpOf = (one: TcpClient): string | undefined =>
      server('server1').kernel?.waiting.find((socket) => socket.port === one.port)?.tcp;
    await until(() => tcpOf(gone) === 'CLOSE');
    expect(tcpOf(stays)).toBe('ESTABLISHED');
    expect(server('server1').kernel?.acceptQueue).toBe(2);
    expect(depth(port)).toBe(2);
    // And for one whom no reading can have named.
    const hidden = await test.connect(port);
    hidden.reset();
    await until(() => server('server1').kernel?.acceptQueue === 3);
    const named = server('server1').kernel?.waiting.length ?? 0;
    expect(named + (server('server1').kernel?.unnamed ?? 0)).toBe(3);
    client.finish();
    const { reset } = await test.event('accepted', (e) => e.port === gone.port, 0);
    expect(reset).toBe(true);
    stays.finish();
    await until(() => server('server1').kernel?.acceptQueue === 0);
    expect(server('server1').kernel).toMatchObject({ waiting: [], unnamed: 0 });
  });

  it('counts whom it names, at every moment of a rush, and nobody who was accepted', async () => {
    const ports = {
      server1: await start('server1', { policy: 'queue' }),
      server2: await start('server2', { maxThreads: 3 }),
      server3: await start('server3'),
      server4: await start('server4'),
    };
    const ids = ['server1', 'server2', 'server3', 'server4'] as const;
    let state = lab.state;
    let moments = 0;
    const wrong: string[] = [];
    const stop = lab.onEvents((events) => {
      for (const event of events) {
        state = apply(state, event);
        const { kernel, connections } = state.servers[event.server]!;
        if (kernel?.acceptQueue === null || kernel?.acceptQueue === undefined) continue;
        const { acceptQueue, waiting, unnamed } = kernel;
        moments += 1;
        const named = waiting.length + unnamed;
        const isWhole = acceptQueue > 32 ? acceptQueue >= named : acceptQueue === named;
        if (!isWhole) wrong.push(`${event.seq} ${event.server}: ${acceptQueue} and ${named}`);
        // No port is used twice here.
        const open = new Set(Object.values(connections).map(({ port }) => port));
        for (const { port } of waiting)
          if (open.has(port)) wrong.push(`${event.seq} ${event.server}: ${port} is accepted`);
      }
    });
    const open: { client: TcpClient; id: (typeof ids)[number] }[] = [];
    for (let round = 0; round < 30; round++) {
      const newcomers = ids.flatMap((id) =>
        round % 3 > 0 && id < 'server3' ? [] : (Array(5).fill(id) as (typeof ids)[number][]),
      );
      for (const [i, id] of newcomers.entries()) {
        const client = await TcpClient.connect(ports[id]);
        client.send('1 + 1\n');
        open.push({ client, id });
        if (i % 7 === 3) client.reset();
      }
      for (const { client } of open.splice(0, round % 5 === 4 ? 15 : 3)) client.close();
      if (round === 15) await lab.restart('server2', { port: ports.server2 });
      if (round % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await until(() => (server('server1').kernel?.waiting.length ?? 0) > 0);
    for (const { client } of open) client.close();
    await until(() => server('server1').kernel?.acceptQueue === 0);
    stop();
    expect(moments).toBeGreaterThan(300);
    expect(wrong).toEqual([]);
  });

  it('is right for a thousand mixed connections', async () => {
    const ports = {
      server1: await start('server1', { policy: 'queue' }),
      server2: await start('server2', { maxThreads: 4 }),
      server3: await start('server3'),
      server4: await start('server4'),
    };
    const ids = ['server1', 'server2', 'server3', 'server4'] as const;
    const from = test.events.length;
    const open = new Map<TcpClient, ServerId>();
    const stays = new Set<TcpClient>(); // so that servers 1 and 2 have somebody in their queues
    for (let i = 0; i < 1000; i++) {
      const id = ids[i % 40 < 2 ? i % 40 : 2 + (i % 2)]!;
      const client = await TcpClient.connect(ports[id]);
      open.set(client, id);
      if (i < 240 && (id === 'server1' || id === 'server2')) stays.add(client);
      if (Math.random() < 0.5) client.send('1 + 1\n');
      for (const one of open.keys()) {
        if (stays.has(one) || Math.random() > 0.008) continue;
        open.delete(one);
        const chance = Math.random();
        if (chance < 0.4) one.close();
        else if (chance < 0.7) one.reset();
        else one.finish();
      }
      if (i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // Each who waits gets a figure of its own, so that a wrong label would show.
    let bytes = 100;
    for (const [client, id] of open)
      if (id === 'server1' || id === 'server2') client.send('9'.repeat(bytes++));

    const states: Record<string, string> = { ESTABLISHED: '01', FIN_WAIT2: '05', CLOSE_WAIT: '08' };
    /** What the lab shows of its servers' sockets, and what the table says of the same. */
    const shown = (): unknown[] =>
      ids.map((id) => {
        const { kernel, connections } = server(id);
        const sockets = Object.values(connections).map(({ port, kernel: socket }) => ({
          port,
          ...socket!,
        }));
        return [
          kernel?.acceptQueue,
          kernel?.timeWait,
          // Whoever was reset in the queue has no line any more, and keeps its place.
          [...sockets, ...(kernel?.waiting ?? []).filter(({ tcp }) => tcp !== 'CLOSE')]
            .map(({ port, tcp, receive, send }) =>
              [port, states[tcp] ?? tcp, receive, send].join(' '),
            )
            .sort(),
        ];
      });
    const inTheTable = (): unknown[] =>
      ids.map((id) => {
        const lines = table(ports[id]);
        return [
          depth(ports[id]),
          lines.filter(({ st }) => st === '06').length,
          lines
            .filter(({ st }) => Object.values(states).includes(st))
            .map(({ remote, st, rx, tx }) => [remote, st, rx, tx].join(' '))
            .sort(),
        ];
      });
    await expect
      .poll(() => isDeepStrictEqual(shown(), inTheTable()), { timeout: 20_000 })
      .toBe(true);
    const held = ids.reduce((sum, id) => sum + Object.keys(server(id).connections).length, 0);
    expect(held).toBeGreaterThan(50);
    for (const id of ['server1', 'server2'] as const)
      expect(server(id).kernel?.waiting.length).toBeGreaterThan(0);
    // Everybody who waits is a client of that server that is still there, or left by its own FIN.
    // Two clients of different servers may have the same port.
    const known = new Set([...open].map(([client, id]) => `${id} ${client.port}`));
    for (const id of ids)
      for (const { port, tcp } of server(id).kernel?.waiting ?? [])
        if (tcp === 'ESTABLISHED') expect(known).toContain(`${id} ${port}`);
    // A sample never spoke of a connection that was not open then, or of one accepted after it.
    const acceptedAt = new Map<string, number>();
    const ended = new Set<string>();
    let samples = 0;
    for (const event of test.events.slice(from)) {
      if (event.type === 'accepted') acceptedAt.set(`${event.server} ${event.connection}`, event.t);
      if (event.type === 'closed') ended.add(`${event.server} ${event.connection}`);
      if (event.type !== 'sampled') continue;
      for (const { connection: number } of event.connections) {
        const key = `${event.server} ${number}`;
        samples += 1;
        expect(ended.has(key)).toBe(false);
        expect(acceptedAt.get(key)).toBeLessThan(event.t);
      }
    }
    expect(samples).toBeGreaterThan(100);
    for (const client of open.keys()) client.close();
  });
});

/** A sampler whose tables are files of the test, and a lab that is only a state. */
class HandMade {
  readonly folder = mkdtempSync(join(tmpdir(), 'proc-net-'));
  readonly facts: (LabFact & { server: ServerId })[] = [];
  lab: LabState = emptyLab('one', assignment);
  readonly sampler = new KernelSampler(
    {
      state: () => this.lab,
      now: () => this.lab.t + 1,
      report: (server, facts) => {
        this.meanwhile?.();
        for (const fact of facts(this.lab.servers[server]!)) {
          this.log(server, fact);
          this.facts.push({ ...fact, server });
        }
        for (const wake of this.#watchers.splice(0)) wake();
      },
    },
    this.folder,
  );
  /** Happens after the table was read and before what was read is told. */
  meanwhile: (() => void) | undefined;
  #watchers: (() => void)[] = [];

  log(server: ServerId, fact: LabFact): void {
    const { epoch, seq, t } = this.lab;
    const event: LabEvent = { ...fact, epoch, seq: seq + 1, t: t + 1, server, thread: null };
    this.lab = apply(this.lab, event);
    this.sampler.observe(event);
  }

  listen(server: ServerId, port: number): void {
    this.log(server, { type: 'listening', fd: 20, address: '127.0.0.1', port, backlog: 5 });
  }

  accept(connection: number, port: number): void {
    this.log('server3', { type: 'accepted', connection, fd: 30, address: '127.0.0.1', port });
  }

  /** Rows of the table as [remote port, state, receive queue, inode], of local port 5003. */
  write(...rows: [number, string, number, number][]): void {
    const hex = (value: number, digits: number): string =>
      value.toString(16).toUpperCase().padStart(digits, '0');
    const lines = rows.map(
      ([port, st, rx, inode], i) =>
        `${i}: 0100007F:${hex(5003, 4)} 0100007F:${hex(port, 4)} ${st} 00000000:${hex(rx, 8)} 00:00000000 00000000 0 0 ${inode} 1\n`,
    );
    writeFileSync(
      join(this.folder, 'tcp'),
      ['  sl  local_address rem_address   st …\n', ...lines].join(''),
    );
  }

  async next(): Promise<LabFact & { server: ServerId }> {
    const { length } = this.facts;
    while (this.facts.length === length)
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    return this.facts[length]!;
  }

  async close(): Promise<void> {
    await this.sampler.stop();
    rmSync(this.folder, { recursive: true });
  }
}

describe('a sampler', () => {
  const made: HandMade[] = [];
  const handMade = (): HandMade => {
    const one = new HandMade();
    made.push(one);
    return one;
  };
  afterAll(() => Promise.all(made.map((one) => one.close())));

  it('says once of each server why it cannot look, also of those that start later', async () => {
    const test = handMade();
    test.listen('server3', 5003);
    expect(await test.next()).toEqual({
      type: 'unobservable',
      reason: expect.stringMatching(/^ENOENT.*proc-net-.*tcp/) as string,
      server: 'server3',
    });
    expect(test.lab.servers.server3!.unobservable).toContain('ENOENT');
    test.write();
    test.listen('server4', 5004);
    expect(await test.next()).toMatchObject({ type: 'unobservable', server: 'server4' });
    expect(test.facts).toHaveLength(2);
  });

  it('does not take any file for the table', async () => {
    const test = handMade();
    writeFileSync(join(test.folder, 'tcp'), '<html>\n<p>\n');
    test.listen('server3', 5003);
    expect(await test.next()).toMatchObject({
      type: 'unobservable',
      reason: `${join(test.folder, 'tcp')} is not a table of sockets`,
    });
  });

  it('never gives a connection what belongs to a later one from the same port', async () => {
    const test = handMade();
    const kernelOf = (id: number): unknown => test.lab.servers.server3!.connections[id]?.kernel;
    test.write([0, '0A', 0, 1]);
    test.listen('server3', 5003);
    await test.next();
    test.accept(1, 4000);
    test.write([0, '0A', 0, 1], [4000, '01', 3, 101]);
    await test.next();
    expect(kernelOf(1)).toEqual({ tcp: 'ESTABLISHED', receive: 3, send: 0 });

    // Connection 1 is gone; another from its port waits, which the log says nothing of so far.
    test.write([0, '0A', 1, 1], [4000, '01', 70, 0]);
    const waits = await test.next();
    expect(waits).toMatchObject({
      acceptQueue: 1,
      waiting: [{ address: '127.0.0.1', port: 4000, receive: 70 }],
      connections: [],
    });
    // It is accepted, and still the log does not know.
    test.write([0, '0A', 0, 1], [4000, '01', 71, 102]);
    expect(await test.next()).toMatchObject({ acceptQueue: 0, waiting: [], connections: [] });
    // Now it does: and the end of connection 1 is still to be told.
    test.accept(2, 4000);
    expect(await test.next()).toMatchObject({ connections: [{ connection: 2, receive: 71 }] });
    expect(kernelOf(1)).toEqual({ tcp: 'ESTABLISHED', receive: 3, send: 0 });
  });

  it('believes only the second time that a socket is gone from the table', async () => {
    const test = handMade();
    test.write([0, '0A', 0, 1], [4000, '01', 3, 101]);
    test.listen('server3', 5003);
    await test.next();
    test.accept(1, 4000);
    await test.next();
    test.write([0, '0A', 1, 1]);
    expect(await test.next()).toMatchObject({
      acceptQueue: 1,
      waiting: [],
      unnamed: 1,
      connections: [{ connection: 1, tcp: 'CLOSE', receive: 0, send: 0 }],
    });
    test.write([0, '0A', 1, 1], [4000, '01', 3, 101]);
    expect(await test.next()).toMatchObject({
      connections: [{ connection: 1, tcp: 'ESTABLISHED', receive: 3 }],
    });
  });

  it('forgets what it read of a listener that is closed by the time it would be told', async () => {
    const test = handMade();
    test.write([0, '0A', 0, 1]);
    test.listen('server3', 5003);
    await test.next();
    test.write([0, '0A', 1, 1], [4000, '01', 4, 0]);
    test.meanwhile = () => {
      test.meanwhile = undefined;
      test.accept(1, 4000);
      test.write([0, '0A', 0, 2], [4000, '01', 4, 101]);
      test.log('server3', { type: 'listenerClosed', fd: 20 });
      test.listen('server3', 5003);
    };
    expect(await test.next()).toMatchObject({ acceptQueue: 0, waiting: [] });
  });

  it('does not name who was reset and accepted while the table was read', async () => {
    const test = handMade();
    test.write([0, '0A', 0, 1]);
    test.listen('server3', 5003);
    await test.next();
    test.write([0, '0A', 1, 1], [4000, '01', 4, 0]);
    test.meanwhile = () => {
      test.meanwhile = undefined;
      const client = { connection: 1, fd: 30, address: '127.0.0.1', port: 4000 };
      test.log('server3', { type: 'accepted', ...client, reset: true });
      test.write([0, '0A', 1, 1], [4001, '01', 0, 0]);
    };
    const named = await test.next();
    expect(named).toMatchObject({ waiting: [{ port: 4001 }] });
  });
});
