/** The gateway as a Fastify instance: what it serves, behind which door, with which answers. */

import type { Socket } from 'node:net';
import websocket from '@fastify/websocket';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { LabHost } from '@sockscope/tcp-core/host/lab-host';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { WebSocket } from '@fastify/websocket';
import { limitAddresses, registerRateLimit, type AddressLimits } from './address-limits.ts';
import { registerClientBridge } from './client-bridge.ts';
import { refusalAtDoor } from './door.ts';
import { closings, Refusal, refusals, type RefusalName } from './errors.ts';
import type { Gateway } from './gateway.ts';
import { registerLabRoutes } from './lab-routes.ts';
import { registerLabStream } from './lab-stream.ts';
import { bareHeaders, registerHeaders, registerPage } from './page.ts';
import { Presenter } from './presenter.ts';
import { registerPresenterRoutes } from './presenter-routes.ts';
import { compileValidator } from './validation.ts';

export const BODY_BYTES = 16 * 1024;
export const FRAME_BYTES = 1024 * 1024;

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
  lab: LabHost;
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
    // The door answers a missing Host itself, like everything that it refuses.
    http: { requireHostHeader: false },
    frameworkErrors: (error, { raw }, reply: FastifyReply) => {
      // No hook runs for these: the door is asked here, and an upgrade's connection ended.
      const refusal = refusalAtDoor(raw, lan?.names) ?? refusalFor(error);
      if (raw.headers.upgrade) reply.raw.once('finish', () => raw.socket.destroySoon());
      void reply.code(refusal.statusCode).headers(bareHeaders).send(refusal.answer);
    },
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.setValidatorCompiler(compileValidator);
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler<FastifyError | Refusal>((error, { log }, reply) => {
    const refusal = refusalFor(error);
    if (refusal.refusal === 'internal') log.error({ err: error }, 'request failed');
    return reply.code(refusal.statusCode).send(refusal.answer);
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
  // After the plugin's own hooks: they also end the connection of a refused upgrade.
  app.addHook('onRequest', (request, _reply, done) => {
    const refusal = refusalAtDoor(request.raw, lan?.names);
    if (refusal) logRefusal(request, refusal);
    done(refusal);
  });
  await registerRateLimit(app);
  app.setNotFoundHandler(() => {
    throw new Refusal('noRoute');
  });

  await app.register((sockets: Gateway, _options, done) => {
    sockets.addHook('onRequest', ({ ws }, _reply, next) => {
      next(ws ? undefined : new Refusal('socketOnly'));
    });
    if (lan) limitAddresses(sockets, lan);
    // The stream first: the bridge adds events of its own to the log while it reads it.
    registerLabStream(sockets, { lab });
    registerClientBridge(sockets, { lab, maxSessions: options.maxSessions });
    done();
  });
  await app.register(async (plain: Gateway) => {
    plain.addHook('onRequest', ({ ws }, _reply, next) => {
      next(ws ? new Refusal('noSocketHere') : undefined);
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

const REFUSAL_BY_CODE: Record<string, RefusalName> = {
  FST_ERR_BAD_URL: 'badTarget',
  FST_ERR_MAX_PARAM_LENGTH: 'noRoute',
  FST_ERR_CTP_BODY_TOO_LARGE: 'tooLarge',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'mediaType',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'badJson',
  FST_ERR_CTP_INVALID_JSON_BODY: 'badJson',
  HPE_HEADER_OVERFLOW: 'longHeaders',
  ERR_HTTP_REQUEST_TIMEOUT: 'slow',
};

function refusalFor(error: FastifyError | Refusal): Refusal {
  if (error instanceof Refusal) return error;
  if (error.validation) {
    if (error.validationContext === 'params') return new Refusal('noServer');
    return new Refusal('invalid', `${error.message}.`);
  }
  const known = REFUSAL_BY_CODE[error.code];
  if (known) return new Refusal(known);
  const isTheirs = error.statusCode !== undefined && error.statusCode < 500;
  return new Refusal(isTheirs ? 'invalid' : 'internal');
}

/** Answers what is not HTTP, on the bare socket. */
function answerBrokenRequest({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = new Refusal(REFUSAL_BY_CODE[code] ?? 'badRequest');
  const body = JSON.stringify(refusal.answer);
  const headers = Object.entries(bareHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${refusal.statusCode} ${refusals[refusal.refusal][1]}\r\n` +
      headers.join('') +
      'Content-Type: application/json; charset=utf-8\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function logRefusal({ log, method, url, headers }: FastifyRequest, { message }: Refusal): void {
  const { host, origin } = headers;
  log.warn({ method, url, host, origin }, `turned away at the door: ${message}`);
}
