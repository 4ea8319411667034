import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { denials } from '../src/errors.ts';
import { HealthAnswer, HistoryAnswer, LabAnswer, ServerAnswer } from '../src/schemas/schemas.ts';
import { eventOf, startGateway, tcpClient, received, type Running } from './running-gateway.ts';

let gateway: Running;

beforeAll(async () => {
  gateway = await startGateway({ observeKernel: false });
});
afterAll(() => gateway.close());

async function call(
  method: string,
  path: string,
  body?: string,
  type = 'application/json',
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(`http://${gateway.host}${path}`, {
    method,
    ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

describe('the lab by HTTP', () => {
  it('tells its state and its health', async () => {
    const lab = await call('GET', '/api/lab');
    expect([...Value.Errors(LabAnswer, lab.answer)]).toEqual([]);
    // A sample of the kernel may have come since.
    const { seq } = lab.answer['state'] as { seq: number };
    expect(lab.answer).toEqual({ type: 'snapshot', state: gateway.lab.history.stateAt(seq) });
    const health = await call('GET', '/healthz');
    expect(health.status).toBe(200);
    expect([...Value.Errors(HealthAnswer, health.answer)]).toEqual([]);
    expect(health.answer).toMatchObject({ status: 'ok', servers: { server3: 'listening' } });
  });

  it('tells its history, from which every state since can be made again', async () => {
    const client = await tcpClient(gateway.lab, 'server3');
    client.end('40 + 2\n');
    await received(client);
    await eventOf(gateway.lab, 'evaluated', ({ message }) => message === '40 + 2');
    const { status, answer } = await call('GET', '/api/history');
    expect(status).toBe(200);
    expect([...Value.Errors(HistoryAnswer, answer)]).toEqual([]);
    const { state, events } = answer as unknown as { state: LabState; events: LabEvent[] };
    expect(state).toEqual(gateway.lab.history.base);
    const history = new LabHistory(state);
    history.push(events);
    expect(history.first).toBe(gateway.lab.history.first);
    const { last } = history;
    for (const seq of [history.first, Math.floor(last / 2), last - 1, last])
      expect(history.stateAt(seq)).toEqual(gateway.lab.history.stateAt(seq));
    expect(events.some((event) => event.type === 'evaluated' && event.reply === '42')).toBe(true);
  });

  it('lets nobody keep its state or history', async () => {
    for (const path of ['/api/lab', '/api/history']) {
      const { headers } = await fetch(`http://${gateway.host}${path}`);
      expect(headers.get('cache-control'), path).toBe('no-store');
    }
  });

  it('stops, starts and restarts a server on its port', async () => {
    const { port } = gateway.lab.state.servers.server3!;
    const stopped = await call('POST', '/api/servers/server3/stop');
    expect([...Value.Errors(ServerAnswer, stopped.answer)]).toEqual([]);
    expect(stopped.answer).toMatchObject({ server: 'server3', status: 'stopped' });
    await expect(tcpClient(gateway.lab, 'server3')).rejects.toThrow('ECONNREFUSED');
    for (const action of ['start', 'start', 'restart']) {
      const { status, answer } = await call('POST', `/api/servers/server3/${action}`);
      expect(status).toBe(200);
      expect(answer).toMatchObject({ status: 'listening', port });
    }
    const client = await tcpClient(gateway.lab, 'server3');
    client.end('1 + 1\n');
    expect((await received(client)).toString()).toBe('2\n');
  });

  it('changes a server, and takes many changes at once in turn', async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map((slowMs) =>
        call('PATCH', '/api/servers/server1', JSON.stringify({ slowMs, policy: 'queue' })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(gateway.lab.state.servers.server1!).toMatchObject({
      status: 'listening',
      settings: { slowMs: 4, policy: 'queue' },
    });
  });

  it.each([
    ['PATCH', '/api/servers/server1', '{"slowMs":10001}', 'invalid'],
    ['PATCH', '/api/servers/server1', '{"port":22}', 'invalid'],
    ['PATCH', '/api/servers/server1', '{"slowMs":"5"}', 'invalid'],
    ['PATCH', '/api/servers/server1', '{}', 'invalid'],
    ['PATCH', '/api/servers/server1', '[]', 'invalid'],
    ['PATCH', '/api/servers/server1', '{"__proto__":{"slowMs":1}}', 'badJson'],
    ['PATCH', '/api/servers/server1', '{"slowMs"', 'badJson'],
    ['PATCH', '/api/servers/server9', '{"slowMs":5}', 'noServer'],
    ['PATCH', '/api/servers/server1', `{"policy":"${'x'.repeat(17_000)}"}`, 'tooLarge'],
    ['POST', '/api/servers/server9/start', undefined, 'noServer'],
    ['POST', '/api/servers/server1/explode', undefined, 'noRoute'],
    ['GET', '/api/servers/server1', undefined, 'noRoute'],
    ['GET', '/', undefined, 'notBuilt'],
  ] as const)('denies %s %s %s', async (method, path, body, name) => {
    const before = gateway.lab.state.seq;
    const { status, answer } = await call(method, path, body);
    expect(status).toBe(denials[name][0]);
    expect(Object.keys(answer).sort()).toEqual(['error', 'hint']);
    expect(answer['error']).toBe(denials[name][1]);
    // Threads may report what they did before; what a request does to a server, the gateway reports.
    const since = gateway.lab.history.events().filter(({ seq }) => seq > before);
    expect(since.filter(({ thread }) => thread === null)).toEqual([]);
  });

  it('says which part of a body is wrong', async () => {
    const { answer } = await call('PATCH', '/api/servers/server1', '{"slowMs":10001}');
    expect(answer['hint']).toContain('slowMs');
  });

  it('takes no form and no plain text, which any site may send', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const { status, answer } = await call('PATCH', '/api/servers/server1', '{"slowMs":5}', type);
      expect(status).toBe(415);
      expect(answer['error']).toBe(denials.mediaType[1]);
    }
  });

  it('says why a server cannot start, and that the lab is not well', async () => {
    const { createServer } = await import('node:net');
    const { port } = gateway.lab.state.servers.server2!;
    await call('POST', '/api/servers/server2/stop');
    const holder = createServer().listen(port ?? 0, '127.0.0.1');
    const { status, answer } = await call('POST', '/api/servers/server2/start');
    expect(status).toBe(409);
    expect(answer['hint']).toContain('EADDRINUSE');
    const health = await call('GET', '/healthz');
    expect([health.status, health.answer['status']]).toEqual([503, 'crashed']);
    await new Promise((resolve) => holder.close(resolve));
    expect((await call('POST', '/api/servers/server2/start')).status).toBe(200);
  });
});
