/** `/api/presenter`: shows the presenter's token, and tells whether this browser may control. */

import { Denial } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import type { Presenter } from '../door/presenter.ts';
import { PresenterToken, type PresenterAnswer } from '../schemas/schemas.ts';

const PATH = '/api/presenter';

/** Tokens that one address may try in a minute. */
export const TRIES_A_MINUTE = 10;

export function registerPresenterRoutes(
  app: Gateway,
  { presenter }: { presenter: Presenter },
): void {
  app.get(PATH, { config: { anyone: true } }, ({ raw }, reply) => {
    const answer: PresenterAnswer = { mayControl: presenter.mayControl(raw) };
    return reply.header('cache-control', 'no-store').send(answer);
  });

  app.post(
    PATH,
    {
      schema: { body: PresenterToken },
      config: { anyone: true, rateLimit: { max: TRIES_A_MINUTE, timeWindow: 60_000 } },
    },
    ({ raw, body: { token } }, reply) => {
      if (!presenter.accepts(token)) throw new Denial('wrongToken');
      const cookie = presenter.cookieFor(raw);
      if (cookie !== undefined) void reply.header('set-cookie', cookie);
      const answer: PresenterAnswer = { mayControl: true };
      return reply.header('cache-control', 'no-store').send(answer);
    },
  );
}
