/** Answers that no Fastify reply carries: to what is no request, or came where there is none. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { denials, type Denial } from '../errors.ts';

/** For the answers that no hook reaches. */
export const bareHeaders = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};

/** Milliseconds that whoever was denied may take to read why, and to close. */
const FAREWELL_MS = 1000;

/** Denies on the bare socket, and closes it. `headers` are more of them. */
export function answerOnSocket(
  socket: Socket,
  denial: Denial,
  headers: Record<string, string> = {},
): void {
  const body = JSON.stringify(denial.answer);
  const lines = Object.entries({ ...bareHeaders, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  // Closing with bytes unread would send RST, which can destroy the answer: they are read and dropped.
  socket.on('error', () => socket.destroy()).resume();
  socket.end(
    `HTTP/1.1 ${denial.statusCode} ${denials[denial.why][1]}\r\n` +
      lines.join('') +
      'content-type: application/json; charset=utf-8\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** Denies by a response of Node's own, and ends the connection. */
export function answerOnResponse(response: ServerResponse, denial: Denial): void {
  const body = JSON.stringify(denial.answer);
  response.writeHead(denial.statusCode, {
    ...bareHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}
