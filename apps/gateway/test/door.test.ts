import { once } from 'node:events';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusals } from '../src/errors.ts';
import { startGateway, type Running } from './running-gateway.ts';

let gateway: Running;
let port: string;
const webRoot = mkdtempSync(join(tmpdir(), 'page-'));

beforeAll(async () => {
  mkdirSync(join(webRoot, 'assets'));
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>Sockscope</title>');
  writeFileSync(join(webRoot, 'assets', 'index-D3adBe3f.js'), 'export {};');
  gateway = await startGateway({ webRoot, servers: ['server4'] });
  port = gateway.host.split(':')[1] ?? '';
});
afterAll(async () => {
  await gateway.close();
  rmSync(webRoot, { recursive: true });
});

/** Sends these lines as they are, and returns status, headers and body of the answer. */
async function raw(
  lines: string[],
): Promise<{ status: number; head: string; body: { error: string; hint: string } }> {
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
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

const upgrade = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Every route with what it answers when the door is open. */
const routes: { request: string; headers: string[]; open: number }[] = [
  { request: 'GET /', headers: ['Connection: close'], open: 200 },
  { request: 'HEAD /', headers: ['Connection: close'], open: 200 },
  { request: 'GET /assets/index-D3adBe3f.js', headers: ['Connection: close'], open: 200 },
  { request: 'GET /nothing', headers: ['Connection: close'], open: 404 },
  { request: 'OPTIONS /api/lab', headers: ['Connection: close'], open: 404 },
  { request: 'GET /%', headers: ['Connection: close'], open: 400 },
  { request: 'GET /api/lab', headers: ['Connection: close'], open: 200 },
  { request: 'GET /healthz', headers: ['Connection: close'], open: 200 },
  { request: 'POST /api/servers/server4/start', headers: ['Connection: close'], open: 200 },
  { request: 'POST /api/servers/server1/stop', headers: ['Connection: close'], open: 200 },
  { request: 'POST /api/servers/server9/restart', headers: ['Connection: close'], open: 404 },
  { request: 'PATCH /api/servers/server4', headers: ['Connection: close'], open: 400 },
  { request: 'GET /ws/lab', headers: upgrade, open: 101 },
  { request: 'GET /ws/client/server1', headers: upgrade, open: 101 },
  { request: 'GET /ws/client/server4', headers: upgrade, open: 101 },
  { request: 'GET /ws/nothing', headers: upgrade, open: 404 },
  { request: 'GET /ws/lab', headers: ['Connection: close'], open: 426 },
  { request: 'GET /api/lab', headers: upgrade, open: 404 },
];

describe('the door', () => {
  it.each(routes)('lets its own page and programs in: $request', async (route) => {
    const { request, headers, open } = route;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
      const program = await raw([`${request} HTTP/1.1`, `Host: ${host}`, ...headers]);
      expect(program.status, host).toBe(open);
      const page = await raw([
        `${request} HTTP/1.1`,
        `Host: ${host}`,
        `Origin: http://${host}`,
        'Sec-Fetch-Site: same-origin',
        ...headers,
      ]);
      expect(page.status, host).toBe(open);
    }
  });

  it.each(routes)('keeps everybody else out: $request', async ({ request, headers }) => {
    const own = `127.0.0.1:${port}`;
    const other = Number(port) - 1;
    const strangers: [name: keyof typeof refusals, ...lines: string[]][] = [
      ['foreignHost', `Host: evil.com`],
      ['foreignHost', `Host: evil.com:${port}`, `Origin: http://evil.com:${port}`],
      ['foreignHost', `Host: localhost.evil.com:${port}`],
      ['foreignHost', `Host: 127.0.0.1.evil.com:${port}`],
      ['foreignHost', `Host: localhost6:${port}`],
      ['foreignHost', `Host: localhost.:${port}`],
      ['foreignHost', `Host: 127.0.0.1`],
      ['foreignHost', `Host: localhost:${other}`],
      ['foreignHost', `Host: evil.com:${port}`, `X-Forwarded-Host: ${own}`],
      ['foreignHost', `Host: evil.com@${own}`],
      ['noHost'],
      ['noHost', 'Host:'],
      ['noHost', `X-Forwarded-Host: ${own}`],
      ['manyHosts', `Host: ${own}`, 'Host: evil.com'],
      ['manyHosts', 'Host: evil.com', `Host: ${own}`],
      ['foreignOrigin', `Host: ${own}`, 'Origin: http://evil.com'],
      ['foreignOrigin', `Host: ${own}`, 'Origin: null'],
      ['foreignOrigin', `Host: ${own}`, `Origin: http://localhost:${port}`],
      ['foreignOrigin', `Host: ${own}`, `Origin: http://127.0.0.1:${other}`],
      ['foreignOrigin', `Host: ${own}`, `Origin: https://${own}`],
      ['foreignOrigin', `Host: ${own}`, `Origin: http://${own}.evil.com`],
      ['foreignOrigin', `Host: ${own}`, `Origin: http://${own}`, 'Origin: http://evil.com'],
      ['foreignOrigin', `Host: ${own}`, `Origin: http://evil.com`, `X-Forwarded-Host: evil.com`],
    ];
    const changes = !/^(GET|HEAD)/.test(request) || headers.includes('Upgrade: websocket');
    if (changes)
      for (const site of ['cross-site', 'same-site'])
        strangers.push(['foreignSite', `Host: ${own}`, `Sec-Fetch-Site: ${site}`]);
    await Promise.all(
      strangers.map(async ([name, ...lines]) => {
        const { status, body } = await raw([`${request} HTTP/1.1`, ...lines, ...headers]);
        expect(status, lines.join()).toBe(refusals[name][0]);
        if (request.startsWith('HEAD')) return;
        expect(body, lines.join()).toEqual({ error: refusals[name][1], hint: refusals[name][2] });
      }),
    );
  });

  it('lets a link from another site open the page', async () => {
    const { status } = await raw([
      'GET / HTTP/1.1',
      `Host: ${gateway.host}`,
      'Sec-Fetch-Site: cross-site',
      'Connection: close',
    ]);
    expect(status).toBe(200);
  });

  it('refuses a target that would overrule Host', async () => {
    const { status } = await raw([
      `GET http://${gateway.host}/ HTTP/1.1`,
      `Host: ${gateway.host}`,
      'Connection: close',
    ]);
    expect(status).toBe(400);
  });

  it('answers what is not HTTP with one error', async () => {
    const { status, body } = await raw(['22 + 44']);
    expect(status).toBe(400);
    expect(body.error).toBe(refusals.badRequest[1]);
  });
});

describe('the headers', () => {
  it('forbid everything but the page’s own files, on every answer', async () => {
    for (const path of ['/', '/api/lab', '/nothing']) {
      const { headers } = await fetch(`http://${gateway.host}${path}`);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toBe(
        "default-src 'none';script-src 'self';style-src 'self';font-src 'self';" +
          "img-src 'self' data:;connect-src 'self';base-uri 'none';form-action 'none';" +
          "frame-ancestors 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('strict-transport-security')).toBeNull();
    }
  });

  it('let hashed files be kept, and nothing else', async () => {
    const asset = await fetch(`http://${gateway.host}/assets/index-D3adBe3f.js`);
    expect(asset.headers.get('cache-control')).toContain('immutable');
    const page = await fetch(`http://${gateway.host}/`);
    expect(page.headers.get('cache-control')).toBe('no-cache');
  });

  it('are not the way to a file outside of the page', async () => {
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/..%2f..%2fetc/passwd'])
      expect(
        (await raw([`GET ${path} HTTP/1.1`, `Host: ${gateway.host}`, 'Connection: close'])).status,
        path,
      ).toBeGreaterThanOrEqual(400);
  });
});
