/** The hook before every route and WebSocket: who may come in, and what is the presenter's alone. */

import type { FastifyRequest } from 'fastify';
import { Denial } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import { denialAtDoor } from './door.ts';
import type { Presenter } from './presenter.ts';

/**
 * Guards all routes of `app`, and of the plugins that are registered after this call. `names` are those
 * of this machine under which it may be called, too.
 */
export function guard(
  app: Gateway,
  { names, presenter }: { names: readonly string[] | undefined; presenter: Presenter },
): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const denial = denialAtDoor(request.raw, names);
    if (denial) logDenial(request, denial);
    done(denial ?? denialToOthers(request, presenter));
  });
}

/** A route is the presenter's, unless it says that it is anyone's. */
function denialToOthers(
  { raw, is404, routeOptions: { config } }: FastifyRequest,
  presenter: Presenter,
): Denial | undefined {
  if (is404 || config.anyone || presenter.mayControl(raw)) return undefined;
  return new Denial('notPresenter');
}

function logDenial({ log, method, url, headers }: FastifyRequest, { message }: Denial): void {
  const { host, origin } = headers;
  log.warn({ method, url, host, origin }, `turned away at the door: ${message}`);
}
