/**
 * The labels against the truth: a kernel in miniature, whose accept queue is first in, first out and
 * keeps the dead, few ports that are used again at once, a gateway that learns of its own sockets late,
 * and a log that comes later still.
 */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Identifier, type OwnSocket } from '../src/bridge/identify.ts';

const PORTS = [40000, 40001, 40002];

interface Client {
  port: number;
  /** The browser client's session; undefined for a stranger. */
  session: string | undefined;
  own: OwnSocket | undefined;
  /** Its end of the connection, as it is in truth. */
  state: 'open' | 'reset';
  connection: number | undefined;
  /** The server has closed it. */
  closed: boolean;
}

class World {
  now = 0;
  readonly truth = new Map<number, string | undefined>();
  readonly verdicts = new Map<number, string | null>();
  readonly queue: Client[] = [];
  readonly clients: Client[] = [];
  readonly identifier = new Identifier(
    ({ connection, session }) => {
      expect(this.verdicts.has(connection)).toBe(false);
      this.verdicts.set(connection, session);
    },
    () => this.now,
  );
  /** What the gateway's event loop, and the log's readers, have not come to yet. */
  readonly callbacks: (() => void)[] = [];
  readonly log: LabEvent[] = [];
  #sessions = 0;

  pass(us: number): void {
    this.now += us;
  }

  event(event: Record<string, unknown>): void {
    const stamp = { epoch: 'one', seq: 1, t: this.now, server: 'server1', thread: 1 };
    this.log.push({ ...stamp, ...event } as LabEvent);
  }

  isFree(port: number): boolean {
    return !this.clients.some((one) => one.port === port && one.state === 'open' && !one.closed);
  }

  connect(port: number, isOwn: boolean, reserved: boolean): void {
    if (!this.isFree(port)) return;
    const client: Client = {
      port,
      session: isOwn ? `s${++this.#sessions}` : undefined,
      own: undefined,
      state: 'open',
      connection: undefined,
      closed: false,
    };
    if (client.session !== undefined) {
      const own = this.identifier.connecting('server1', client.session, '127.0.0.1', reserved);
      client.own = own;
      this.pass(60);
      this.callbacks.push(
        () => this.identifier.bound(own, '127.0.0.1', port),
        () => this.identifier.connected(own, '127.0.0.1', port),
      );
    }
    this.clients.push(client);
    this.queue.push(client);
  }

  reset(client: Client): void {
    if (client.state === 'reset' || client.closed) return;
    const { own } = client;
    // The gateway resets what it knows to be connected.
    if (own) this.catchUp();
    if (own) this.identifier.leaving(own);
    client.state = 'reset';
    if (own) this.callbacks.push(() => this.identifier.closed(own, true));
  }

  accept(): void {
    const client = this.queue.shift();
    if (!client) return;
    const connection = this.truth.size + 1;
    this.truth.set(connection, client.session);
    client.connection = connection;
    const peer = { address: '127.0.0.1', port: client.port };
    const reset = client.state === 'reset' && { reset: true };
    this.event({ type: 'accepted', connection, fd: 9, ...peer, ...reset });
  }

  send({ connection, state, closed }: Client): void {
    if (connection === undefined || state === 'reset' || closed) return;
    this.event({ type: 'sent', connection, fd: 9, bytes: 1, requested: 1, preview: '1' });
  }

  /** The server closes it, and the client in its turn. */
  close(client: Client): void {
    const { own } = client;
    if (client.connection === undefined || client.closed) return;
    client.closed = true;
    if (!own || client.state === 'reset') return;
    this.callbacks.push(() => {
      this.identifier.endedByServer(own);
      this.identifier.closed(own, false);
    });
  }

  select(): void {
    const readable = this.queue.length > 0 ? [3] : [];
    this.event({
      type: 'selected',
      read: [3],
      write: [],
      own: [],
      readable,
      writable: [],
      micros: 0,
    });
  }

  restart(): void {
    this.event({ type: 'listenerClosed', fd: 3 });
    for (const client of this.queue.splice(0)) {
      client.connection = 0;
      this.close(client);
    }
    for (const client of this.clients) this.close(client);
    this.pass(100);
    this.event({ type: 'stopped' });
    this.pass(100);
    this.event({ type: 'listening', fd: 3, address: '127.0.0.1', port: 5001, backlog: 511 });
  }

  /** The gateway comes to what has happened to its sockets. */
  catchUp(): void {
    for (const callback of this.callbacks.splice(0)) {
      this.pass(10);
      callback();
    }
  }

  /** The gateway reads the log. */
  read(): void {
    for (const event of this.log.splice(0)) this.identifier.observe(event);
  }

  settle(): void {
    this.catchUp();
    while (this.queue.length > 0) {
      this.pass(100);
      this.accept();
    }
    this.pass(100);
    this.select();
    this.read();
  }
}

const port = fc.constantFrom(...PORTS);
const index = fc.nat(1000);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('page' as const), port, reserved: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('stranger' as const), port }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('reset' as const), index }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('accept' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('send' as const), index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('select' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('catchUp' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);

function run(steps: (typeof step extends fc.Arbitrary<infer S> ? S : never)[]): World {
  const world = new World();
  world.event({ type: 'listening', fd: 3, address: '127.0.0.1', port: 5001, backlog: 511 });
  for (const one of steps) {
    world.pass(200);
    const client = 'index' in one ? world.clients[one.index % world.clients.length] : undefined;
    if (one.do === 'page') world.connect(one.port, true, one.reserved);
    else if (one.do === 'stranger') world.connect(one.port, false, false);
    else if (one.do === 'wait') world.pass(150_000);
    else if (one.do === 'accept') world.accept();
    else if (one.do === 'select') world.select();
    else if (one.do === 'restart') world.restart();
    else if (one.do === 'catchUp') world.catchUp();
    else if (one.do === 'read') world.read();
    else if (client) world[one.do](client);
  }
  world.settle();
  return world;
}

describe('labels', () => {
  it('are never wrong, whatever comes between, and mostly given', () => {
    let accepted = 0;
    let pending = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), (steps) => {
        const { verdicts, truth } = run(steps);
        for (const [connection, session] of verdicts)
          expect([connection, session]).toEqual([connection, truth.get(connection) ?? null]);
        accepted += truth.size;
        pending += truth.size - verdicts.size;
      }),
      { numRuns: 5000, seed: 8 },
    );
    expect(accepted).toBeGreaterThan(8_000);
    expect(pending / accepted).toBeLessThan(0.1);
  }, 60_000);
});
