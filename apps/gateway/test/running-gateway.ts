/** A real gateway on free ports with real servers, and clients for it. */

import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Lab } from '@sockscope/lab/lab';
import type { ServerOptions } from '@sockscope/lab/ours/server-options';
import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { pino } from 'pino';
import { WebSocket, type ClientOptions } from 'ws';
import { buildApp, type Lan } from '../src/app.ts';
import type { Gateway } from '../src/gateway.ts';

export interface Running {
  lab: Lab;
  app: Gateway;
  /** `127.0.0.1:<port>` */
  host: string;
  close(): Promise<void>;
}

export async function startGateway({
  servers = serverIds,
  serverOptions = {},
  webRoot = '/nowhere',
  maxSessions = 2000,
  observeKernel = true,
  listenAt = '127.0.0.1',
  lan,
  also,
}: {
  servers?: readonly ServerId[];
  serverOptions?: Partial<ServerOptions>;
  webRoot?: string;
  maxSessions?: number;
  /** False where a test needs a log in which nothing happens by itself. */
  observeKernel?: boolean;
  /** Where the page is: 127.0.0.1 must reach it. */
  listenAt?: string;
  lan?: Lan;
  /** Adds routes of the test's own. */
  also?: (app: Gateway) => void;
} = {}): Promise<Running> {
  const lab = new Lab({ observeKernel });
  const logger = pino({ level: 'silent' });
  const app = await buildApp({ lab, webRoot, options: { maxSessions }, lan, logger });
  also?.(app);
  await Promise.all(servers.map((server) => lab.start(server, serverOptions)));
  await app.listen({ host: listenAt, port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    await app.close();
    await lab.close();
  };
  return { lab, app, host: `127.0.0.1:${port}`, close };
}

/** Resolves with the first event, past or coming, for which `wanted` is true. */
export async function eventOf<T extends LabEvent['type']>(
  lab: Lab,
  type: T,
  wanted: (event: Extract<LabEvent, { type: T }>) => boolean = () => true,
): Promise<Extract<LabEvent, { type: T }>> {
  const find = (events: readonly LabEvent[]): Extract<LabEvent, { type: T }> | undefined =>
    events.find(
      (event): event is Extract<LabEvent, { type: T }> =>
        event.type === type && wanted(event as Extract<LabEvent, { type: T }>),
    );
  const past = find(lab.state.log);
  if (past) return past;
  return new Promise((resolve) => {
    const unsubscribe = lab.onEvents((events) => {
      const event = find(events);
      if (!event) return;
      unsubscribe();
      resolve(event);
    });
  });
}

/** A plain TCP client of a server. */
export async function tcpClient(lab: Lab, server: ServerId): Promise<Socket> {
  const { address, port } = lab.state.servers[server]!;
  const socket = connect({ host: address ?? '', port: port ?? 0, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** Everything that a socket receives until it ends. */
export async function received(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

/** A browser client: keeps what came over its WebSocket. */
export class BrowserClient {
  readonly webSocket: WebSocket;
  readonly chunks: Buffer[] = [];
  readonly control: Record<string, unknown>[] = [];
  /** Close code and reason. */
  readonly closed: Promise<[number, string]>;
  #look: (() => void)[] = [];

  constructor({ host }: { host: string }, path: string, options: ClientOptions = {}) {
    this.webSocket = new WebSocket(`ws://${host}${path}`, options);
    this.webSocket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.chunks.push(data);
      else this.control.push(JSON.parse(data.toString()) as Record<string, unknown>);
      for (const look of this.#look) look();
    });
    this.closed = new Promise((resolve, reject) => {
      this.webSocket.on('close', (code, reason) => resolve([code, reason.toString()]));
      this.webSocket.on('error', reject);
    });
    this.closed.catch(() => undefined);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }

  /** Resolves as soon as `condition` is true of what has come. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      this.#look.push(() => condition() && resolve());
    });
  }

  /** How opening it came out: `connected`, or the error that denied it. */
  async frameOrDenial(): Promise<string> {
    const denied = this.closed.then(
      () => 'closed',
      (error: unknown) => String(error),
    );
    return Promise.race([this.frame('connected').then(() => 'connected'), denied]);
  }

  /** The first control frame of a type. */
  async frame(type: string): Promise<Record<string, unknown>> {
    const find = () => this.control.find((frame) => frame['type'] === type);
    await this.until(() => find() !== undefined);
    return find() ?? {};
  }
}
