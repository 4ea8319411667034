/** The gateway as a Fastify instance: what it serves, behind which door, with which answers. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import websocket from '@fastify/websocket';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Lab } from '@sockscope/lab/lab';
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyReply } from 'fastify';
import type { WebSocket } from '@fastify/websocket';
import { registerClientBridge } from './bridge/client-bridge.ts';
import { limitAddresses, registerRateLimit, type AddressLimits } from './door/address-limits.ts';
import { answerOnResponse, answerOnSocket, bareHeaders } from './door/bare-answer.ts';
import {
  ANSWER_MS,
  connectionsForAll,
  HEAD_MS,
  IDLE_MS,
  limitConnections,
  LOOK_MS,
  REQUEST_MS,
  STALL_MS,
} from './door/connection-limits.ts';
import { denialAtDoor } from './door/door.ts';
import { guard } from './door/guard.ts';
import { handshakeDenial } from './door/handshake.ts';
import { Presenter } from './door/presenter.ts';
import { closings, Denial, type DenialName } from './errors.ts';
import type { Gateway } from './gateway.ts';
import { registerLabRoutes } from './routes/lab-routes.ts';
import { registerLabStream } from './routes/lab-stream.ts';
import { registerHeaders, registerPage } from './routes/page.ts';
import { registerPresenterRoutes } from './routes/presenter-routes.ts';
import { compileValidator } from './schemas/validation.ts';

const BODY_BYTES = 16 * 1024;
const FRAME_BYTES = 1024 * 1024;

const webSocketOptions = {
  maxPayload: FRAME_BYTES,
  // A part of a message costs memory however small it is. Browsers send large messages in few.
  maxFragments: 1024,
  maxBufferedChunks: 8192,
  perMessageDeflate: false,
  // Milliseconds that a peer has to answer the closing handshake: always, and when all must end.
  closeTimeout: 5000,
};
const DISMISS_MS = 200;

export interface AppOptions {
  lab: Lab;
  /** The folder of the built page. */
  webRoot: string;
  options: { maxSessions: number };
  /** Given if other machines reach the page. */
  lan?: Lan | undefined;
  logger: FastifyBaseLogger;
}

/** What is different where other machines reach the page. */
export interface Lan extends AddressLimits {
  /** Who has it may control the servers, nobody else. */
  token: string;
  /** This machine's names in its network. */
  names: readonly string[];
}

/** Builds the gateway; `listen` opens it, `close` ends it and every WebSocket and session in it. */
export async function buildApp({
  lab,
  webRoot,
  options,
  lan,
  logger,
}: AppOptions): Promise<Gateway> {
  const presenter = new Presenter(lan?.token);
  const app = Fastify({
    loggerInstance: logger,
    bodyLimit: BODY_BYTES,
    // Keep-alive connections of browsers would hold up the end.
    forceCloseConnections: true,
    return503OnClosing: false,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: IDLE_MS,
    http: {
      // The door answers a missing Host itself, like everything that it denies.
      requireHostHeader: false,
      headersTimeout: HEAD_MS,
      connectionsCheckingInterval: LOOK_MS,
    },
    frameworkErrors: (error, { raw }, reply: FastifyReply) => {
      // No hook runs for these: the door is asked here, and an upgrade's connection ended.
      const denial = denialAtDoor(raw, lan?.names) ?? denialFor(error);
      if (raw.headers.upgrade) reply.raw.once('finish', () => raw.socket.destroySoon());
      void reply.code(denial.statusCode).headers(bareHeaders).send(denial.answer);
    },
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>();
  const uncount = limitConnections(app.server, {
    perAddress: lan?.connectionsPerAddress ?? Infinity,
    total: connectionsForAll(),
    isOwn: lan?.isExempt,
  });
  app.server.on('checkExpectation', (request, response) => {
    answerOnResponse(response, denialAtDoor(request, lan?.names) ?? new Denial('expectation'));
  });

  app.setValidatorCompiler(compileValidator);
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler<FastifyError | Denial>((error, { log }, reply) => {
    const denial = denialFor(error);
    if (denial.why === 'internal') log.error({ err: error }, 'request failed');
    return reply.code(denial.statusCode).send(denial.answer);
  });

  await registerHeaders(app, { isSecureContext: !lan });
  await app.register(websocket, {
    options: webSocketOptions,
    // ws closes by itself with the right code; this only keeps its errors out of the process.
    errorHandler: (error, _socket, { log }) => {
      log.debug({ err: error }, 'WebSocket error');
    },
    preClose: (done) => {
      for (const client of app.websocketServer.clients) dismiss(client);
      app.websocketServer.close();
      done();
    },
  });
  app.websocketServer
    .on('connection', (_webSocket, { socket }) => uncount(socket))
    // What `handshakeDenial` did not know.
    .on('wsClientError', (_error, socket: Socket) => {
      answerOnSocket(socket, new Denial('badHandshake'));
    });
  // After the plugin's own hooks: they also end the connection of a denied upgrade.
  guard(app, { names: lan?.names, presenter });
  app.addHook('onSend', (_request, { raw }, _payload, done) => {
    limitAnswer(raw);
    done();
  });
  await registerRateLimit(app);
  app.setNotFoundHandler(() => {
    throw new Denial('noRoute');
  });

  await app.register((sockets: Gateway, _options, done) => {
    sockets.addHook('onRequest', ({ ws, raw }, reply, next) => {
      const denial = ws ? handshakeDenial(raw) : new Denial('socketOnly');
      if (denial?.why === 'socketVersion') void reply.header('sec-websocket-version', '13');
      next(denial);
    });
    if (lan) limitAddresses(sockets, lan);
    // The stream first: the bridge adds events of its own to the log while it reads it.
    registerLabStream(sockets, { lab });
    registerClientBridge(sockets, { lab, maxSessions: options.maxSessions });
    done();
  });
  await app.register(async (plain: Gateway) => {
    plain.addHook('onRequest', ({ ws }, _reply, next) => {
      next(ws ? new Denial('noSocketHere') : undefined);
    });
    registerPresenterRoutes(plain, { presenter });
    registerLabRoutes(plain, { lab, limits: lan });
    await registerPage(plain, { webRoot });
  });
  return app;
}

function dismiss(client: WebSocket): void {
  const timer = setTimeout(() => {
    client.terminate();
  }, DISMISS_MS);
  client.once('close', () => {
    clearTimeout(timer);
  });
  client.close(...closings.stopping);
}

const DENIAL_BY_CODE: Record<string, DenialName> = {
  FST_ERR_BAD_URL: 'badTarget',
  FST_ERR_MAX_PARAM_LENGTH: 'noRoute',
  FST_ERR_CTP_BODY_TOO_LARGE: 'tooLarge',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'mediaType',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'badJson',
  FST_ERR_CTP_INVALID_JSON_BODY: 'badJson',
  HPE_HEADER_OVERFLOW: 'longHeaders',
  ERR_HTTP_REQUEST_TIMEOUT: 'slow',
};

function denialFor(error: FastifyError | Denial): Denial {
  if (error instanceof Denial) return error;
  if (error.validation) {
    const { validation, validationContext } = error;
    if (validationContext === 'params' && validation.some((it) => it.instancePath === '/server'))
      return new Denial('noServer');
    return new Denial('invalid', `${error.message}.`);
  }
  const known = DENIAL_BY_CODE[error.code];
  if (known) return new Denial(known);
  const isTheirs = error.statusCode !== undefined && error.statusCode < 500;
  return new Denial(isTheirs ? 'invalid' : 'internal');
}

/** Answers what is not HTTP, on the bare socket. */
function answerBrokenRequest({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  answerOnSocket(socket, new Denial(DENIAL_BY_CODE[code] ?? 'badRequest'));
}

/** Ends the connection of whoever takes no byte of an answer for a while, or takes too long for all. */
function limitAnswer(response: ServerResponse): void {
  const { socket } = response;
  if (!socket) return;
  // Node sees the kernel take bytes as progress; behind the answer the wait for the next request counts.
  socket.setTimeout(STALL_MS);
  const timer = setTimeout(() => socket.destroy(), ANSWER_MS);
  response.once('close', () => clearTimeout(timer));
}
