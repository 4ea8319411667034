// @vitest-environment jsdom

import { cleanup, render, screen, within } from '@testing-library/svelte';
import { serverSources } from 'virtual:server-sources';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LabFact } from '@sockscope/tcp-core/trace/events';
import { defaultSettings } from '@sockscope/tcp-core/trace/settings';
import CodeView from '../src/components/stage/CodeView.svelte';
import { litLines, litSource } from '../src/view/stage/code-lines.ts';
import { stubResizeObserver } from './a-browser.ts';
import { ALab, sleepsIn } from './a-lab.ts';

const scrollTo = vi.fn();
let width = 300;

beforeEach(() => {
  // jsdom lays nothing out: each line is 20 high, and six are to be seen.
  width = 300;
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(120);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockImplementation(() => width);
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(20);
  vi.spyOn(HTMLElement.prototype, 'offsetTop', 'get').mockImplementation(function (
    this: HTMLElement,
  ) {
    return (Number(this.dataset['line']) - 1) * 20;
  });
  scrollTo.mockImplementation(function (this: HTMLElement, { top }: { top: number }) {
    this.scrollTop = top;
  });
  stubResizeObserver();
  Object.defineProperty(HTMLElement.prototype, 'scrollTo', {
    configurable: true,
    value: scrollTo,
  });
});
afterEach(() => {
  cleanup();
  scrollTo.mockReset();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const blocked = (call: 'accept' | 'recv' | 'select', fd: number): LabFact => ({
  type: 'blocked',
  own: [],
  call,
  in: sleepsIn(call),
  read: [fd],
  write: [],
  timeoutMs: null,
});

/** The lit lines as they can be read: "blocked: const ready = … blocked". */
function lit(name = /\.ts$/): string[] {
  const region = screen.getByRole('region', { name });
  return Array.from(region.querySelectorAll<HTMLElement>('[data-lit]'), (row) => {
    const code = row.querySelector('code')?.textContent.trim() ?? '';
    const tag = row.querySelector('.tag')?.textContent.trim() ?? '';
    return `${row.dataset['lit'] ?? ''}: ${code} | ${tag}`;
  });
}

describe('the files', () => {
  it('are what is in the repository, word for word', async () => {
    const { readFileSync } = await import('node:fs');
    for (const files of Object.values(serverSources)) {
      for (const { path, lines } of Object.values(files)) {
        const text = lines.map((line) => line.map(([, part]) => part).join('')).join('\n');
        const url = new URL(`../../../${path}`, `file://${import.meta.dirname}/`);
        expect(`${text}\n`).toBe(readFileSync(url, 'utf8'));
      }
    }
  });

  it('have their words told apart', () => {
    const words = serverSources.typescript.select.lines.flat();
    const of = (kind: string): string[] =>
      words.filter(([each]) => each === kind).map(([, text]) => text.trim());
    expect(of('keyword')).toContain('for');
    expect(of('function')).toContain('select');
    expect(of('number')).toContain('4096');
    expect(of('string')).toContain("'accept'");
    expect(of('comment').join(' ')).toContain('never block in accept');
  });
});

describe('CodeView', () => {
  it('lights the line that the thread is in, and follows it', async () => {
    const lab = new ALab();
    lab.start('server3');
    lab.happen('server3', 1, blocked('select', 20));
    const { rerender } = render(CodeView, { server: lab.lab.servers.server3! });
    expect(lit()).toEqual(['blocked: const ready = select(read, write, timeoutMs); | blocked']);
    lab.connect('server3', 1, 24);
    const received: LabFact = {
      type: 'received',
      connection: 1,
      fd: 24,
      bytes: 2,
      preview: '1\n',
    };
    lab.happen('server3', 1, received);
    await rerender({ server: lab.lab.servers.server3! });
    expect(lit()).toEqual(['working: const bytes = socket.recv(4096, 0); | working']);
    const [row] = document.querySelectorAll('[data-lit]');
    // The thread serves connection 1, whose shape stands beside the line.
    expect(row?.querySelector('[data-identity]')).not.toBeNull();
  });

  it('begins at the function, and scrolls only to a line that is out of sight', async () => {
    const lab = new ALab();
    lab.start('server3');
    const { sites } = serverSources.typescript.select;
    const { rerender } = render(CodeView, { server: lab.lab.servers.server3! });
    const tops = (): number[] =>
      scrollTo.mock.calls.map(([to]) => Math.round((to as { top: number }).top / 20) + 1);
    expect(tops()[0]).toBe(sites.start);
    scrollTo.mockClear();

    lab.happen('server3', 1, blocked('select', 20));
    await rerender({ server: lab.lab.servers.server3! });
    // In the middle of six lines.
    expect(tops()).toEqual([(sites.select ?? 0) - 2]);
    scrollTo.mockClear();

    lab.t += 1;
    await rerender({ server: { ...lab.lab.servers.server3! } });
    expect(tops()).toEqual([]);
    expect(document.activeElement).toBe(document.body);
  });

  it('does not move for a line that is to be seen', async () => {
    const lab = new ALab();
    lab.happen('server2', 1, { type: 'threadStarted', tid: 1, role: 'acceptor' });
    lab.happen('server2', 1, blocked('accept', 20));
    const { rerender } = render(CodeView, { server: lab.lab.servers.server2! });
    expect(lit()).toEqual(['blocked: const client = listener.accept(); | blocked']);
    scrollTo.mockClear();
    lab.connect('server2', 1, 24);
    lab.happen('server2', 1, { type: 'handedOver', connection: 1, fd: 24, to: 2 });
    await rerender({ server: lab.lab.servers.server2! });
    expect(lit()[0]).toMatch(/^working: sockets\.startThread\(client\);/);
    expect(scrollTo).not.toHaveBeenCalled();
  });

  it('counts the threads of one line', () => {
    const lab = new ALab();
    lab.happen('server2', 1, { type: 'threadStarted', tid: 1, role: 'acceptor' });
    for (let i = 1; i <= 12; i++) {
      lab.connect('server2', i, 23 + i);
      lab.happen('server2', i + 1, { type: 'threadStarted', tid: 100 + i, role: 'client' });
      lab.happen('server2', 1, { type: 'handedOver', connection: i, fd: 23 + i, to: i + 1 });
      lab.happen('server2', i + 1, blocked('recv', 23 + i));
    }
    lab.happen('server2', 1, blocked('accept', 20));
    render(CodeView, { server: lab.lab.servers.server2! });
    expect(lit()).toEqual([
      'blocked: const client = listener.accept(); | blocked',
      'blocked: const bytes = client.recv(4096, inbox.idleMs); | ×12 blocked',
    ]);
  });

  it('goes to the file that the thread is in; the other one can be chosen meanwhile', async () => {
    const lab = new ALab();
    const settings = { ...defaultSettings, policy: 'queue' } as const;
    lab.start('server1');
    lab.happen('server1', null, { type: 'starting', settings });
    lab.happen('server1', 1, blocked('accept', 20));
    const { rerender } = render(CodeView, { server: lab.lab.servers.server1! });
    screen.getByRole('region', { name: /one-at-a-time\.ts$/ });
    lab.connect('server1', 1, 24);
    lab.happen('server1', 1, blocked('recv', 24));
    await rerender({ server: lab.lab.servers.server1! });
    expect(lit(/thread-per-client\.ts$/)).toEqual([
      'blocked: const bytes = client.recv(4096, inbox.idleMs); | blocked',
    ]);
    const files = within(screen.getByRole('group', { name: 'Files' }));
    files.getByRole('button', { name: 'one-at-a-time.ts' }).click();
    await tick();
    expect(lit(/one-at-a-time\.ts$/)).toEqual([]);
    lab.happen('server1', 1, blocked('accept', 20));
    await rerender({ server: lab.lab.servers.server1! });
    lab.happen('server1', 1, blocked('recv', 24));
    await rerender({ server: lab.lab.servers.server1! });
    screen.getByRole('region', { name: /thread-per-client\.ts$/ });
  });

  it('shows the same server in Python on request, its line lit too', async () => {
    const lab = new ALab();
    lab.start('server3');
    lab.happen('server3', 1, blocked('select', 20));
    render(CodeView, { server: lab.lab.servers.server3! });
    const python = screen.getByRole('button', { name: 'Python' });
    expect(python.getAttribute('aria-pressed')).toBe('false');
    python.click();
    await tick();
    expect(lit(/\.py$/)).toEqual([
      'blocked: readable, _, _ = select([listener, *read], write, []) | blocked',
    ]);
    screen.getByRole('region', { name: /select\.ts$/ });
  });

  it('keeps following when two threads on a line look the same', async () => {
    // Hues and shapes come again after 64 connections.
    const lab = new ALab();
    lab.start('server2');
    const { rerender } = render(CodeView, { server: lab.lab.servers.server2! });
    for (const [index, connection] of [1, 65, 2].entries()) {
      const thread = 2 + index;
      lab.happen('server2', thread, { type: 'threadStarted', tid: 5000 + thread, role: 'client' });
      lab.connect('server2', connection, 24 + index);
      lab.happen('server2', 1, {
        type: 'handedOver',
        connection,
        fd: 24 + index,
        to: thread,
      });
      lab.happen('server2', thread, blocked('recv', 24 + index));
    }
    await rerender({ server: lab.lab.servers.server2! });
    expect(lit(/\.ts$/).join()).toContain('×3 blocked');
  });
});

describe('a line of code', () => {
  const lines = (): HTMLElement[] =>
    Array.from(document.querySelectorAll<HTMLElement>('[data-line]'));

  it('stands with its indent beside its words, so that what is wrapped hangs under them', () => {
    const lab = new ALab();
    lab.start('server3');
    render(CodeView, { server: lab.lab.servers.server3! });
    const { lines: tokens } = serverSources.typescript.select;
    for (const [index, row] of lines().entries()) {
      const text = tokens[index]?.map(([, part]) => part).join('') ?? '';
      const code = row.querySelector('code')?.textContent ?? '';
      expect(code, `line ${index + 1}`).toBe(text.trimStart());
      expect((row.querySelector('.indent')?.textContent ?? '') + code).toBe(text);
    }
  });

  it('has who is there in its gutter: two shapes, or how many threads', async () => {
    const lab = new ALab();
    lab.happen('server2', 1, { type: 'threadStarted', tid: 1, role: 'acceptor' });
    const join = (i: number): void => {
      lab.connect('server2', i, 23 + i);
      lab.happen('server2', i + 1, { type: 'threadStarted', tid: 100 + i, role: 'client' });
      lab.happen('server2', 1, { type: 'handedOver', connection: i, fd: 23 + i, to: i + 1 });
      lab.happen('server2', i + 1, blocked('recv', 23 + i));
    };
    join(1);
    join(2);
    const { rerender } = render(CodeView, { server: lab.lab.servers.server2! });
    const badge = (): Element | null =>
      document.querySelector('[data-lit="blocked"] .gutter .badge:not(:empty)');
    expect(badge()?.querySelectorAll('[data-identity]')).toHaveLength(2);
    expect(badge()?.textContent.trim()).toBe('');
    join(3);
    await rerender({ server: lab.lab.servers.server2! });
    expect(badge()?.querySelectorAll('[data-identity]')).toHaveLength(0);
    expect(badge()?.textContent.trim()).toBe('×3');
  });

  it('that is lit is said in the head of its file, with what its threads do', () => {
    const lab = new ALab();
    lab.start('server3');
    lab.happen('server3', 1, blocked('select', 20));
    render(CodeView, { server: lab.lab.servers.server3! });
    const { sites } = serverSources.typescript.select;
    expect(document.querySelector('.path')?.textContent.replace(/\s+/g, ' ').trim()).toBe(
      `select.ts ${sites.select} blocked`,
    );
  });

  it('comes whole into view when it is wrapped, from its top when it is higher than the pane', () => {
    const { sites } = serverSources.typescript.select;
    const lit = sites.select ?? 0;
    const lab = new ALab();
    lab.start('server3');
    lab.happen('server3', 1, blocked('select', 20));
    for (const [height, top] of [
      [40, (lit - 1) * 20 - 40],
      [200, (lit - 1) * 20],
    ]) {
      vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockImplementation(function (
        this: HTMLElement,
      ) {
        return this.dataset['line'] === String(lit) ? height! : 20;
      });
      render(CodeView, { server: lab.lab.servers.server3! });
      expect(scrollTo.mock.lastCall?.[0]).toMatchObject({ top });
      cleanup();
    }
  });
});

describe('the lit lines', () => {
  it('are none before a server runs', () => {
    const server4 = new ALab().lab.servers.server4!;
    expect(litSource(server4)).toBe('echo');
    expect(litLines(server4, 'echo', serverSources.typescript.echo.sites)).toEqual([]);
  });

  it('leave out threads that wait for a client', () => {
    const lab = new ALab();
    lab.happen('server2', 2, { type: 'threadStarted', tid: 2, role: 'client' });
    lab.happen('server2', 2, blocked('parked' as 'recv', 0));
    const { sites } = serverSources.typescript['thread-per-client'];
    expect(litLines(lab.lab.servers.server2!, 'thread-per-client', sites)).toEqual([]);
  });
});
