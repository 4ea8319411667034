import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { denials } from '../src/errors.ts';
import { makeToken } from '../src/door/presenter.ts';
import { raw, upgrade } from './raw-http.ts';
import { startGateway, type Running } from './running-gateway.ts';

let gateway: Running;
afterEach(() => gateway.close());

/** Every address of 127.0.0.0/8 is this machine's; here 127.0.0.1 stands for it, others for others. */
const isExempt = (address: string) => address === '127.0.0.1';

const start = async (socketsPerAddress: number, upgradesPerMinute: number) => {
  const readingsPerMinute = upgradesPerMinute;
  const limits = {
    connectionsPerAddress: 1000,
    socketsPerAddress,
    upgradesPerMinute,
    readingsPerMinute,
    isExempt,
  };
  gateway = await startGateway({
    servers: ['server1', 'server4'],
    lan: { ...limits, token: makeToken(), names: [] },
  });
};

async function open(path: string, from: string): Promise<WebSocket> {
  const webSocket = new WebSocket(`ws://${gateway.host}${path}`, { localAddress: from });
  await once(webSocket, 'open');
  return webSocket;
}

async function read(path: string, from: string): Promise<number> {
  const [host = '', port = ''] = gateway.host.split(':');
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${gateway.host}`, 'Connection: close'];
  return (await raw({ host, port: Number(port), from }, lines)).status;
}

async function ask(path: string, from: string) {
  const [host = '', port = ''] = gateway.host.split(':');
  return raw({ host, port: Number(port), from }, [
    `GET ${path} HTTP/1.1`,
    `Host: ${gateway.host}`,
    ...upgrade,
  ]);
}

const paths = ['/ws/lab', '/ws/client/server1', '/ws/client/server4'];

describe('one address', () => {
  it('has a bounded number of WebSockets of all kinds, others are not kept out', async () => {
    await start(3, 1000);
    const sockets = await Promise.all(paths.map((path) => open(path, '127.0.0.2')));
    for (const path of paths) {
      const { status, body } = await ask(path, '127.0.0.2');
      expect(status).toBe(429);
      expect(body.error).toBe(denials.manyFromAddress[1]);
    }
    await open('/ws/lab', '127.0.0.3');
    // Where one goes there is room for one: its end may take a moment.
    sockets[0]?.close();
    await expect.poll(async () => (await ask('/ws/lab', '127.0.0.2')).status).toBe(101);
    // Denied upgrades hold no place for long.
    for (let each = 0; each < 5; each += 1)
      expect((await ask('/ws/client/server4?nonsense=1', '127.0.0.4')).status).toBe(400);
    await Promise.all(paths.map((path) => open(path, '127.0.0.4')));
  });

  it('opens a bounded number in a minute, denied ones and of all kinds together', async () => {
    await start(1000, 6);
    for (const path of [...paths, '/ws/lab?nonsense=1', ...paths.slice(1)])
      expect((await ask(path, '127.0.0.2')).status).toBe(path.includes('?') ? 400 : 101);
    for (const path of paths) {
      const { status, head, body } = await ask(path, '127.0.0.2');
      expect(status).toBe(429);
      expect(head).toMatch(/^retry-after: \d+$/m);
      expect(body.error).toBe(denials.tooFast[1]);
    }
    expect((await ask('/ws/lab', '127.0.0.3')).status).toBe(101);
  });

  it('reads all that the lab remembers a bounded number of times, and goes on to watch', async () => {
    await start(1000, 3);
    for (const path of ['/api/history', '/api/lab']) {
      for (let each = 0; each < 3; each += 1) expect(await read(path, '127.0.0.2')).toBe(200);
      expect(await read(path, '127.0.0.2')).toBe(429);
      expect(await read(path, '127.0.0.3')).toBe(200);
      for (let each = 0; each < 5; each += 1) expect(await read(path, '127.0.0.1')).toBe(200);
    }
    expect((await ask('/ws/lab', '127.0.0.2')).status).toBe(101);
  });

  it('is not limited if it is this machine', async () => {
    await start(2, 2);
    for (let each = 0; each < 3; each += 1) for (const path of paths) await open(path, '127.0.0.1');
  });
});
