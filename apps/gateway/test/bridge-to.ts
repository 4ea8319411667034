/**
 * The bridge to a TCP server of the test's own, because the lab's four servers do not write 8 MiB
 * and end, stop reading, or reset. All sockets are real; only the lab is played.
 */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import websocket from '@fastify/websocket';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { assignment } from '@sockscope/tcp-core/designs/all';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import Fastify from 'fastify';
import { registerClientBridge } from '../src/bridge/client-bridge.ts';
import { compileValidator } from '../src/schemas/validation.ts';

export interface Bridge {
  /** `127.0.0.1:<port>` */
  host: string;
  /** The first socket that connected to the test's server. */
  accepted: Promise<Socket>;
  close(): Promise<void>;
}

/** `serve` gets every socket that connects through `/ws/client/server4`. */
export async function bridgeTo(
  serve: (socket: Socket) => void = () => undefined,
  { maxSessions = 2000, closeTimeout = 5000 } = {},
): Promise<Bridge> {
  const sockets = new Set<Socket>();
  const target = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    serve(socket);
  }).listen(0, '127.0.0.1', 1024);
  const accepted = once(target, 'connection').then(([socket]) => socket as Socket);
  await once(target, 'listening');

  const state = emptyLab('test', assignment);
  const { port } = target.address() as AddressInfo;
  Object.assign(state.servers.server4!, { status: 'listening', address: '127.0.0.1', port });
  const lab = {
    state,
    onEvents: () => () => undefined,
    record: () => undefined,
    now: () => performance.now() * 1000,
  };

  const app = Fastify().withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(compileValidator);
  // As in app.ts; the types do not know closeTimeout in a literal.
  const options = { maxPayload: 1024 * 1024, perMessageDeflate: false, closeTimeout };
  await app.register(websocket, {
    options,
    errorHandler: () => undefined,
  });
  await app.register((routes, _options, done) => {
    registerClientBridge(routes, { lab, maxSessions });
    done();
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    host: `127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    accepted,
    close: async () => {
      for (const client of app.websocketServer.clients) client.terminate();
      await app.close();
      for (const socket of sockets) socket.destroy();
      target.close();
    },
  };
}
