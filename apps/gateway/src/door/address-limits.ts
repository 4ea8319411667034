/**
 * What one address may take of the gateway where others reach it: how many connections and WebSockets
 * at once, how many new ones in a minute, how often it may ask for all that the lab remembers. An IPv6 client has 2^64 addresses, so its network's prefix counts.
 */

import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { isLoopback, plainAddress } from '@sockscope/tcp-core/trace/addresses';
import { Denial } from '../errors.ts';
import type { Gateway } from '../gateway.ts';

const MINUTE = 60_000;

export interface AddressLimits {
  /** Connections at once that are no WebSocket, or not yet. */
  connectionsPerAddress: number;
  /** WebSockets at once. */
  socketsPerAddress: number;
  /** Upgrades, denied ones too. */
  upgradesPerMinute: number;
  /** Answers of some megabytes, each made for who asks: the history, the state. */
  readingsPerMinute: number;
  /** Who is not limited: this machine's own, but for a test, which has no other. */
  isExempt?: (address: string) => boolean;
}

interface RateLimit {
  max: number;
  timeWindow: number;
  allowList: (request: FastifyRequest) => boolean;
}

/** Makes `config.rateLimit` mean something to routes that are registered later; limits none by itself. */
export async function registerRateLimit(app: Gateway): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: (_request, { after }) => new Denial('tooFast', `Try again in ${after}.`),
  });
}

/** For a route's `config.rateLimit`. It replaces any other limit of that route. */
export function readingLimit({ readingsPerMinute, isExempt }: AddressLimits): RateLimit {
  return perMinute(readingsPerMinute, isExempt);
}

/** For all WebSockets below `app` together. Counted before the upgrade, denied ones until they are closed. */
export function limitAddresses(
  app: Gateway,
  { socketsPerAddress, upgradesPerMinute, isExempt = isLoopback }: AddressLimits,
): void {
  const counts = new Map<string, number>();

  app.addHook('onRequest', app.rateLimit(perMinute(upgradesPerMinute, isExempt)));

  app.addHook('onRequest', ({ ip, raw: { socket } }, _reply, next) => {
    if (isExempt(plainAddress(ip)) || socket.destroyed) {
      next();
      return;
    }
    const address = normalizeIP(ip);
    const count = counts.get(address) ?? 0;
    if (count >= socketsPerAddress) {
      next(new Denial('manyFromAddress'));
      return;
    }
    counts.set(address, count + 1);
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left > 0) counts.set(address, left);
      else counts.delete(address);
    });
    next();
  });
}

function perMinute(max: number, isExempt = isLoopback): RateLimit {
  return { max, timeWindow: MINUTE, allowList: ({ ip }) => isExempt(plainAddress(ip)) };
}
