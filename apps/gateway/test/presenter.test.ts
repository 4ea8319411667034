import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { denials } from '../src/errors.ts';
import { makeToken } from '../src/door/presenter.ts';
import { TRIES_A_MINUTE } from '../src/routes/presenter-routes.ts';
import { PresenterAnswer } from '../src/schemas/schemas.ts';
import { routesOf } from './routes-of.ts';
import { BrowserClient, startGateway, type Running } from './running-gateway.ts';

const token = makeToken();
const lan = {
  token,
  names: [],
  connectionsPerAddress: 1000,
  socketsPerAddress: 100,
  upgradesPerMinute: 100,
  readingsPerMinute: 100,
};

let gateway: Running;

beforeEach(async () => {
  gateway = await startGateway({ servers: ['server4'], observeKernel: false, lan });
});
afterEach(() => gateway.close());

async function call(
  method: string,
  path: string,
  { cookie, body }: { cookie?: string; body?: unknown } = {},
): Promise<{ status: number; answer: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(`http://${gateway.host}${path}`, {
    method,
    headers: {
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    answer: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

const show = (shown: string) => call('POST', '/api/presenter', { body: { token: shown } });

async function cookieOf(shown = token): Promise<string> {
  const { headers } = await show(shown);
  return headers.get('set-cookie') ?? '';
}

/** Every route that is neither for reading nor for showing the token. */
function changing(): [method: string, path: string][] {
  return routesOf(gateway.app)
    .map((route) => route.replace(':server', 'server4').split(' ') as [string, string])
    .filter(([method, path]) => !['GET', 'HEAD'].includes(method) && path !== '/api/presenter');
}

describe('whoever has not shown the token', () => {
  it('changes nothing: every such route, and any other cookie', async () => {
    expect(changing().length).toBeGreaterThanOrEqual(4);
    const name = `sockscope-presenter-${gateway.host.split(':')[1] ?? ''}`;
    const before = gateway.lab.state.servers.server4!;
    for (const [method, path] of changing())
      for (const cookie of [undefined, '', name, `${name}=`, `${name}=x`, `${name}=${token}`]) {
        const { status, answer } = await call(method, path, {
          ...(cookie === undefined ? {} : { cookie }),
          ...(method === 'PATCH' ? { body: { slowMs: 1 } } : {}),
        });
        expect(status, `${method} ${path} ${cookie}`).toBe(403);
        expect(answer).toEqual({
          error: denials.notPresenter[1],
          hint: denials.notPresenter[2],
        });
      }
    expect(gateway.lab.state.servers.server4!).toEqual(before);
  });

  it('is told that there is no such route, as everybody is', async () => {
    expect((await call('POST', '/api/no-such')).status).toBe(404);
  });

  it('watches, and is a client', async () => {
    expect((await call('GET', '/api/lab')).status).toBe(200);
    expect((await call('GET', '/api/history')).status).toBe(200);
    const viewer = new BrowserClient(gateway, '/ws/lab');
    await viewer.frame('snapshot');
    const client = new BrowserClient(gateway, '/ws/client/server4');
    await client.frame('connected');
    client.webSocket.send(Buffer.from('hello'));
    await client.until(() => client.text === 'hello');
    viewer.webSocket.close();
    client.webSocket.close();
  });

  it('is told so', async () => {
    const { answer, headers } = await call('GET', '/api/presenter');
    expect(answer).toEqual({ mayControl: false });
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('the token', () => {
  it('becomes a cookie that scripts and other sites do not get', async () => {
    const { status, answer, headers } = await show(token);
    expect(status).toBe(200);
    expect([...Value.Errors(PresenterAnswer, answer)]).toEqual([]);
    expect(answer).toEqual({ mayControl: true });
    const [, port] = gateway.host.split(':');
    expect(headers.get('set-cookie')).toMatch(
      new RegExp(`^sockscope-presenter-${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`),
    );
    expect(headers.get('set-cookie')).not.toContain(token);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('opens the controls, beside other cookies too', async () => {
    const [cookie = ''] = (await cookieOf()).split(';');
    for (const cookies of [cookie, `theme=dark; ${cookie}`, `${cookie};x=1`]) {
      expect((await call('GET', '/api/presenter', { cookie: cookies })).answer).toEqual({
        mayControl: true,
      });
      const { status } = await call('POST', '/api/servers/server4/restart', { cookie: cookies });
      expect(status).toBe(200);
    }
  });

  it('does not open the door: a foreign page cannot use the cookie', async () => {
    const [cookie = ''] = (await cookieOf()).split(';');
    const response = await fetch(`http://${gateway.host}/api/servers/server4/stop`, {
      method: 'POST',
      headers: { cookie, origin: 'http://evil.com' },
    });
    expect(response.status).toBe(403);
    expect(((await response.json()) as { error: string }).error).toBe(denials.foreignOrigin[1]);
  });

  it.each([
    ['x', 'wrongToken'],
    [token.slice(0, -1), 'wrongToken'],
    [`${token}x`, 'wrongToken'],
    [token.toUpperCase(), 'wrongToken'],
    ['', 'invalid'],
    ['x'.repeat(129), 'invalid'],
  ] as const)('is not %j', async (shown, denial) => {
    const { status, answer, headers } = await show(shown);
    expect(status).toBe(denials[denial][0]);
    expect(answer['error']).toBe(denials[denial][1]);
    expect(headers.get('set-cookie')).toBeNull();
  });

  it('can be tried only a few times a minute, the right one then neither', async () => {
    for (let tries = 0; tries < TRIES_A_MINUTE; tries += 1)
      expect((await show('wrong')).status).toBe(403);
    const { status, answer, headers } = await show(token);
    expect(status).toBe(429);
    expect(answer['error']).toBe(denials.tooFast[1]);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    // Only that: everything else goes on.
    expect((await call('GET', '/api/presenter')).status).toBe(200);
  });

  it('has 192 bits, other ones each time', () => {
    const made = new Set(Array.from({ length: 100 }, makeToken));
    expect(made.size).toBe(100);
    for (const each of made) expect(Buffer.from(each, 'base64url')).toHaveLength(24);
  });
});

describe('a gateway with the same token', () => {
  it('knows the cookie of the run before; one with another does not', async () => {
    const [cookie = ''] = (await cookieOf()).split(';');
    const value = cookie.split('=')[1] ?? '';
    for (const [its, mayControl] of [
      [token, true],
      [makeToken(), false],
    ] as const) {
      const other = await startGateway({ servers: [], lan: { ...lan, token: its } });
      const name = `sockscope-presenter-${other.host.split(':')[1] ?? ''}`;
      const response = await fetch(`http://${other.host}/api/presenter`, {
        headers: { cookie: `${name}=${value}` },
      });
      expect(await response.json()).toEqual({ mayControl });
      await other.close();
    }
  });
});

describe('on a machine that nobody else reaches', () => {
  it('everybody is the presenter, without a token or a cookie', async () => {
    const webRoot = mkdtempSync(join(tmpdir(), 'page-'));
    writeFileSync(join(webRoot, 'index.html'), '');
    const open = await startGateway({ servers: [], webRoot });
    const response = await fetch(`http://${open.host}/api/presenter`);
    expect(await response.json()).toEqual({ mayControl: true });
    const shown = await fetch(`http://${open.host}/api/presenter`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"token":"anything"}',
    });
    expect(await shown.json()).toEqual({ mayControl: true });
    expect(shown.headers.get('set-cookie')).toBeNull();
    await open.close();
    rmSync(webRoot, { recursive: true });
  });
});
