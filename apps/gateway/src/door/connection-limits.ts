/**
 * How many connections may wait for a request, or be at one, at a time: of one address, and together.
 * Each costs a descriptor, of which the four servers and their clients need most. A connection
 * that has become a WebSocket counts no more; others count those.
 */

import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';
import { isLoopback, plainAddress } from '@sockscope/tcp-core/trace/addresses';
import { answerOnSocket } from './bare-answer.ts';
import { Denial } from '../errors.ts';

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

/** So many are told at a time why they are turned away; beyond it they are just closed. */
const TOLD_MOST = 64;

/** Where the limit of descriptors is not known: what many systems have. */
const USUAL_DESCRIPTORS = 1024;

export interface ConnectionLimits {
  /** From one other machine's address; never more than half of all. */
  perAddress: number;
  /** From all addresses together. */
  total: number;
  /** Whose connections count against `total` alone: this machine's own, but for a test. */
  isOwn?: ((address: string) => boolean) | undefined;
  /** Milliseconds in which a client that means it has sent its request. */
  promptMs?: number;
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

/** What one address has. */
interface Share {
  connections: number;
  /** Those from which a whole request is awaited, since when; the longest first. */
  waiting: Map<Socket, number>;
}

/**
 * Turns away what is too much before the server looks at it. An address that has all that it may have
 * loses, for a newcomer, the connection from which a request has been awaited the longest: who sends
 * halves of requests keeps out nobody who sends whole ones. Returns what stops counting a socket.
 */
export function limitConnections(
  server: Server,
  { perAddress, total, isOwn = isLoopback, promptMs = 500 }: ConnectionLimits,
): (socket: Socket) => void {
  const shares = new Map<string, Share>();
  const counted = new Map<Socket, string>();
  let told = 0;

  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // Gone again.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const address = normalizeIP(socket.remoteAddress);
    const share = shares.get(address) ?? { connections: 0, waiting: new Map<Socket, number>() };
    const most = Math.min(
      isOwn(plainAddress(socket.remoteAddress)) ? total : perAddress,
      total / 2,
    );
    const isFull = counted.size >= total || share.connections >= most;
    if (isFull && !makeRoom(share)) {
      turnAway(socket);
      return;
    }
    shares.set(address, share);
    share.connections += 1;
    share.waiting.set(socket, performance.now());
    counted.set(socket, address);
    socket.once('close', () => forget(socket));
    for (const listener of listeners) listener.call(server, socket);
  });

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket, headers } = request;
    const isWhole = !headers['content-length'] && !headers['transfer-encoding'];
    if (isWhole) awaitNothing(socket);
    else request.once('end', () => awaitNothing(socket));
    response.once('close', () => {
      const share = shareOf(socket);
      share?.waiting.delete(socket);
      share?.waiting.set(socket, performance.now());
    });
  });
  return forget;

  /** Tells why, as long as not too many are being told: each has a descriptor until it has read it. */
  function turnAway(socket: Socket): void {
    if (told >= TOLD_MOST) {
      socket.destroy();
      return;
    }
    told += 1;
    socket.once('close', () => (told -= 1));
    answerOnSocket(socket, new Denial('manyConnections'));
  }

  function shareOf(socket: Socket): Share | undefined {
    return shares.get(counted.get(socket) ?? '');
  }

  function awaitNothing(socket: Socket): void {
    shareOf(socket)?.waiting.delete(socket);
  }

  function makeRoom({ waiting }: Share): boolean {
    const [longest] = waiting;
    if (!longest || performance.now() - longest[1] < promptMs) return false;
    const [socket] = longest;
    forget(socket);
    answerOnSocket(socket, new Denial('slow'));
    return true;
  }

  function forget(socket: Socket): void {
    const address = counted.get(socket);
    const share = shareOf(socket);
    if (address === undefined || !share) return;
    counted.delete(socket);
    share.waiting.delete(socket);
    share.connections -= 1;
    if (share.connections === 0) shares.delete(address);
  }
}
