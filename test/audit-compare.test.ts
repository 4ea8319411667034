/** An audit that cannot fail proves nothing: one lie of each kind in a small log, and it is found. */

import { expect, it } from 'vitest';
import type { LabFact } from '../packages/tcp-core/src/trace/events.ts';
import type { Story } from '../scripts/audit/client.mjs';
import { compare } from '../scripts/audit/compare.mjs';
import { TraceReader } from '../scripts/audit/strace-reader.mjs';

/** Server 3, one client that asks once and leaves. Times are microseconds. The engine stops the thread before a close. */
const calls = `
1000 listen(4, 511) = 0
1100 getsockname(4, {sa_family=AF_INET, sin_port=htons(5003), sin_addr=inet_addr("\\x31\\x32\\x37\\x2e\\x30\\x2e\\x30\\x2e\\x31")}, [28 => 16]) = 0
2000 select(5, [3 4], [], NULL, NULL) = 1 (in [4]) 500000
503000 accept4(4, {sa_family=AF_INET, sin_port=htons(40000), sin_addr=inet_addr("\\x31\\x32\\x37\\x2e\\x30\\x2e\\x30\\x2e\\x31")}, [28 => 16], SOCK_CLOEXEC) = 5
505000 select(6, [3 4 5], [], NULL, NULL) = 1 (in [5]) 100000
606000 recvfrom(5, "\\x31\\x2b\\x31\\x0a", 4096, MSG_DONTWAIT, NULL, NULL) = 4
608000 sendto(5, "\\x32\\x0a", 2, MSG_DONTWAIT|MSG_NOSIGNAL, NULL, 0) = 2
610000 select(6, [3 4 5], [], NULL, NULL) = 1 (in [5]) 600000
1211000 recvfrom(5, "", 4096, MSG_DONTWAIT, NULL, NULL) = 0
1212950 futex(0x1000, FUTEX_WAIT_PRIVATE, 2, NULL) = 0 3000
1216000 close(5) = 0
1217000 select(5, [3 4], [], NULL, NULL) = 1 (in [3]) 898000
2116000 close(4) = 0
`;

const client = { connection: 1, fd: 5 };
const waits = { write: [], own: [3], timeoutMs: null };
const isReady = { write: [], own: [3], writable: [] };

/** What the log must say of that, with its times. */
const truth: readonly [number, LabFact][] = [
  [500, { type: 'threadStarted', tid: 7, role: 'server' }],
  [1500, { type: 'listening', fd: 4, address: '127.0.0.1', port: 5003, backlog: 511 }],
  [1900, { type: 'blocked', call: 'select', in: 'select', read: [4], ...waits }],
  [502_200, { type: 'selected', read: [4], readable: [4], ...isReady, micros: 500_300 }],
  [503_200, { type: 'accepted', ...client, address: '127.0.0.1', port: 40_000 }],
  [504_900, { type: 'blocked', call: 'select', in: 'select', read: [4, 5], ...waits }],
  [605_200, { type: 'selected', read: [4, 5], readable: [5], ...isReady, micros: 100_300 }],
  [606_200, { type: 'received', ...client, bytes: 4, preview: '1+1\n' }],
  [608_200, { type: 'sent', ...client, bytes: 2, requested: 2, preview: '2\n' }],
  [609_900, { type: 'blocked', call: 'select', in: 'select', read: [4, 5], ...waits }],
  [1_210_200, { type: 'selected', read: [4, 5], readable: [5], ...isReady, micros: 600_300 }],
  [1_211_200, { type: 'peerClosed', ...client }],
  [
    1_212_900,
    { type: 'closed', ...client, how: 'fin', errno: null, received: 4, sent: 2, drained: 0 },
  ],
  [1_216_900, { type: 'blocked', call: 'select', in: 'select', read: [4], ...waits }],
  [2_115_900, { type: 'listenerClosed', fd: 4 }],
  [2_117_000, { type: 'threadEnded', tid: 7 }],
];

const story: Story = {
  client: { number: 1, server: 'server3', atMs: 0, from: { address: '', port: 0 }, steps: [] },
  ...{ address: '127.0.0.1', port: 40_000, calledAt: 501_000, connectedAt: 502_000, written: 4 },
  ...{ finAt: 1_209_000, resetAt: null, got: 2, firstBytes: '2\n', endedAt: 1_216_500 },
  ...{ closedAt: 1_217_000, error: null, gaveUp: false, isEcho: true },
};

/** The kinds in which something is wrong. */
function wrong(log: readonly [number, LabFact][], client = story): string[] {
  const reader = new TraceReader();
  for (const line of calls.trim().split('\n')) {
    const [, at, call, took = '100'] = /^(\d+) (.*?= .*?)(?: (\d+))?$/.exec(line) ?? [];
    const micros = (n: string | undefined): string => (Number(n) / 1e6).toFixed(9);
    reader.add(`7 ${micros(at)} ${call ?? ''} <${micros(took)}>`);
  }
  const entries = log.map(([t, fact], i) => ({
    event: { ...fact, t, seq: i + 1, epoch: '', server: 'server3' as const, thread: 1 },
    at: t,
    delivered: t + 100,
  }));
  const { rows } = compare(reader.end(), { entries, uncertainty: 0 }, [client]);
  return rows.filter((row) => row.wrong > 0).map(({ kind }) => kind);
}

/** The log with the first event of this type changed; undefined takes it out. */
function but(
  type: LabFact['type'],
  change: Record<string, unknown> | undefined,
  later = 0,
): [number, LabFact][] {
  const at = truth.findIndex(([, fact]) => fact.type === type);
  const [t, fact] = truth[at]!;
  const changed: [number, LabFact][] = change ? [[t + later, { ...fact, ...change }]] : [];
  return [...truth.slice(0, at), ...changed, ...truth.slice(at + 1)];
}

it('finds nothing wrong in a log that is true', () => {
  expect(wrong(truth)).toEqual([]);
});

it.each([
  ['a port', but('accepted', { port: 40_001 }), 'accept: descriptor, address, port'],
  ['a byte count', but('received', { bytes: 5 }), 'recv: descriptor, bytes, preview'],
  ['a preview', but('sent', { preview: '3\n' }), 'send: descriptor, bytes, preview'],
  ['a set', but('selected', { readable: [] }), 'select: the sets, what was ready'],
  ['what the layer watches', but('selected', { own: [] }), "select: the layer's own"],
  ['how long', but('selected', { micros: 400_000 }), 'select: how long it waited'],
  ['an ending', but('closed', { how: 'local' }), 'endings: how, errno, what was drained'],
  ['an errno', but('closed', { errno: 'EPIPE' }), 'endings: how, errno, what was drained'],
  ['a total', but('closed', { received: 5 }), 'close: descriptor, totals'],
  ['a call that is not told', but('sent', undefined), 'send: descriptor, bytes, preview'],
  ['an end that is not told', but('peerClosed', undefined), 'recv of the end'],
  ['a stamp', but('received', {}, 2500), 'stamps: when the call returned'],
  ['the order', but('accepted', {}, 50_000), 'order: no event behind a later one'],
  ['a wait that is not told', but('blocked', undefined), 'waits: each is told'],
  ['a wait that is told late', but('blocked', {}, 20_000), 'blocked: the wait began then'],
  ['the time asleep', truth.filter(([t]) => t !== 609_900), 'shares of work, a thread and second'],
  [
    'where it sleeps',
    but('blocked', { in: 'poll' }),
    'blocked: the call in which the thread sleeps',
  ],
  ['for what it waits', but('blocked', { read: [9] }), 'blocked: the call and its descriptors'],
])('finds a lie: %s', (_, log, kind) => {
  expect(wrong(log)).toContain(kind);
});

it('finds what a client knows better', () => {
  expect(wrong(truth, { ...story, got: 1 })).toContain('clients: bytes that they sent and got');
  expect(wrong(truth, { ...story, finAt: null })).toContain('clients: how it ended for them');
  expect(wrong(truth, { ...story, port: 40_002 })).toContain(
    'clients: each is in the log, and nobody else',
  );
});
