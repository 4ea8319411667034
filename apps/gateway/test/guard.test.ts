import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeToken } from '../src/door/presenter.ts';
import { denials } from '../src/errors.ts';
import type { Gateway } from '../src/gateway.ts';
import { raw, type RawAnswer, upgrade } from './raw-http.ts';
import { routesOf } from './routes-of.ts';
import { startGateway, type Running } from './running-gateway.ts';

/** What whoever reaches the page may do. Whatever else there is, and will be, is the presenter's. */
const anyones = [
  'GET *',
  'GET /api/history',
  'GET /api/lab',
  'GET /api/presenter',
  'GET /healthz',
  'GET /ws/client/:server',
  'GET /ws/lab',
  'HEAD *',
  'HEAD /api/history',
  'HEAD /api/lab',
  'HEAD /api/presenter',
  'HEAD /healthz',
  'HEAD /ws/client/:server',
  'HEAD /ws/lab',
  'POST /api/presenter',
];

/** Routes that nobody thought about. */
const later = [
  'GET /later',
  'HEAD /later',
  'GET /ws/later',
  'HEAD /ws/later',
  'POST /inside/later',
];

function addLater(app: Gateway): void {
  app.get('/later', () => 'secret');
  app.get('/ws/later', { websocket: true }, (webSocket) => {
    webSocket.send('secret');
  });
  void app.register((inside: Gateway, _options, done) => {
    inside.post('/inside/later', () => 'secret');
    done();
  });
}

const webRoot = mkdtempSync(join(tmpdir(), 'page-'));
const lan = {
  token: makeToken(),
  names: [],
  connectionsPerAddress: 1000,
  socketsPerAddress: 100,
  upgradesPerMinute: 100,
  readingsPerMinute: 100,
};
let gateway: Running;

beforeAll(async () => {
  writeFileSync(join(webRoot, 'index.html'), '');
  gateway = await startGateway({ servers: [], observeKernel: false, webRoot, lan, also: addLater });
});
afterAll(async () => {
  await gateway.close();
  rmSync(webRoot, { recursive: true });
});

async function ask(route: string, headers: readonly string[], at = gateway): Promise<RawAnswer> {
  const [host = '', port] = at.host.split(':');
  const line = `${route.replace(':server', 'server4').replace('*', '/')} HTTP/1.1`;
  return raw({ host, port: Number(port) }, [line, `Host: ${at.host}`, ...headers]);
}

/** Whether it is told to a stranger that only the presenter may do this. */
async function isGuarded(route: string, headers: readonly string[]): Promise<boolean> {
  const { status, body } = await ask(route, headers);
  return status === 403 && (route.startsWith('HEAD') || body.error === denials.notPresenter[1]);
}

const close = ['Connection: close'];

describe('with --lan, a route', () => {
  it('is the presenter’s alone, unless it is one of these', async () => {
    const routes = routesOf(gateway.app);
    expect(routes).toEqual(expect.arrayContaining(later));
    const guarded: string[] = [];
    for (const route of routes) if (await isGuarded(route, close)) guarded.push(route);
    const open = routes.filter((route) => !guarded.includes(route));
    expect(open.sort()).toEqual(anyones);
    expect(guarded.length).toBeGreaterThanOrEqual(later.length + 4);
  });

  it('is so as a WebSocket, too', async () => {
    for (const route of routesOf(gateway.app))
      expect(await isGuarded(route, upgrade), route).toBe(!anyones.includes(route));
  });

  it('opens to the presenter', async () => {
    const body = JSON.stringify({ token: lan.token });
    const shown = await fetch(`http://${gateway.host}/api/presenter`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const [cookie = ''] = (shown.headers.get('set-cookie') ?? '').split(';');
    expect((await ask('GET /later', [`Cookie: ${cookie}`, ...close])).status).toBe(200);
    expect((await ask('GET /ws/later', [`Cookie: ${cookie}`, ...upgrade])).status).toBe(101);
    expect((await ask('POST /inside/later', [`Cookie: ${cookie}`, ...close])).status).toBe(200);
  });

  it('that does not exist is nobody’s', async () => {
    for (const route of ['POST /nothing', 'PUT /api/lab', 'DELETE /api/servers/server4'])
      expect((await ask(route, close)).body.error, route).toBe(denials.noRoute[1]);
  });

  it('to a page that is not built says so to anyone', async () => {
    const bare = await startGateway({ servers: [], observeKernel: false, lan });
    expect((await ask('GET /', close, bare)).body.error).toBe(denials.notBuilt[1]);
    await bare.close();
  });
});
