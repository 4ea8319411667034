/**
 * What is thrown at the gateway: bytes for the four servers, frames for the WebSockets, requests for
 * the API. Everything is written on bare sockets, since a client library would not send most of it.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {{ page: number, servers: readonly number[] }} Ports */
/** @typedef {{ kind: string, port: number, parts: Buffer[], opening?: Buffer }} Attack */

const messages = [
  '22 + 44\n',
  '1/3\r\n',
  '9**9**9\n',
  '2**-0.5\n',
  '-7//2%3\n',
  '1e308*10\n',
  '((((((((((1))))))))))\n',
  '(((((((((((((((',
  "__import__('os').system('id')\n",
  'constructor.constructor("return process")()\n',
  '1+'.repeat(600),
  '9'.repeat(5000) + '\n',
  '\xff\xfb\x01\xff\xfd\x03\xff\xf4\xff\xfd\x06',
  'é ∞ 😀\n',
  '\0\0\0\n',
  '\r\r\n\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

const paths = [
  '/',
  '/healthz',
  '/api/lab',
  '/api/history',
  '/api/servers/server1/start',
  '/api/servers/server9/start',
  '/api/servers/server3',
  '/api/servers/../../etc/passwd',
  '/ws/lab',
  '/ws/lab?epoch=x&since=-1',
  '/ws/lab?since=1e99',
  '/ws/client/server1',
  '/ws/client/server4?session=%00',
  '/ws/client/127.0.0.1:22',
  '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
  '//evil.example/',
  'http://evil.example/',
  '*',
];

const bodies = [
  '{"policy":"queue"}',
  '{"slowMs":-1}',
  '{"slowMs":1e99,"idleMs":null}',
  '{"maxThreads":[[[[[[1]]]]]]}',
  '{"__proto__":{"policy":"busy"}}',
  '{"constructor":{"prototype":{"x":1}}}',
  `{"policy":"${'x'.repeat(20_000)}"}`,
  '['.repeat(5000),
  '{',
  'null',
].map((text) => Buffer.from(text));

/** The attack with this random sequence. @param {Random} random @param {Ports} ports @returns {Attack} */
export function makeAttack(random, ports) {
  return random.of([tcpAttack, tcpAttack, clientAttack, labAttack, httpAttack])(random, ports);
}

/**
 * Carries it out, ends it in a random way, and waits until its socket is closed.
 *
 * @param {Attack} attack
 * @param {Random} random
 */
export async function carryOut({ port, opening, parts }, random) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => undefined);
  const closed = new Promise((done) => socket.once('close', done));
  const deadline = pause(1500, undefined, { ref: false });
  const reads = random.chance(0.8);
  const ending = random.of(['fin', 'fin', 'destroy', 'reset', 'wait']);
  const delays = parts.map(() => (random.chance(0.1) ? random.below(20) : 0));
  const patience = random.below(150);
  if (reads) socket.resume();
  await Promise.race([once(socket, 'connect').catch(() => undefined), closed, deadline]);
  if (opening) {
    socket.resume();
    socket.write(opening);
    await Promise.race([once(socket, 'data').catch(() => undefined), closed, deadline]);
    if (!reads) socket.pause();
  }
  for (const [i, part] of parts.entries()) {
    if (socket.destroyed) break;
    socket.write(part);
    await (delays[i] ? pause(delays[i]) : new Promise((done) => setImmediate(done)));
  }
  if (ending === 'fin') socket.end();
  if (ending === 'reset') socket.resetAndDestroy();
  if (ending !== 'destroy')
    await Promise.race([closed, pause(patience, undefined, { ref: false })]);
  socket.destroy();
  await closed;
}

/** @param {Random} random @param {Ports} ports @returns {Attack} */
function tcpAttack(random, { servers }) {
  const server = random.below(servers.length);
  return {
    kind: `server${server + 1}`,
    port: servers[server] ?? 0,
    parts: random.cut(stream(random)),
  };
}

/** @param {Random} random @param {Ports} ports @returns {Attack} */
function clientAttack(random, ports) {
  const server = 1 + random.below(4);
  return webSocketAttack(random, ports, `/ws/client/server${server}`);
}

/** @param {Random} random @param {Ports} ports @returns {Attack} */
function labAttack(random, ports) {
  const since = random.below(100_000);
  return webSocketAttack(random, ports, random.of(['/ws/lab', `/ws/lab?epoch=x&since=${since}`]));
}

/** @param {Random} random @param {Ports} ports @param {string} path @returns {Attack} */
function webSocketAttack(random, { page }, path) {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${page}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${random.bytes(16).toString('base64')}`,
  ];
  const opening = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  const frames = Array.from({ length: 1 + random.below(12) }, () => frame(random));
  const bytes = Buffer.concat(frames);
  const parts = random.cut(random.chance(0.3) ? random.mutated(bytes) : bytes);
  return { kind: path, port: page, opening, parts };
}

/** One frame, right or wrong (RFC 6455 section 5.2). @param {Random} random */
function frame(random) {
  const isRight = random.chance(0.7);
  const opcode = isRight ? random.of([0, 1, 2, 2, 2, 8, 9, 10]) : random.below(16);
  const final = isRight ? (random.chance(0.8) ? 0x80 : 0) : random.of([0, 0x80]);
  const reserved = isRight ? 0 : random.below(8) << 4;
  const isMasked = isRight || random.chance(0.5);
  const payload = random.of([
    () => stream(random),
    () => Buffer.from('{"type":"shutdown"}'),
    () => random.mutated(Buffer.from('{"type":"shutdown"}')),
    () => random.bytes(random.below(200)),
    () => Buffer.alloc(0),
    () => Buffer.alloc(random.chance(0.05) ? 1024 * 1024 + 1 : 70_000, 0x37),
  ])();
  const claimed = isRight ? payload.length : random.of([payload.length, 0, 2 ** 31, 2 ** 53, 200]);
  return Buffer.concat([
    Buffer.of(final | reserved | opcode),
    lengthOf(claimed, isMasked),
    ...(isMasked ? [Buffer.alloc(4)] : []),
    payload,
  ]);
}

/** @param {number} length @param {boolean} isMasked */
function lengthOf(length, isMasked) {
  const mask = isMasked ? 0x80 : 0;
  if (length < 126) return Buffer.of(mask | length);
  if (length < 65_536) return Buffer.of(mask | 126, length >> 8, length & 255);
  const bytes = Buffer.alloc(9);
  bytes[0] = mask | 127;
  bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}

/** @param {Random} random @param {Ports} ports @returns {Attack} */
function httpAttack(random, { page }) {
  const method = random.of([
    'GET',
    'POST',
    'PATCH',
    'PUT',
    'DELETE',
    'OPTIONS',
    'HEAD',
    'TRACE',
    'x',
  ]);
  const path = random.of(paths);
  const body = random.of([...bodies, Buffer.alloc(0)]);
  const content = random.chance(0.5) ? random.mutated(body) : body;
  const headers = [
    `Host: ${random.of([`127.0.0.1:${page}`, `localhost:${page}`, 'evil.example', ''])}`,
    `Content-Type: ${random.of(['application/json', 'text/plain', 'application/json; charset=x'])}`,
    `Content-Length: ${random.of([content.length, content.length, content.length, 0, -1, 10 ** 12])}`,
    `Origin: ${random.of([`http://127.0.0.1:${page}`, 'null', 'http://evil.example'])}`,
    `X-${random.below(10)}: ${random
      .bytes(random.below(40))
      .toString('latin1')
      .replace(/[\r\n]/g, '')}`,
    'Transfer-Encoding: chunked',
    `Expect: ${random.of(['100-continue', 'x', ''])}`,
    `Sec-WebSocket-Key: ${random
      .bytes(16)
      .toString('base64')
      .slice(0, random.of([24, 24, 10]))}`,
    `Cookie: ${'a=b; '.repeat(random.below(4000))}`,
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13',
  ].filter((_, i) => i === 0 || random.chance(i < 4 ? 0.7 : 0.15));
  const head = Buffer.from(
    `${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`,
    'latin1',
  );
  const bytes = Buffer.concat([random.chance(0.3) ? random.mutated(head) : head, content]);
  return { kind: `${method} ${path}`, port: page, parts: random.cut(bytes) };
}

/** Messages for a server, some of them broken. @param {Random} random */
function stream(random) {
  const pieces = Array.from({ length: 1 + random.below(8) }, () => {
    const piece = random.chance(0.8) ? random.of(messages) : random.bytes(random.below(2000));
    return random.chance(0.4) ? random.mutated(piece) : piece;
  });
  return Buffer.concat(pieces);
}
