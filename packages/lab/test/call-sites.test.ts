/** Every event of a thread happened at a line of its server, in both languages. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  placeOf,
  placeOfEvent,
  type Place,
  type ServerSource,
  sourcesOf,
} from '@sockscope/tcp-core/designs/call-sites';
import {
  eventTypes,
  type LabEvent,
  type LabFact,
  type ServerId,
} from '@sockscope/tcp-core/trace/events';
import { assignment, serverIds } from '@sockscope/tcp-core/designs/all';
import { design as oneAtATime } from '@sockscope/tcp-core/designs/one-at-a-time';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { apply, emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { busyPolicies, defaultSettings } from '@sockscope/tcp-core/trace/settings';
import { languages, type Language } from '@sockscope/tcp-core/designs/source';
import { findSiteLines, sources as designSources } from '@sockscope/tcp-core/designs/source-lines';
import { TestLab } from './test-lab.ts';

const sources = ['one-at-a-time', 'thread-per-client', 'select', 'echo'] as const;

function textOf(language: Language, source: ServerSource): string {
  return readFileSync(
    new URL(`../../../${designSources[source].files[language]}`, import.meta.url),
    'utf8',
  );
}

const files = new Map(
  languages.flatMap((language) =>
    sources.map((source) => {
      const text = textOf(language, source);
      const found = { lines: text.split('\n'), sites: findSiteLines(language, source, text) };
      return [`${language} ${source}`, found] as const;
    }),
  ),
);

/** What the line of a place says. */
function lineOf(language: Language, { source, site }: Place): string | undefined {
  const { lines, sites } = files.get(`${language} ${source}`)!;
  const line = sites[site];
  return line === undefined ? undefined : lines[line - 1]?.trim();
}

/** Each event of a log with the place where it happened. */
function placesOf(events: readonly LabEvent[]): { event: LabEvent; place: Place | null }[] {
  let lab: LabState = emptyLab('', assignment);
  return events.map((event) => {
    const before = lab.servers[event.server]!;
    lab = apply(lab, event);
    const after = lab.servers[event.server]!;
    const thread = event.thread ?? -1;
    const place = placeOfEvent(after, after.threads[thread] ?? before.threads[thread], event);
    return { event, place };
  });
}

/** What the gateway reports itself, not a thread. */
const ofTheGateway: LabFact['type'][] = [
  'joined',
  'starting',
  'stopped',
  'crashed',
  'identified',
  'connectFailed',
  'sampled',
  'unobservable',
];

/** A thread that waits for a client runs no line yet. */
const isParked = (event: LabEvent): boolean => event.type === 'blocked' && event.call === 'parked';

/** That each event has a line in both languages, and which, once each. */
function linesOf(events: readonly LabEvent[]): Record<string, string[]> {
  const lines: Record<string, Set<string>> = {};
  for (const { event, place } of placesOf(events)) {
    if (event.thread === null || isParked(event)) {
      expect(place, JSON.stringify(event)).toBeNull();
      continue;
    }
    expect(place, JSON.stringify(event)).not.toBeNull();
    for (const language of languages) {
      const line = lineOf(language, place!);
      expect(line, `${language} ${JSON.stringify({ place, event })}`).toBeTruthy();
      if (language === 'python') continue;
      const what = event.type === 'blocked' ? `blocked ${event.call}` : event.type;
      (lines[what] ??= new Set()).add(line ?? '');
    }
  }
  return Object.fromEntries(Object.entries(lines).map(([what, set]) => [what, [...set]]));
}

describe('the patterns', () => {
  it('fail with the file and the place when a line is gone, or there twice', () => {
    const text = textOf('typescript', 'select');
    const gone = (): unknown => findSiteLines('typescript', 'select', text.replace('.recv(', '('));
    expect(gone).toThrow(/servers\/select\.ts: the place "recv" fits no line/);
    const twice = (): unknown => findSiteLines('typescript', 'select', `${text}${text}`);
    expect(twice).toThrow(/the place "start" fits lines \d+, \d+/);
  });

  it.each(languages)('find all places of every file in %s', (language) => {
    for (const source of sources) {
      expect(findSiteLines(language, source, textOf(language, source))).toHaveProperty('listen');
    }
  });
});

/** Facts of every type that a thread reports, in an order in which they can happen. */
function everyFact(server: ServerId): Record<string, LabFact[]> {
  const of = { connection: 1, fd: 30 };
  const role = server === 'server2' ? 'acceptor' : 'server';
  const select = server === 'server3' || server === 'server4' || server === 'server1';
  const blocked = (
    call: 'accept' | 'recv' | 'send' | 'select' | 'handoff' | 'parked',
  ): LabFact => ({
    type: 'blocked',
    own: [],
    call,
    in: call === 'recv' || call === 'select' ? call : 'poll',
    read: [30],
    write: [],
    timeoutMs: null,
  });
  const conversation: LabFact[] = [
    { type: 'received', ...of, bytes: 2, preview: '1\n' },
    { type: 'evaluating', ...of, message: '1' },
    { type: 'evaluated', ...of, message: '1', reply: '1', error: false, micros: 1 },
    { type: 'sent', ...of, bytes: 2, requested: 2, preview: '1\n' },
    { type: 'summed', waited: 0, micros: 1, turns: 1, connections: [] },
    { type: 'peerClosed', ...of },
    { type: 'shutdown', ...of },
    { type: 'closed', drained: 0, ...of, how: 'fin', errno: null, received: 2, sent: 2 },
  ];
  const main: LabFact[] = [
    { type: 'threadStarted', tid: 1, role },
    { type: 'listening', fd: 20, address: '127.0.0.1', port: 5001, backlog: 511 },
    blocked('accept'),
    { type: 'accepted', ...of, address: '127.0.0.1', port: 53_000 },
    { type: 'refused', sent: 10, ...of, reason: 'error: no descriptor' },
    { type: 'listenerClosed', fd: 20 },
    { type: 'threadEnded', tid: 1 },
  ];
  const inSelect: LabFact[] = [
    blocked('select'),
    {
      type: 'selected',
      own: [],
      read: [20, 30],
      write: [],
      readable: [30],
      writable: [],
      micros: 1,
    },
  ];
  if (server === 'server2') {
    return {
      acceptor: [
        ...main.slice(0, 4),
        blocked('handoff'),
        { type: 'handedOver', ...of, to: 2 },
        ...main.slice(4),
      ],
      client: [
        { type: 'threadStarted', tid: 2, role: 'client' },
        blocked('parked'),
        blocked('recv'),
        ...conversation.slice(0, 3),
        blocked('send'),
        ...conversation.slice(3),
        { type: 'threadEnded', tid: 2 },
      ],
    };
  }
  const noCalculation = conversation.filter(({ type }) => !type.startsWith('evaluat'));
  return {
    server: [
      ...main.slice(0, 4),
      ...(select ? inSelect : []),
      ...(server === 'server4' ? noCalculation : conversation),
      ...main.slice(4),
    ],
  };
}

describe.each(serverIds)('%s', (server) => {
  it.each(server === 'server1' ? busyPolicies : (['busy'] as const))(
    'has a line for every event that its threads can report (policy %s)',
    (policy) => {
      const seen = new Set<string>();
      for (const [role, facts] of Object.entries(everyFact(server))) {
        // Server 1 waits in select only where it serves by itself.
        const possible = facts.filter(
          (fact) =>
            policy === 'busy' ||
            !(fact.type === 'selected' || (fact.type === 'blocked' && fact.call === 'select')),
        );
        const thread = role === 'client' ? 2 : 1;
        const starting: LabFact = {
          type: 'starting',
          settings: { ...defaultSettings, policy },
        };
        const accepted: LabFact = {
          type: 'accepted',
          connection: 1,
          fd: 30,
          address: '127.0.0.1',
          port: 53_000,
        };
        const before = role === 'client' ? [starting, accepted] : [starting];
        const events = [...before, ...possible].map((fact, index) => {
          const stamp = { epoch: '', seq: index + 1, t: index, server };
          const gateway = index < before.length;
          return { ...fact, ...stamp, thread: gateway ? null : thread };
        });
        linesOf(events);
        for (const { type, thread: by } of events) if (by !== null) seen.add(type);
      }
      const never = {
        server1: policy === 'busy' ? ['handedOver'] : ['handedOver', 'selected'],
        server2: ['selected'],
        server3: ['handedOver'],
        server4: ['handedOver', 'evaluating', 'evaluated'],
      }[server];
      expect([...seen].sort()).toEqual(
        eventTypes.filter((type) => !ofTheGateway.includes(type) && !never.includes(type)).sort(),
      );
    },
  );
});

it('tells a message that a reset ended from one that a silence ended', () => {
  const of = { connection: 1, fd: 30 };
  const evaluated: LabFact = {
    type: 'evaluated',
    ...of,
    message: '1',
    reply: '1',
    error: false,
    micros: 1,
  };
  const selected = (readable: number[]): LabFact => {
    return {
      type: 'selected',
      own: [],
      read: [20, 30],
      write: [],
      readable,
      writable: [],
      micros: 1,
    };
  };
  const facts: LabFact[] = [
    { type: 'threadStarted', tid: 1, role: 'server' },
    { type: 'accepted', ...of, address: '127.0.0.1', port: 53_000 },
    selected([30]),
    { type: 'received', ...of, bytes: 1, preview: '1' },
    selected([]), // time is up
    evaluated,
    selected([30]), // recv says ECONNRESET, which is no event
    evaluated,
  ];
  const events = facts.map((fact, index) => {
    return { ...fact, epoch: '', seq: index + 1, t: index, server: 'server3', thread: 1 } as const;
  });
  const sites = placesOf(events).map(({ place }) => place?.site);
  expect(sites.slice(4)).toEqual(['select', 'calculateAfterSilence', 'select', 'calculate']);
});

describe('in a real lab', () => {
  const slow = { slowMs: 30, idleMs: 20 };

  /** Clients of every kind, one after the other; the server's thread comes to each of its lines. */
  async function everyKindOfClient(test: TestLab, server: ServerId, port: number): Promise<void> {
    const many = server !== 'server1';
    const polite = await test.accepted(port);
    await polite.client.send('1+1\0').take(2); // a NUL: it may as well send no end at all
    if (many) {
      const { client: another } = await test.accepted(port);
      await another.send('2+2\n').line();
      another.finish();
      await another.rest();
    }
    polite.client.send('3+3'); // and no newline: silence ends it
    await polite.client.take(1);
    polite.client.finish();
    await polite.client.rest();
    await test.idle(server);
    for (const last of ['', '4+4']) {
      const reset = await test.accepted(port);
      await reset.client.send('1+1\n').line();
      if (last !== '') {
        reset.client.send(last);
        await test.event('received', (e) => e.connection === reset.connection && e.bytes === 3);
      }
      reset.client.reset();
      await test.event('closed', ({ connection }) => connection === reset.connection);
    }
    // A message, and the end without a newline.
    const brief = await test.accepted(port);
    brief.client.send('5+5').finish();
    await brief.client.rest();
    await test.idle(server);
  }

  describe.each(busyPolicies)('server1, policy %s', (policy) => {
    const test = new TestLab();
    it('has a line for each event of its thread', async () => {
      const port = await test.start('server1', { policy, ...slow });
      await everyKindOfClient(test, 'server1', port);
      const { client: first } = await test.accepted(port);
      if (policy === 'busy') {
        const second = await test.accepted(port);
        await second.client.line();
        await first.send('1+1\n').line();
        second.client.finish();
        await test.event('closed', ({ connection }) => connection === second.connection);
      }
      first.finish();
      await first.rest();
      await test.idle('server1');
      await test.lab.stop('server1');
      const lines = linesOf(test.events);
      expect(lines).toMatchObject(expectedOfServer1[policy]);
      expect(
        sourcesOf({ design: oneAtATime, settings: { ...defaultSettings, policy } }),
      ).toHaveLength(policy === 'busy' ? 1 : 2);
    });
  });

  describe.each(['server2', 'server3', 'server4'] as const)('%s', (server) => {
    const test = new TestLab();
    it('has a line for each event of its threads', async () => {
      const port = await test.start(server, server === 'server4' ? { sumUp: false } : slow);
      await everyKindOfClient(test, server, port);
      const { client } = await test.accepted(port);
      if (server !== 'server3') {
        // It does not read: the server's send comes to its limits.
        const sent = test.events.length;
        client.socket.pause();
        if (server === 'server4') {
          const flood = client.flood(Buffer.alloc(1024 * 1024));
          await test.event('sent', (event) => event.bytes < event.requested, sent);
          client.socket.resume();
          await test.event('sent', (event) => event.bytes < event.requested, test.events.length);
          flood.stop();
        }
      }
      client.close();
      await test.idle(server);
      const { client: last } = await test.accepted(port);
      await last.send('1\n').line(); // is still there when the server stops
      await test.lab.stop(server);
      expect(linesOf(test.events)).toMatchObject(expectedOf[server]);
    });
  });

  describe('server3, slow', () => {
    const test = new TestLab();
    it('shows where its thread is while it calculates', async () => {
      const port = await test.start('server3', { slowMs: 300 });
      const { client } = await test.accepted(port);
      client.send('1+1\n');
      await test.event('evaluating');
      const { servers } = test.lab.state;
      const [thread] = Object.values(servers.server3!.threads);
      expect(placeOf(servers.server3!, thread!)).toEqual({ source: 'select', site: 'calculate' });
      await client.line();
    });
  });
});

const listen1 = 'let listener = sockets.listen(at);';
const calculate1 = 'for (const message of messages) outbox.push(calculate(client, message));';
const silence1 = 'for (const message of inbox.flush()) outbox.push(calculate(client, message));';
const reply2 = 'client.send(calculate(client, message)); // blocks while the client does not read';
const recv2 = 'const bytes = client.recv(4096, inbox.idleMs);';

const served1 = {
  accepted: ['const client = listener.accept();'],
  received: [recv2],
  evaluated: [reply2],
  sent: [reply2],
  peerClosed: [recv2],
  closed: ['client.close();'],
};

const expectedOfServer1 = {
  busy: {
    listening: [listen1],
    accepted: ['const client = listener.accept();', 'const newcomer = listener.accept(DONTWAIT);'],
    'blocked accept': ['const client = listener.accept();'],
    'blocked select': ['const ready = select('],
    selected: ['const ready = select('],
    received: ['const bytes = client.recv(4096, 0);'],
    evaluating: [calculate1, silence1],
    evaluated: [calculate1, silence1],
    sent: ['outbox.sendTo(client);', 'newcomer?.refuse(BUSY);'],
    refused: ['newcomer?.refuse(BUSY);'],
    shutdown: ['newcomer?.refuse(BUSY);'],
    closed: ['client.close();', 'newcomer?.refuse(BUSY);'],
    peerClosed: ['const bytes = client.recv(4096, 0);'],
  },
  queue: { ...served1, listening: [listen1] },
  refuse: {
    ...served1,
    listening: [listen1, 'listener = sockets.listen(listener.at);'],
    listenerClosed: [
      'listener.close();',
      'export function oneAtATime(sockets: Sockets, assignment: Assignment): never {',
    ],
  },
};

const calculate3 =
  'for (const message of messages) client.outbox.push(calculate(socket, message));';
const silence3 = 'for (const message of inbox.flush()) outbox.push(calculate(socket, message));';
const accept3 = 'const newcomer = socket.accept(DONTWAIT); // not for ever: it may be gone again';

const expectedOf = {
  server2: {
    accepted: ['const client = listener.accept();'],
    handedOver: ['sockets.startThread(client); // which runs serveClient'],
    'blocked recv': [recv2],
    received: [recv2],
    evaluating: [reply2],
    evaluated: [reply2],
    sent: [reply2],
    closed: ['client.close();', 'export function serveClient('],
    shutdown: ['export function serveClient('],
  },
  server3: {
    accepted: [accept3],
    'blocked select': ['const ready = select(read, write, timeoutMs);'],
    received: ['const bytes = socket.recv(4096, 0);'],
    evaluated: [calculate3, silence3],
    sent: ['if (!outbox.isEmpty) outbox.sendTo(socket);'],
    closed: ['socket.close();', 'export function selectServer('],
  },
  server4: {
    accepted: [accept3],
    'blocked select': ['const ready = select(read, write);'],
    received: ['const bytes = socket.recv(Math.min(RECV_MAX, PENDING_MAX - pending.bytes), 0);'],
    sent: [
      'const sent = pending.isEmpty ? socket.send(bytes, DONTWAIT) : 0;',
      'for (const socket of ready.writable) clients.get(socket)?.pending.sendTo(socket);',
    ],
    closed: [
      'socket.close();',
      'export function echo({ listen, select }: Sockets, { at }: Assignment): never {',
    ],
  },
};
