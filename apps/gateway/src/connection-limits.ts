/**
 * How many connections may wait for a request, or be at one, at a time: of one address, and together.
 * Each costs a descriptor, of which the four servers and their clients need most. A connection
 * that has become a WebSocket counts no more; others count those.
 */

import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';
import { isLoopback, plainAddress } from './addresses.ts';
import { answerOnSocket } from './bare-answer.ts';
import { Refusal } from './errors.ts';

/** Milliseconds for a request's head, for all of it, and without any progress of its answer. */
export const HEAD_MS = 6000;
export const REQUEST_MS = 10_000;
export const STALL_MS = 10_000;
/** Milliseconds for an answer altogether. */
export const ANSWER_MS = 120_000;
/** Milliseconds between two looks for requests that are late. */
export const LOOK_MS = 500;
/** Milliseconds that a connection may wait for its next request. */
export const IDLE_MS = 5000;

/** Where the limit of descriptors is not known: what many systems have. */
const USUAL_DESCRIPTORS = 1024;

export interface ConnectionLimits {
  /** From one other machine's address; never more than half of all. */
  perAddress: number;
  /** From all addresses together. */
  total: number;
  /** Whose connections count against `total` alone: this machine's own, but for a test. */
  isOwn?: ((address: string) => boolean) | undefined;
}

/** Half of the descriptors that this process may have open. */
export function connectionsForAll(limits = '/proc/self/limits'): number {
  let descriptors = USUAL_DESCRIPTORS;
  try {
    const [, most] = /^Max open files +(\d+)/m.exec(readFileSync(limits, 'utf8')) ?? [];
    if (most !== undefined) descriptors = Number(most);
  } catch {
    // Not Linux.
  }
  return Math.floor(descriptors / 2);
}

/** Turns away what is too much before the server looks at it. Returns what stops counting a socket. */
export function limitConnections(
  server: Server,
  { perAddress, total, isOwn = isLoopback }: ConnectionLimits,
): (socket: Socket) => void {
  const counts = new Map<string, number>();
  const counted = new Map<Socket, string>();

  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // Gone again.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const address = normalizeIP(socket.remoteAddress);
    const most = isOwn(plainAddress(socket.remoteAddress)) ? total / 2 : perAddress;
    const count = counts.get(address) ?? 0;
    if (counted.size >= total || count >= Math.min(most, total / 2)) {
      answerOnSocket(socket, new Refusal('manyConnections'));
      return;
    }
    counts.set(address, count + 1);
    counted.set(socket, address);
    socket.once('close', () => forget(socket));
    for (const listener of listeners) listener.call(server, socket);
  });
  return forget;

  function forget(socket: Socket): void {
    const address = counted.get(socket);
    if (address === undefined) return;
    counted.delete(socket);
    const left = (counts.get(address) ?? 1) - 1;
    if (left > 0) counts.set(address, left);
    else counts.delete(address);
  }
}
