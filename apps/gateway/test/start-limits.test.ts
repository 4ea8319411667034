import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { closings } from '../src/errors.ts';
import { upgrade } from './raw-http.ts';
import type { ChildProgram } from '@sockscope/test-kit/child-program';
import { free, gatewayProcesses, pageOf, settled } from './gateway-process.ts';

const processes = gatewayProcesses('start-limits-test');

let server: ChildProgram;
let host: string;

beforeAll(() => processes.build(), 60_000);
beforeAll(async () => {
  server = processes.start(free);
  await settled(server);
  ({ host } = new URL(pageOf(server)));
});
afterEach(() => {
  expect(server.stderr).toBe('');
});
afterAll(() => {
  processes.endAll();
  processes.remove();
});

const paths = ['/ws/client/server4', '/ws/lab'];

/** A line of the process's status, in bytes: `VmRSS` is what it has now, `VmHWM` the most that it had. */
function memory(line: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.child.pid ?? 0}/status`, 'utf8');
  return Number(new RegExp(`${line}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}

/** A WebSocket without a library: none would send what these tests send. */
async function upgraded(path: string): Promise<Socket> {
  const [address = '', port = ''] = host.split(':');
  const socket = connect({ host: address, port: Number(port) });
  socket.on('error', () => undefined);
  socket.write([`GET ${path} HTTP/1.1`, `Host: ${host}`, ...upgrade].join('\r\n') + '\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

/** One masked frame (RFC 6455 section 5.2) with at most 125 bytes of zeros. */
function frame(opcode: number, { fin, bytes }: { fin: boolean; bytes: number }): Buffer {
  return Buffer.from([(fin ? 0x80 : 0) | opcode, 0x80 | bytes, ...Buffer.alloc(4 + bytes)]);
}

/** The code of the close frame that the gateway ends with: the last frame that it sends. */
async function closeCode(socket: Socket): Promise<number | undefined> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  const all = Buffer.concat(chunks);
  for (let at = all.length - 4; at >= 0; at -= 1)
    if (all[at] === 0x88 && at + 2 + (all[at + 1] ?? 0) === all.length)
      return all.readUInt16BE(at + 2);
  return undefined;
}

describe.each(paths)('a message on %s', (path) => {
  it('in 200,000 fragments ends the WebSocket, and costs at most 16 MiB', async () => {
    const socket = await upgraded(path);
    const before = memory('VmRSS');
    const code = closeCode(socket);
    const fragment = frame(0x0, { fin: false, bytes: 1 });
    socket.write(frame(0x2, { fin: false, bytes: 1 }));
    socket.write(Buffer.concat(Array.from({ length: 200_000 }, () => fragment)));
    expect(await code).toBe(closings.tooManyFragments[0]);
    expect(memory('VmHWM') - before).toBeLessThan(16 * 1024 * 1024);
  });

  it('in fragments without a byte in them does the same', async () => {
    const socket = await upgraded(path);
    const code = closeCode(socket);
    const fragment = frame(0x0, { fin: false, bytes: 0 });
    socket.write(frame(0x2, { fin: false, bytes: 0 }));
    socket.write(Buffer.concat(Array.from({ length: 200_000 }, () => fragment)));
    expect(await code).toBe(closings.tooManyFragments[0]);
  });

  it('of more than 1 MiB ends the WebSocket with 1009, whole or in parts', async () => {
    for (const parts of [1, 64]) {
      const webSocket = new WebSocket(`ws://${host}${path}`);
      await once(webSocket, 'open');
      const part = Buffer.alloc((1024 * 1024) / parts + 1);
      for (let each = 1; each <= parts; each += 1) webSocket.send(part, { fin: each === parts });
      const [code] = (await once(webSocket, 'close')) as [number];
      expect(code).toBe(closings.tooBig[0]);
    }
  });
});

describe('a browser client', () => {
  it('may send a message of 1 MiB, in a thousand fragments too', async () => {
    const bytes = 1024 * 1024;
    const parts = 1024;
    const webSocket = new WebSocket(`ws://${host}/ws/client/server4`);
    await once(webSocket, 'open');
    let received = 0;
    const all = new Promise<void>((resolve) => {
      webSocket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) received += data.length;
        if (received === 2 * bytes) resolve();
      });
    });
    webSocket.send(Buffer.alloc(bytes));
    const part = Buffer.alloc(bytes / parts);
    for (let each = 1; each <= parts; each += 1) webSocket.send(part, { fin: each === parts });
    await all;
    webSocket.close();
  });
});
