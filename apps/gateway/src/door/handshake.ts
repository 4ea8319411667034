/** The opening handshake of a WebSocket (RFC 6455 section 4.2.1), asked before the library does. */

import type { IncomingMessage } from 'node:http';
import { Denial } from '../errors.ts';

/** Why this upgrade is none to a WebSocket, or undefined. */
export function handshakeDenial({ method, headers }: IncomingMessage): Denial | undefined {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket')
    return new Denial('badHandshake');
  // Base64 of 16 bytes.
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? ''))
    return new Denial('badHandshake');
  if (headers['sec-websocket-version'] !== '13') return new Denial('socketVersion');
  return undefined;
}
