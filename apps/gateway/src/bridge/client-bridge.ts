/** `GET /ws/client/:server`: the browser clients, one WebSocket each. */

import { randomUUID } from 'node:crypto';
import type { Lab } from '@sockscope/lab/lab';
import { reachableHere } from '@sockscope/tcp-core/trace/addresses';
import { nearestName } from '@sockscope/tcp-core/trace/client-name';
import { serverWithId } from '@sockscope/tcp-core/trace/lab-state';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from '@fastify/websocket';
import { ClientSession } from './client-session.ts';
import { closings, Denial } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import { Identifier } from './identify.ts';
import { TICK_MS } from './page-socket.ts';
import { PeerProofs } from './peer-proof.ts';
import { ClientQuery, ServerParams } from '../schemas/schemas.ts';

export interface BridgeOptions {
  lab: Pick<Lab, 'state' | 'onEvents' | 'record' | 'now'>;
  /** How many browser clients there may be at once; more are denied with 503. */
  maxSessions: number;
}

export function registerClientBridge(app: Gateway, { lab, maxSessions }: BridgeOptions): void {
  const sessions = new Set<ClientSession>();
  const identifier = new Identifier(
    ({ server, ...whose }) => lab.record(server, { type: 'identified', ...whose }),
    () => lab.now(),
  );
  const proofs = new PeerProofs();
  const unsubscribe = lab.onEvents((events) => {
    for (const event of events) {
      identifier.observe(event);
      proofs.observe(event);
    }
  });
  const ticks = setInterval(() => {
    for (const session of sessions) session.tick();
  }, TICK_MS).unref();

  app.get(
    '/ws/client/:server',
    {
      websocket: true,
      config: { anyone: true },
      schema: { params: ServerParams, querystring: ClientQuery },
      preHandler: ({ params: { server } }, _reply, done) => {
        if (!serverWithId(lab.state, server)) done(new Denial('noServer'));
        else done(sessions.size >= maxSessions ? new Denial('full') : undefined);
      },
    },
    open,
  );

  app.addHook('preClose', (done) => {
    clearInterval(ticks);
    unsubscribe();
    for (const session of sessions) session.destroy();
    done();
  });

  function open(
    webSocket: WebSocket,
    {
      raw: { socket },
      params: { server },
      query: { halfOpen = false, name = '' },
      log,
    }: FastifyRequest<{ Params: ServerParams; Querystring: ClientQuery }>,
  ): void {
    const state = () => lab.state.servers[server]!;
    // A name that others could choose, or use again, would let them pass for this client on its page.
    const given = randomUUID();
    const { address, port, status } = state();
    if (sessions.size >= maxSessions) {
      webSocket.close(...closings.full);
      return;
    }
    if (address === null || port === null) {
      neverListened(webSocket);
      return;
    }
    const session = new ClientSession({
      webSocket,
      socket,
      server,
      session: given,
      name: nearestName(name),
      halfOpen,
      address: reachableHere(address),
      port,
      identifier,
      prove: (tcp) => proofs.begin(state, tcp),
      record: (id, fact) => lab.record(id, fact),
      isUp: () => !['stopped', 'crashed'].includes(state().status),
      log,
      onClosed: () => sessions.delete(session),
    });
    log.debug({ server, session: given, port, status }, 'browser client opened');
    sessions.add(session);
  }
}

/** There is no address to connect to. */
function neverListened(webSocket: WebSocket): void {
  webSocket.send(JSON.stringify({ type: 'ended', how: 'failed', errno: null }));
  webSocket.close(...closings.ended);
}
