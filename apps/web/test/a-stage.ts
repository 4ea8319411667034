/** A server with so many clients, as the stage's tests draw it: mixed states, by the real reducer. */

import type { KernelSocket, LabFact, ServerId } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { type BusyPolicy, defaultSettings } from '@sockscope/tcp-core/trace/settings';
import { ALab, sleepsIn } from './a-lab.ts';

/** What else is going on, as words in one string: "refused", "waiting", "slow", "queue" … */
export function aStage(
  id: ServerId,
  clients: number,
  more = '',
): { lab: ALab; server: ServerState; now: number } {
  const lab = new ALab();
  const is = (word: string): boolean => more.split(' ').includes(word);
  start(lab, id, is('queue') ? 'queue' : is('refuse') ? 'refuse' : 'busy');
  for (let connection = 1; connection <= clients; connection += 1) {
    const fd = 23 + connection;
    lab.connect(id, connection, fd, connection % 5 === 0 ? `session-${connection}` : null);
    if (id === 'server2') {
      const thread = 10 + connection;
      lab.happen(id, thread, { type: 'threadStarted', tid: 5_000 + thread, role: 'client' });
      lab.happen(id, 1, { type: 'handedOver', connection, fd, to: thread });
      lab.happen(id, thread, blocked('recv', [fd]));
    }
    if (connection % 3 !== 0) talk(lab, id, connection, fd);
  }
  if (is('spare')) {
    for (const thread of [5, 6, 7, 8]) {
      lab.happen(id, thread, { type: 'threadStarted', tid: 5_000 + thread, role: 'client' });
      lab.happen(id, thread, blocked('parked', []));
    }
  }
  if (is('refused') || is('refused2')) turnAway(lab, id, clients + 1, 23 + clients + 1);
  if (is('refused2')) turnAway(lab, id, clients + 2, 23 + clients + 1);
  if (is('reset')) {
    lab.connect(id, clients + 3, 23 + clients + 3);
    lab.happen(id, 1, {
      type: 'closed',
      drained: 0,
      connection: clients + 3,
      fd: 23 + clients + 3,
      how: 'rst',
      errno: 'ECONNRESET',
      received: 0,
      sent: 0,
    });
  }
  const fds = Object.values(lab.lab.servers[id]!.connections).map(({ fd }) => fd);
  if (id === 'server1' && clients > 0) {
    lab.happen(id, 1, is('queue') ? blocked('recv', fds) : blocked('select', [20, ...fds]));
  }
  if (id === 'server2') lab.happen(id, 1, blocked('accept', [20]));
  if (id === 'server3' || id === 'server4') lab.happen(id, 1, blocked('select', [20, ...fds]));
  if (!is('unsampled') && !is('unobservable')) lab.happen(id, null, sample(clients, is('waiting')));
  if (is('unobservable')) {
    lab.happen(id, null, { type: 'unobservable', reason: 'no /proc/net/tcp on this system' });
  }
  if (is('slow') && clients > 0) {
    const thread = id === 'server2' ? 11 : 1;
    lab.happen(
      id,
      thread,
      { type: 'received', connection: 1, fd: 24, bytes: 5, preview: '2^64\n' },
      { type: 'evaluating', connection: 1, fd: 24, message: '2^64' },
    );
    if (id === 'server2' && clients > 1) lab.happen(id, 12, blocked('send', [], [25]));
  }
  return { lab, server: lab.lab.servers[id]!, now: lab.t };
}

/** As server 1 says it. */
export const BUSY =
  'busy: this server serves one client at a time and has one now; try again later';

function turnAway(lab: ALab, id: ServerId, connection: number, fd: number): void {
  lab.connect(id, connection, fd);
  lab.happen(
    id,
    1,
    { type: 'refused', sent: 10, connection, fd, reason: BUSY },
    { type: 'shutdown', connection, fd },
    {
      type: 'closed',
      drained: 0,
      connection,
      fd,
      how: 'local',
      errno: null,
      received: 0,
      sent: 79,
    },
  );
}

function start(lab: ALab, id: ServerId, policy: BusyPolicy): void {
  const port = 5000 + Number(id.slice(-1));
  lab.happen(id, null, { type: 'starting', settings: { ...defaultSettings, policy } });
  lab.happen(
    id,
    1,
    { type: 'threadStarted', tid: 4711, role: id === 'server2' ? 'acceptor' : 'server' },
    { type: 'listening', fd: 20, address: '127.0.0.1', port, backlog: 511 },
    blocked('accept', [20]),
  );
}

function talk(lab: ALab, id: ServerId, connection: number, fd: number): void {
  const [message, reply] =
    connection % 4 === 0
      ? ['1/0', 'error: division by zero']
      : [`22 + ${connection}`, `${22 + connection}`];
  const thread = id === 'server2' ? 10 + connection : 1;
  const bytes = message.length + 1;
  lab.happen(id, thread, { type: 'received', connection, fd, bytes, preview: `${message}\n` });
  if (id === 'server4') {
    lab.happen(id, thread, {
      type: 'sent',
      connection,
      fd,
      bytes,
      requested: bytes,
      preview: `${message}\n`,
    });
    return;
  }
  const error = reply.startsWith('error');
  lab.happen(
    id,
    thread,
    { type: 'evaluated', connection, fd, message, reply, error, micros: 40 },
    {
      type: 'sent',
      connection,
      fd,
      bytes: reply.length + 1,
      requested: reply.length + 1,
      preview: `${reply}\n`,
    },
  );
  if (id === 'server2') lab.happen(id, thread, blocked('recv', [fd]));
}

/** The sockets of a sample: most idle, some with bytes, some whose client has sent a FIN. */
export function socketOf(connection: number): KernelSocket {
  if (connection % 7 === 0) return { tcp: 'CLOSE_WAIT', receive: 1, send: 0 };
  if (connection % 7 === 3) return { tcp: 'ESTABLISHED', receive: 12, send: 0 };
  if (connection % 7 === 5) return { tcp: 'ESTABLISHED', receive: 0, send: 262_144 };
  return { tcp: 'ESTABLISHED', receive: 0, send: 0 };
}

function sample(clients: number, waiting: boolean): LabFact {
  const ports = waiting ? [54_001, 54_002, 54_003] : [];
  return {
    type: 'sampled',
    acceptQueue: ports.length,
    waiting: ports.map((port, index) => ({
      tcp: 'ESTABLISHED',
      receive: index === 0 ? 8 : 0,
      send: 0,
      address: '127.0.0.1',
      port,
      batch: index + 1,
    })),
    timeWait: 2,
    connections: Array.from({ length: clients }, (_, index) => ({
      connection: index + 1,
      ...socketOf(index + 1),
    })),
  };
}

function blocked(
  call: Extract<LabFact, { type: 'blocked' }>['call'],
  read: number[],
  write: number[] = [],
): LabFact {
  return { type: 'blocked', own: [], call, in: sleepsIn(call), read, write, timeoutMs: null };
}
