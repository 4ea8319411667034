import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventTypes } from '@sockscope/tcp-core/trace/events';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { closings, denials } from '../src/errors.ts';
import { Event } from '../src/schemas/event-schemas.ts';
import * as schemas from '../src/schemas/schemas.ts';
import { routesOf } from './routes-of.ts';
import { startGateway } from './running-gateway.ts';

const text = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

/** The rows below this column heading, each as the text of its cells. */
function table(heading: string): string[][] {
  const lines = text.split('\n');
  return lines.flatMap((line, start) => {
    if (!line.startsWith('|') || cells(line)[0] !== heading) return [];
    const end = lines.findIndex((other, index) => index > start && !other.startsWith('|'));
    return lines.slice(start + 2, end < 0 ? undefined : end).map(cells);
  });
}

const cells = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

const codes = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');

async function routes(): Promise<string[]> {
  const webRoot = mkdtempSync(join(tmpdir(), 'page-'));
  writeFileSync(join(webRoot, 'index.html'), '');
  const gateway = await startGateway({ servers: [], webRoot });
  const found = routesOf(gateway.app);
  await gateway.close();
  rmSync(webRoot, { recursive: true });
  return found.filter((route) => !route.startsWith('HEAD')).sort();
}

describe('docs/protocol.md', () => {
  it('names every route, and no other', async () => {
    const documented = table('Address').flatMap(([address]) => codes(address));
    expect(documented.sort()).toEqual(await routes());
  });

  it('names every frame, and no other', () => {
    const documented = table('Frame').flatMap(([frame]) => codes(frame));
    const { clientFrames, labFrames } = schemas;
    expect(documented.sort()).toEqual(
      [...Object.keys(clientFrames), ...Object.keys(labFrames)].sort(),
    );
  });

  it('names every ending, and no other', () => {
    expect(table('How').flatMap(([how]) => codes(how))).toEqual([...schemas.endings]);
  });

  it('names every setting, and no other', () => {
    expect(table('Setting').flatMap(([setting]) => codes(setting))).toEqual(
      Object.keys(schemas.ServerChanges.properties),
    );
  });

  it('names every error answer with its status, and no other', () => {
    const documented = table('Status').map(([status, error]) => [Number(status), ...codes(error)]);
    expect(documented.sort()).toEqual(
      Object.values(denials)
        .map(([status, error]) => [status, error])
        .sort(),
    );
  });

  it('names every close code with its reason, and no other', () => {
    const documented = table('Code').map(([code, reason]) => [Number(code), ...codes(reason)]);
    expect(documented.sort()).toEqual(
      Object.values(closings)
        .map(([code, reason]) => (reason === '' ? [code] : [code, reason]))
        .sort(),
    );
  });

  it('names every event with an example, and no other', () => {
    const rows = table('Event');
    expect(rows.flatMap(([event]) => codes(event)).sort()).toEqual([...eventTypes].sort());
    const stamp = { epoch: 'e', seq: 1, t: 0, server: 'server1', thread: null };
    for (const [event, , example] of rows) {
      const given = JSON.parse(codes(example)[0] ?? '') as { type: string };
      expect(given.type).toBe(codes(event)[0]);
      expect(Value.Check(Event, { ...given, ...stamp }), event).toBe(true);
    }
  });

  it('has examples that fit their schemas, for every frame and answer', () => {
    const examples = [...text.matchAll(/<!-- schema: (\S+) -->\s+```json\n([\s\S]*?)```/g)];
    expect(examples).toHaveLength([...text.matchAll(/^```json$/gm)].length);
    for (const [, name = '', json = ''] of examples) {
      const schema = name
        .split('.')
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], schemas) as TSchema;
      expect([...Value.Errors(schema, JSON.parse(json))], name).toEqual([]);
    }
    const shown = new Set(examples.map(([, name]) => name));
    const { clientFrames, labFrames } = schemas;
    for (const frame of Object.keys(clientFrames)) expect(shown).toContain(`clientFrames.${frame}`);
    for (const frame of Object.keys(labFrames))
      if (frame !== 'snapshot') expect(shown).toContain(`labFrames.${frame}`);
    for (const name of [
      'ServerAnswer',
      'HealthAnswer',
      'ErrorAnswer',
      'ServerChanges',
      'PresenterToken',
      'PresenterAnswer',
    ])
      expect(shown).toContain(name);
  });
});
