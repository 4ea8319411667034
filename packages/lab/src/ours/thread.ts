/**
 * The program of every server thread: sets up its sockets, runs the server, and reports how it ended.
 *
 * It is a worker thread, and so a thread of the operating system. Once the server's loop runs, this
 * thread sits in system calls and never comes back to its event loop.
 */

import { workerData } from 'node:worker_threads';
import { type Page, pages } from '@sockscope/tcp-core/servers/pages';
import { serveClient } from '@sockscope/tcp-core/servers/thread-per-client';
import { SocketError, Stopped } from '@sockscope/tcp-core/sockets/api';
import { systemCalls } from '@sockscope/tcp-core/sockets/calls/this-platform';
import { TcpSockets } from '@sockscope/tcp-core/sockets/sockets';
import type { TracedConnection } from '@sockscope/tcp-core/sockets/socket-trace';
import type { Design } from '@sockscope/tcp-core/trace/design';
import { Clock } from '../clock.ts';
import { ReportBoard } from '../report-board.ts';
import { DescriptorBook } from './descriptor-book.ts';
import { oneOfManyThreads, onlyThread, Recorder } from './recorder.ts';
import { Service } from './service.ts';
import type { ThreadAssignment, ThreadMessage } from './thread-messages.ts';
import { ThreadSlots } from './thread-slots.ts';

/**
 * So many facts may wait for the lab before the threads of a server sum up what they do. Whatever else is to be
 * done, a signal too, waits behind them: about 60 ms, on a busy machine half a second.
 */
const UNTAKEN_MAX = 3000;

const { server, design, thread, role, slot, options, port, wakeFd, place, ...memory } =
  workerData as ThreadAssignment;
const clock = new Clock(memory.clockOriginNs);
const slots = new ThreadSlots(memory.slots);
const descriptors = new DescriptorBook(memory.descriptors);
const connections = new Int32Array(memory.connections);
const untaken = new Int32Array(memory.untaken);
/** Also where every call was to be listed, if the lab cannot keep up: its memory is not endless. */
const maySumUp = (): boolean => options.sumUp || Atomics.load(untaken, 0) > UNTAKEN_MAX;
const board = new ReportBoard(memory.board);
const recorder = new Recorder(
  (facts) => {
    Atomics.add(untaken, 0, facts.length);
    post({ type: 'facts', facts });
  },
  {
    open: (t) => {
      board.open(place, t);
    },
    close: () => {
      board.close(place);
    },
  },
  clock,
  { maySumUp, pace: role === 'client' ? oneOfManyThreads : onlyThread },
);

const service = new Service({
  slowMs: options.slowMs,
  recorder,
  stopping: () => slots.stopping,
});

const sockets = new TcpSockets({
  wakeFd,
  stopping: () => slots.stopping,
  backlog: options.backlog,
  trace: recorder,
  nextConnection: () => Atomics.add(connections, 0, 1) + 1,
  opened: (fd) => {
    descriptors.opened(fd, thread);
  },
  closed: (fd) => {
    descriptors.closed(fd);
  },
  startThread,
});

main();

function main(): void {
  const tid = systemCalls().threadId();
  systemCalls().nameThread(
    role === 'client' ? `${server} spare` : role === 'acceptor' ? `${server} accept` : server,
  );
  recorder.fact({ type: 'threadStarted', tid, role });
  recorder.flush(); // what comes now takes long, and the log waits for nobody who has nothing to tell
  let last: ThreadMessage = { type: 'ended' };
  if (design.calculates && role !== 'acceptor') Service.warmUp();
  try {
    if (role === 'client') serveOneAfterTheOther();
    else pageOf(design)(sockets, { at: options, calculate: service.answer, ...options });
  } catch (error) {
    if (!(error instanceof Stopped)) last = failure(error);
  }
  sockets.closeAll();
  recorder.fact({ type: 'threadEnded', tid });
  recorder.flush();
  post(last);
  port.close();
}

/** Error: no page is known under the design's name. */
function pageOf({ name }: Design): Page {
  const page = pages.get(name);
  if (!page) throw new Error(`there is no page of the design "${name}": see servers/pages.ts`);
  return page;
}

/** A client thread of server 2: waits for a client, serves it, waits for the next. */
function serveOneAfterTheOther(): void {
  for (;;) {
    recorder.flush(() => ({
      call: 'parked',
      in: 'futex',
      read: [],
      write: [],
      own: [],
      timeoutMs: null,
    }));
    const given = slots.park(slot);
    if (!given) return;
    recorder.wokeUp();
    systemCalls().nameThread(`${server} fd ${given.fd}`);
    const client = sockets.adopt(given.fd, given.connection);
    serveClient(client, { calculate: service.answer, idleMs: options.idleMs });
    sockets.finishLingering();
    systemCalls().nameThread(`${server} spare`);
  }
}

/** In server 2's acceptor. */
function startThread({ id, fd }: TracedConnection): void {
  const given = (to: number): void => {
    // Posted before the other thread can report anything of this connection.
    recorder.fact({ type: 'handedOver', connection: id, fd, to });
    recorder.flush();
  };
  const blocking = (): void => {
    recorder.flush(() => ({
      call: 'handoff',
      in: 'futex',
      read: [],
      write: [],
      own: [],
      timeoutMs: null,
    }));
  };
  if (!slots.give({ fd, connection: id }, given, blocking)) throw new Stopped();
}

function failure(error: unknown): ThreadMessage {
  const { code, syscall } = error instanceof SocketError ? error : { code: null, syscall: null };
  const message = error instanceof Error ? error.message : String(error);
  return { type: 'failed', message, code, syscall };
}

function post(message: ThreadMessage): void {
  board.posting(place);
  port.postMessage(message);
}
