/** Pages and raw TCP clients for bridge.bench.mjs. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** @typedef {import('./bridge-sides.mjs').Endpoint} Endpoint */
/** @typedef {import('./bridge-sides.mjs').Gateway} Gateway */
/** @typedef {{ ask: (text: string) => Promise<string>, end: () => void }} Client */

/** @param {Gateway} gateway @param {string} server @returns {Promise<Client>} */
export async function pageClient(gateway, server) {
  const page = new WebSocket(`${gateway.url.replace(/\/ws.*/, '')}/ws/client/${server}`, {
    perMessageDeflate: false,
  });
  const lines = lineReader();
  const connected = new Promise((resolve, reject) => {
    page.on('error', reject);
    page.on('message', (/** @type {Buffer} */ data, isBinary) => {
      if (isBinary) lines.take(data.toString());
      else resolve(undefined);
    });
  });
  await connected;
  return {
    ask: (text) => (page.send(Buffer.from(text)), lines.next()),
    end: () => page.terminate(),
  };
}

/** @param {number} port @returns {Promise<Client>} */
export async function rawClient(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const lines = lineReader();
  socket.on('data', (data) => lines.take(String(data)));
  await once(socket, 'connect');
  return { ask: (text) => (socket.write(text), lines.next()), end: () => socket.destroy() };
}

function lineReader() {
  let text = '';
  /** @type {(line: string) => void} */
  let done = () => undefined;
  return {
    take(/** @type {string} */ more) {
      text += more;
      if (!text.endsWith('\n')) return;
      done(text);
      text = '';
    },
    next: () => new Promise((/** @type {(line: string) => void} */ resolve) => (done = resolve)),
  };
}

/** @param {Gateway} gateway @returns {Promise<string>} */
export async function denial(gateway) {
  const page = open(gateway);
  return new Promise((resolve) => {
    page.on('open', () => resolve('opened'));
    page.on('unexpected-response', (_request, { statusCode }) => resolve(String(statusCode)));
    page.on('error', () => undefined);
  });
}

/** A page that says nothing more once the server has ended. @param {Endpoint} side */
export function open(side) {
  const page = openForBoth(side);
  page.on('message', (/** @type {Buffer} */ data, isBinary) => {
    if (!isBinary && data.toString() === '{"type":"shutdown"}') page.send(data, { binary: false });
  });
  return page;
}

/** The path asks for half-close: at the server's FIN it is the page's turn to end. @param {Endpoint} side */
export function openForBoth(side) {
  return new WebSocket(side.url, { perMessageDeflate: false, maxPayload: 0 });
}

/** @param {WebSocket} page */
export function collect(page) {
  /** @type {Buffer[]} */
  const got = [];
  page.on('message', (/** @type {Buffer} */ data, isBinary) => {
    if (isBinary) got.push(data);
  });
  return got;
}

/**
 * Every client asks so many times, once in `everyMs` at a time of its own, or as soon as it has its
 * answer if that is later. Returns how many answers were right.
 *
 * @param {Client[]} clients @param {number} rounds @param {number} everyMs @returns {Promise<number>}
 */
export async function askAll(clients, rounds, everyMs) {
  const startedAt = performance.now();
  const rightOnes = clients.map(async ({ ask }, index) => {
    let right = 0;
    for (let round = 0; round < rounds; round++) {
      const due = startedAt + everyMs * (round + index / clients.length);
      const early = due - performance.now();
      if (early > 0) await sleep(early);
      const answer = await ask(`${index}\n`);
      if (answer === `${index}\n`) right += 1;
    }
    return right;
  });
  return (await Promise.all(rightOnes)).reduce((sum, right) => sum + right, 0);
}
