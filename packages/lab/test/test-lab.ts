/** A lab for a test file: real servers on free ports, and its events to be awaited. */

import { afterAll, afterEach } from 'vitest';
import { Lab } from '../src/lab.ts';
import type { ServerOptions } from '../src/ours/server-options.ts';
import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import { TcpClient } from '@sockscope/test-kit/tcp-client';

type EventOf<T extends LabEvent['type']> = Extract<LabEvent, { type: T }>;

export class TestLab {
  readonly lab = new Lab();
  readonly events: LabEvent[] = [];
  #watchers: (() => void)[] = [];
  #clients: TcpClient[] = [];

  constructor() {
    this.lab.onEvents((batch) => {
      this.events.push(...batch);
      for (const wake of this.#watchers.splice(0)) wake();
    });
    afterEach(() => {
      for (const client of this.#clients.splice(0)) client.close();
    });
    afterAll(() => this.lab.close());
  }

  async start(server: ServerId, options: Partial<ServerOptions> = {}): Promise<number> {
    return (await this.lab.start(server, { port: 0, ...options })).port;
  }

  /** A client that is closed at the end of the test. */
  async connect(port: number): Promise<TcpClient> {
    const client = await TcpClient.connect(port);
    this.#clients.push(client);
    return client;
  }

  /** A client, once the server has accepted it, and the number of its connection. */
  async accepted(port: number): Promise<{ client: TcpClient; connection: number; fd: number }> {
    const before = this.events.length; // ports are used again
    const client = await this.connect(port);
    const { connection, fd } = await this.event(
      'accepted',
      (event) => event.port === client.port,
      before,
    );
    return { client, connection, fd };
  }

  /** Waits until the server has no connection open. */
  async idle(server: ServerId): Promise<void> {
    while (Object.keys(this.lab.state.servers[server]!.connections).length > 0) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** The first event of this type that fits, past or still to come. */
  async event<T extends LabEvent['type']>(
    type: T,
    fits: (event: EventOf<T>) => boolean = () => true,
    from = 0,
  ): Promise<EventOf<T>> {
    for (;;) {
      const found = this.events
        .slice(from)
        .find((event): event is EventOf<T> => event.type === type && fits(event as EventOf<T>));
      if (found) return found;
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }
}
