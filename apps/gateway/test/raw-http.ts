/** Requests byte for byte as a test writes them: no client would send some of these headers. */

import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  /** The status line and the headers. */
  head: string;
  body: { error: string; hint: string };
}

/** The headers that ask for a WebSocket. */
export const upgrade = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Sends these lines, and returns status, headers and body of the answer. `from` is the client's address. */
export async function raw(
  to: { host: string; port: number; from?: string },
  lines: readonly string[],
): Promise<RawAnswer> {
  const { host, port, from: localAddress } = to;
  const socket = connect({ host, port, ...(localAddress ? { localAddress } : {}) });
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let text = '';
  const ended = once(socket, 'close');
  socket.on('data', (chunk) => {
    text += chunk.toString();
    // An upgrade that was let in stays open.
    if (text.startsWith('HTTP/1.1 101')) socket.destroy();
  });
  await ended;
  const [head = '', body = ''] = text.split('\r\n\r\n');
  let json = {};
  try {
    json = JSON.parse(body) as object;
  } catch {
    // Pages and upgrades have no JSON.
  }
  return {
    status: Number(head.split(' ')[1]),
    head,
    body: json as { error: string; hint: string },
  };
}
