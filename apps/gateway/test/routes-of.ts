/** Every route of a gateway, from Fastify's own picture of them: a new one cannot be forgotten. */

import type { Gateway } from '../src/gateway.ts';

/** `GET /api/lab`, `HEAD /api/lab` and so on, in no order. */
export function routesOf(app: Gateway): string[] {
  const path: string[] = [];
  const found: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).trimEnd().split('\n')) {
    const [, branch = '', part = '', methods = ''] = /^(.*?── )(\S+) \((.*)\)/.exec(line) ?? [];
    path.length = branch.length / 4 - 1;
    path.push(part);
    for (const method of methods.split(', ')) found.push(`${method} ${path.join('')}`);
  }
  return found;
}
