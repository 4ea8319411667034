/** The lab by plain HTTP: its state, its history, its health, and the controls of its servers. */

import type { Lab } from '@sockscope/lab/lab';
import type { Control } from '@sockscope/tcp-core/trace/control';
import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { serversInOrder, serverWithId } from '@sockscope/tcp-core/trace/lab-state';
import { settingsOf } from '@sockscope/tcp-core/trace/settings';
import type { FastifyReply, preHandlerHookHandler } from 'fastify';
import { readingLimit, type AddressLimits } from '../door/address-limits.ts';
import { Denial } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import { historyOf, snapshotOf } from './lab-json.ts';
import {
  ServerChanges,
  ServerParams,
  type HealthAnswer,
  type ServerAnswer,
} from '../schemas/schemas.ts';
import { SharedJson } from './shared-json.ts';

/** An answer to `GET /api/history` may be so many milliseconds old. */
const HISTORY_MS = 500;

export function registerLabRoutes(
  app: Gateway,
  { lab, limits }: { lab: Lab; limits?: AddressLimits | undefined },
): void {
  const startedAt = performance.now();
  const anyone = { config: { anyone: true } } as const;
  const reading = limits
    ? { config: { ...anyone.config, rateLimit: readingLimit(limits) } }
    : anyone;

  const state = new SharedJson(...snapshotOf(lab), 0);
  app.get('/api/lab', reading, (_request, reply) => answer(reply, state));

  // A class that opens a stage together gets what was written for the first of them.
  const history = new SharedJson(...historyOf(lab), HISTORY_MS);
  app.get('/api/history', reading, (_request, reply) => answer(reply, history));

  app.get('/healthz', anyone, (_request, reply) => {
    const servers = serversInOrder(lab.state);
    const crashed = servers.some(({ status }) => status === 'crashed');
    const health: HealthAnswer = {
      status: crashed ? 'crashed' : 'ok',
      epoch: lab.epoch,
      seq: lab.state.seq,
      uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000),
      servers: Object.fromEntries(servers.map(({ id, status }) => [id, status])),
    };
    return reply
      .code(crashed ? 503 : 200)
      .header('cache-control', 'no-store')
      .send(health);
  });

  // The lab itself lets controls of one server wait for each other.
  const joined: preHandlerHookHandler = ({ params }, _reply, done) => {
    const { server } = params as ServerParams;
    done(serverWithId(lab.state, server) ? undefined : new Denial('noServer'));
  };
  for (const what of ['start', 'stop', 'restart'] as const)
    app.post(
      `/api/servers/:server/${what}`,
      { schema: { params: ServerParams }, preHandler: joined },
      ({ params: { server } }) => done(server, { do: what }),
    );

  app.patch(
    '/api/servers/:server',
    { schema: { params: ServerParams, body: ServerChanges }, preHandler: joined },
    ({ params: { server }, body }) => done(server, { do: 'set', settings: body }),
  );

  /** Answers when it is done. */
  async function done(server: ServerId, control: Control): Promise<ServerAnswer> {
    try {
      await lab.control(server, control);
    } catch (error) {
      // All but a stop start it.
      if (control.do === 'stop') throw error;
      throw new Denial('cannotStart', (error as Error).message);
    }
    return now(server);
  }

  function now(server: ServerId): ServerAnswer {
    const { status, address, port } = lab.state.servers[server]!;
    return { server, status, address, port, settings: settingsOf(lab.optionsOf(server)) };
  }
}

/** Sends what all readers share, and gives it back when it is read, or the reader gone. */
async function answer(reply: FastifyReply, json: SharedJson): Promise<FastifyReply> {
  const version = await json.take();
  const { raw } = reply;
  const release = (): void => json.release(version);
  if (raw.closed) release();
  else raw.once('close', release);
  return reply
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(version.bytes);
}
