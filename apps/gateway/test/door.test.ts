import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { denials, type DenialName } from '../src/errors.ts';
import { raw, upgrade, type RawAnswer } from './raw-http.ts';
import { routesOf } from './routes-of.ts';
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

const send = (lines: string[]): Promise<RawAnswer> =>
  raw({ host: '127.0.0.1', port: Number(port) }, lines);

const close = ['Connection: close'];

/** Some addresses with what they answer when the door is open. */
const open: { request: string; headers: string[]; answer: number }[] = [
  { request: 'GET /', headers: close, answer: 200 },
  { request: 'HEAD /', headers: close, answer: 200 },
  { request: 'GET /assets/index-D3adBe3f.js', headers: close, answer: 200 },
  { request: 'GET /nothing', headers: close, answer: 404 },
  { request: 'OPTIONS /api/lab', headers: close, answer: 404 },
  { request: 'GET /%', headers: close, answer: 400 },
  { request: 'GET /api/lab', headers: close, answer: 200 },
  { request: 'GET /api/presenter', headers: close, answer: 200 },
  { request: 'POST /api/presenter', headers: close, answer: 400 },
  { request: 'GET /healthz', headers: close, answer: 200 },
  { request: 'POST /api/servers/server4/start', headers: close, answer: 200 },
  { request: 'POST /api/servers/server1/stop', headers: close, answer: 200 },
  { request: 'POST /api/servers/server9/restart', headers: close, answer: 404 },
  { request: 'PATCH /api/servers/server4', headers: close, answer: 400 },
  { request: 'GET /ws/lab', headers: upgrade, answer: 101 },
  { request: 'GET /ws/client/server1', headers: upgrade, answer: 101 },
  { request: 'GET /ws/client/server4', headers: upgrade, answer: 101 },
  { request: 'GET /ws/nothing', headers: upgrade, answer: 404 },
  { request: 'GET /ws/lab', headers: close, answer: 426 },
  { request: 'GET /api/lab', headers: upgrade, answer: 404 },
];

/**
 * Every route of the gateway, and what is none, each as plain HTTP and as an upgrade: whoever must stay
 * outside gets the door's answer whatever they ask for.
 */
function everyRequest(): { request: string; headers: string[] }[] {
  const routes = routesOf(gateway.app).map((route) =>
    route.replace(':server', 'server4').replace('*', '/'),
  );
  const none = ['GET /nothing', 'GET /%', 'OPTIONS /api/lab', 'DELETE /', 'GET /ws/nothing'];
  return [...routes, ...none].flatMap((request) => [
    { request, headers: close },
    { request, headers: upgrade },
  ]);
}

type Stranger = [denial: DenialName, ...lines: string[]];

/** Hosts that are not this gateway's, each as good as its name can be made to look. */
function foreignHosts(): Stranger[] {
  const other = Number(port) - 1;
  const own = `127.0.0.1:${port}`;
  const hosts = [
    'evil.com',
    `evil.com:${port}`,
    `localhost.evil.com:${port}`,
    `127.0.0.1.evil.com:${port}`,
    `localhost6:${port}`,
    `localhost.:${port}`,
    `127.0.0.1.:${port}`,
    `LOCALHOST:${port}`,
    `${hostname()}:${port}`,
    `localhost:${other}`,
    `127.0.0.1:${other}`,
    `localhost:0${port}`,
    `127.0.0.1`,
    `127.0.0.1:`,
    `localhost`,
    // Other ways to write the same address, which no browser sends.
    `127.1:${port}`,
    `2130706433:${port}`,
    `0x7f000001:${port}`,
    `0177.0.0.1:${port}`,
    // Other addresses that reach this machine.
    `127.0.0.2:${port}`,
    `0.0.0.0:${port}`,
    `0:${port}`,
    `[::]:${port}`,
    `::1:${port}`,
    `[0:0:0:0:0:0:0:1]:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `[::ffff:7f00:1]:${port}`,
    `[::1%25lo]:${port}`,
    // More than a host.
    `evil.com@${own}`,
    `${own}@evil.com`,
    `user:pass@${own}`,
    `http://${own}`,
    `${own}/`,
    `${own}, evil.com`,
    `${own} evil.com`,
  ];
  return [
    ...hosts.map((host): Stranger => ['foreignHost', `Host: ${host}`]),
    ['foreignHost', `Host: evil.com:${port}`, `Origin: http://evil.com:${port}`],
    ['foreignHost', `Host: evil.com:${port}`, `X-Forwarded-Host: ${own}`],
    ['foreignHost', `Host: evil.com:${port}`, `Forwarded: host="${own}"`],
    ['noHost'],
    ['noHost', 'Host:'],
    ['noHost', `X-Forwarded-Host: ${own}`],
    ['manyHosts', `Host: ${own}`, 'Host: evil.com'],
    ['manyHosts', 'Host: evil.com', `Host: ${own}`],
    ['manyHosts', `Host: ${own}`, `host: ${own}`],
  ];
}

/** Origins that are not this gateway's page. */
function foreignOrigins(): Stranger[] {
  const other = Number(port) - 1;
  const own = `127.0.0.1:${port}`;
  const origins = [
    'http://evil.com',
    `http://evil.com:${port}`,
    'null',
    '',
    `http://localhost:${port}`,
    `http://[::1]:${port}`,
    `http://127.0.0.1:${other}`,
    'http://127.0.0.1',
    `https://${own}`,
    `ws://${own}`,
    `HTTP://${own}`,
    `http://${own}/`,
    `http://${own}.`,
    `http://${own}.evil.com`,
    `http://${own}@evil.com`,
    `http://evil.com@${own}`,
    `http://127.0.0.1.:${port}`,
    'file://',
    'chrome-extension://abcdefghijklmnop',
    own,
  ];
  return [
    ...origins.map((origin): Stranger => [
      'foreignOrigin',
      `Host: ${own}`,
      `Origin: ${origin}`.trim(),
    ]),
    ['foreignOrigin', `Host: ${own}`, `Origin: http://${own}`, 'Origin: http://evil.com'],
    ['foreignOrigin', `Host: ${own}`, 'Origin: http://evil.com', `origin: http://${own}`],
    ['foreignOrigin', `Host: ${own}`, `Origin: http://evil.com`, `X-Forwarded-Host: evil.com`],
    ['foreignOrigin', `Host: localhost:${port}`, `Origin: http://${own}`],
  ];
}

/** What a browser says of a request from elsewhere even where it sends no Origin. */
function foreignSites(): Stranger[] {
  const host = `Host: 127.0.0.1:${port}`;
  return [
    ...['cross-site', 'same-site', 'else'].map((site): Stranger => [
      'foreignSite',
      host,
      `Sec-Fetch-Site: ${site}`,
    ]),
    ['foreignSite', host, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
  ];
}

async function expectDenied(strangers: Stranger[], requests = everyRequest()): Promise<void> {
  for (const { request, headers } of requests)
    await Promise.all(
      strangers.map(async ([name, ...lines]) => {
        const { status, body } = await send([`${request} HTTP/1.1`, ...lines, ...headers]);
        const asked = [request, headers[1] ?? '', ...lines].join(' | ');
        expect(status, asked).toBe(denials[name][0]);
        if (request.startsWith('HEAD')) return;
        expect(body, asked).toEqual({ error: denials[name][1], hint: denials[name][2] });
      }),
    );
}

describe('the door', () => {
  it('knows every route', () => {
    const requests = everyRequest().map(({ request }) => request);
    for (const known of [
      'GET /',
      'GET /ws/lab',
      'GET /ws/client/server4',
      'PATCH /api/servers/server4',
    ])
      expect(requests).toContain(known);
  });

  it('denies every foreign Host on every route, upgrade or not', () =>
    expectDenied(foreignHosts()));

  it('denies every foreign Origin on every route, upgrade or not', () =>
    expectDenied(foreignOrigins()));

  it('denies what another site makes, wherever it connects or changes something', () =>
    expectDenied(
      foreignSites(),
      everyRequest().filter(
        ({ request, headers }) => headers === upgrade || !/^(GET|HEAD)/.test(request),
      ),
    ));

  it('did nothing that a stranger asked for', () => {
    // These tests come first: nothing but the start of server 4 has happened yet.
    const types = new Set(gateway.lab.state.log.map(({ type }) => type));
    for (const type of ['accepted', 'stopped', 'connectFailed'] as const)
      expect(types).not.toContain(type);
    expect(gateway.lab.state.log.filter(({ type }) => type === 'starting')).toHaveLength(1);
  });

  it.each(open)('lets its own page and programs in: $request', async (route) => {
    const { request, headers, answer } = route;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
      const program = await send([`${request} HTTP/1.1`, `Host: ${host}`, ...headers]);
      expect(program.status, host).toBe(answer);
      const page = await send([
        `${request} HTTP/1.1`,
        `Host: ${host}`,
        `Origin: http://${host}`,
        'Sec-Fetch-Site: same-origin',
        ...headers,
      ]);
      expect(page.status, host).toBe(answer);
    }
  });

  it('lets a link from another site open the page', async () => {
    const { status } = await send([
      'GET / HTTP/1.1',
      `Host: ${gateway.host}`,
      'Sec-Fetch-Site: cross-site',
      'Connection: close',
    ]);
    expect(status).toBe(200);
  });

  it('denies a target that would overrule Host', async () => {
    const { status } = await send([
      `GET http://${gateway.host}/ HTTP/1.1`,
      `Host: ${gateway.host}`,
      'Connection: close',
    ]);
    expect(status).toBe(400);
  });

  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  const version = 'Sec-WebSocket-Version: 13';
  const asks = ['Connection: Upgrade', 'Upgrade: websocket'];

  it.each<[string, string, string[], DenialName]>([
    ['no key', 'GET', [...asks, version], 'badHandshake'],
    ['a short key', 'GET', [...asks, version, 'Sec-WebSocket-Key: abc'], 'badHandshake'],
    [
      'a key that is no Base64',
      'GET',
      [...asks, version, `Sec-WebSocket-Key: ${'!'.repeat(24)}`],
      'badHandshake',
    ],
    ['no version', 'GET', [...asks, key], 'socketVersion'],
    ['an old version', 'GET', [...asks, key, 'Sec-WebSocket-Version: 8'], 'socketVersion'],
    ['a version that is none', 'GET', [...asks, key, 'Sec-WebSocket-Version: x'], 'socketVersion'],
    [
      'an upgrade to something else',
      'GET',
      ['Connection: Upgrade', 'Upgrade: h2c', version, key],
      'badHandshake',
    ],
    ['a bad subprotocol', 'GET', [...upgrade, 'Sec-WebSocket-Protocol: ,,'], 'badHandshake'],
    ['another method', 'POST', upgrade, 'noRoute'],
    ['an expectation', 'GET', [...close, 'Expect: a-miracle'], 'expectation'],
  ])('answers %s as every error', async (_, method, headers, denial) => {
    for (const path of ['/ws/lab', '/ws/client/server4']) {
      const answer = await send([
        `${method} ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        ...headers,
      ]);
      const [status, error, hint] = denials[denial];
      expect(answer).toMatchObject({ status, body: { error, hint } });
      expect(answer.head).toMatch(/^content-type: application\/json/im);
      expect(answer.head).toMatch(/^x-content-type-options: nosniff\r?$/im);
      expect(answer.head).toMatch(/^content-security-policy: default-src 'none'/im);
      if (denial === 'socketVersion')
        expect(answer.head).toMatch(/^sec-websocket-version: 13\r?$/im);
      // Who must stay outside is told no more than that.
      const stranger = [`${method} ${path} HTTP/1.1`, 'Host: evil.com', ...headers];
      expect((await send(stranger)).body.error).toBe(denials.foreignHost[1]);
    }
  });

  it('answers what is not HTTP with one error', async () => {
    const { status, body } = await send(['22 + 44']);
    expect(status).toBe(400);
    expect(body.error).toBe(denials.badRequest[1]);
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
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('strict-transport-security')).toBeNull();
    }
  });

  it('are on every answer, denied upgrades and what is no request too', async () => {
    const own = [`Host: 127.0.0.1:${port}`];
    const asked = everyRequest().flatMap(({ request, headers }) =>
      [own, [...own, 'Origin: http://evil.com']].map((lines) => [
        `${request} HTTP/1.1`,
        ...lines,
        ...headers,
      ]),
    );
    for (const lines of [...asked, ['22 + 44'], [`GET /%ff HTTP/1.1`, ...own, ...close]]) {
      const { status, head } = await send(lines);
      if (status === 101) continue;
      expect(head, lines.join(' | ')).toMatch(/^x-content-type-options: nosniff\r?$/im);
      const [, policy = ''] = /^content-security-policy: (.*)\r?$/im.exec(head) ?? [];
      expect(policy, lines.join(' | ')).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
    }
  });

  it('leave nothing of the page out: it has no script, style or handler in its HTML', () => {
    const html = readFileSync(new URL('../../web/index.html', import.meta.url), 'utf8');
    expect(html.match(/<script\b[^>]*>/g)).toEqual(['<script type="module" src="/src/main.ts">']);
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
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
        (await send([`GET ${path} HTTP/1.1`, `Host: ${gateway.host}`, 'Connection: close'])).status,
        path,
      ).toBeGreaterThanOrEqual(400);
  });
});
