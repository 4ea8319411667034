/** One client of an audit: does what its script says, and keeps in mind what it lived through. */

import { createConnection } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** @typedef {import('./script.mjs').Client} Client */
/** @typedef {import('./script.mjs').Step} Step */

/**
 * What a client lived through. Times are in microseconds on the machine's clock; null: it never happened.
 *
 * @typedef {{
 *   client: Client,
 *   address: string,
 *   port: number,
 *   calledAt: number,
 *   connectedAt: number | null,
 *   written: number,
 *   finAt: number | null,
 *   resetAt: number | null,
 *   got: number,
 *   firstBytes: string,
 *   endedAt: number | null,
 *   closedAt: number | null,
 *   error: string | null,
 *   gaveUp: boolean,
 *   isEcho: boolean,
 * }} Story
 */

/** Whoever waits longer than this for something gives up. */
const PATIENCE_MS = 8000;
/** An answer may never come: the client says what else it has to say. */
const ANSWER_MS = 1500;
const BLOCK = 64 * 1024;

/** Microseconds on the machine's clock, which is strace's too. */
function now() {
  return (performance.timeOrigin + performance.now()) * 1000;
}

/** @param {Client} client @param {number} port @returns {Promise<Story>} */
export async function live(client, port) {
  const { from, steps } = client;
  /** @type {Story} */
  const story = {
    ...{ client, address: from.address, port: from.port, calledAt: now(), connectedAt: null },
    ...{ written: 0, finAt: null, resetAt: null, got: 0, firstBytes: '', endedAt: null },
    ...{ closedAt: null, error: null, gaveUp: false, isEcho: true },
  };
  const socket = createConnection({
    ...{ port, host: '127.0.0.1', localAddress: from.address, localPort: from.port },
    ...{ allowHalfOpen: true, noDelay: true },
  });
  let lines = 0;
  /** @type {() => void} */
  let wake = () => undefined;
  const changed = () => new Promise((/** @type {(value: void) => void} */ done) => (wake = done));

  socket.on('connect', () => {
    story.connectedAt = now();
    story.port = socket.localPort ?? 0;
    wake();
  });
  socket.on('data', (bytes) => {
    if (client.server === 'server4') {
      story.isEcho &&= bytes.equals(streamOf(client, story.got, bytes.length));
    }
    if (story.firstBytes.length < 200) story.firstBytes += bytes.toString('latin1', 0, 200);
    story.got += bytes.length;
    for (const byte of bytes) if (byte === 10) lines += 1;
    wake();
  });
  socket.on('end', () => {
    story.endedAt = now();
    wake();
  });
  socket.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
    story.error ??= error.code ?? error.message;
  });
  socket.on('close', () => {
    story.closedAt = now();
    wake();
  });

  /** @param {() => boolean} isSo @param {number} [limitMs] */
  const until = async (isSo, limitMs = PATIENCE_MS) => {
    const deadline = performance.now() + limitMs;
    while (!isSo() && story.closedAt === null) {
      const left = deadline - performance.now();
      if (left <= 0) {
        story.gaveUp ||= limitMs === PATIENCE_MS;
        return;
      }
      const stop = new AbortController();
      await Promise.race([
        changed(),
        pause(left, undefined, { signal: stop.signal }).catch(() => undefined),
      ]);
      stop.abort();
    }
  };

  /** @param {Buffer} bytes */
  const send = (bytes) => {
    story.written += bytes.length;
    socket.write(bytes);
  };

  /** @param {Step} step */
  const carryOut = async (step) => {
    switch (step.do) {
      case 'send':
        send(
          client.server === 'server4'
            ? streamOf(client, story.written, step.text.length)
            : Buffer.from(step.text, 'latin1'),
        );
        return;
      case 'bulk':
        for (let left = step.bytes; left > 0; left -= BLOCK)
          send(streamOf(client, story.written, Math.min(BLOCK, left)));
        return;
      case 'answers':
        // Server 4 sends back bytes, whatever they are.
        await until(
          () =>
            (client.server === 'server4' ? story.got >= story.written : lines >= step.lines) ||
            story.endedAt !== null,
          ANSWER_MS,
        );
        return;
      case 'bytes':
        await until(() => story.got >= step.bytes || story.endedAt !== null);
        return;
      case 'pause':
        await pause(step.ms);
        return;
      case 'stop':
        socket.pause();
        return;
      case 'read':
        socket.resume();
        return;
      case 'fin':
        story.finAt ??= now();
        socket.end();
        return;
      case 'reset':
        story.resetAt = now();
        // Behind a FIN of its own Node cannot reset; its kernel does, if bytes were not read or still come.
        if (story.finAt === null) socket.resetAndDestroy();
        else socket.destroy();
        return;
      case 'end':
        // Who has said nothing of its own end may be served instead of turned away.
        await until(() => story.endedAt !== null, story.finAt === null ? ANSWER_MS : PATIENCE_MS);
    }
  };

  await until(() => story.connectedAt !== null);
  for (const step of steps) {
    if (story.closedAt !== null || socket.destroyed) break;
    await carryOut(step);
  }
  if (!socket.destroyed) {
    story.finAt ??= now();
    socket.resume();
    socket.end();
    await until(() => story.endedAt !== null && story.closedAt !== null);
    socket.destroy();
  }
  await until(() => story.closedAt !== null);
  return story;
}

/**
 * What a client of server 4 says, from byte `at` on: no two clients the same, and it can be told where in the
 * stream a piece belongs.
 *
 * @param {Client} client
 * @param {number} at
 * @param {number} length
 */
function streamOf({ number }, at, length) {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) {
    const place = at + i;
    bytes[i] = (place + (place >> 8) * 31 + number * 17) & 255;
  }
  return bytes;
}
