/**
 * The program of every server thread: sets up its sockets, runs the server, and reports how it ended.
 *
 * It is a worker thread, and so a thread of the operating system. Once the server's loop runs, this
 * thread sits in system calls and never comes back to its event loop.
 */

import { workerData } from 'node:worker_threads';
import { type Answer, calculate as evaluate } from '../arithmetic/calculate.ts';
import type { Message, Said } from '../conversation/message.ts';
import { type Page, pages } from '../servers/pages.ts';
import { serveClient } from '../servers/thread-per-client.ts';
import { type Connection, SocketError, Stopped } from '../sockets/api.ts';
import { systemCalls } from '../sockets/calls/this-platform.ts';
import { TcpConnection } from '../sockets/connection.ts';
import type { TracedConnection } from '../sockets/socket-trace.ts';
import { TcpSockets } from '../sockets/sockets.ts';
import type { Design } from '../trace/design.ts';
import { Clock } from './clock.ts';
import { oneOfManyThreads, onlyThread, Recorder } from './recorder.ts';
import { ReportBoard } from './report-board.ts';
import { DescriptorBook, ThreadSlots } from './shared-memory.ts';
import type { ThreadAssignment, ThreadMessage } from './thread-messages.ts';

/** So many facts may wait for the lab before the threads of a server sum up what they do. */
const UNTAKEN_MAX = 10_000;

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
  if (design.calculates && role !== 'acceptor') warmUp();
  try {
    if (role === 'client') serveOneAfterTheOther();
    else pageOf(design)(sockets, { at: options, calculate, ...options });
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
    serveClient(client, { calculate, idleMs: options.idleMs });
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

function calculate(client: Connection, message: Message): Uint8Array {
  if (message.type === 'negotiated') return message.answer;
  const began = performance.now();
  const answer = answerTo(message);
  if (options.slowMs > 0) {
    if (client instanceof TcpConnection) recorder.evaluating(client, message.text);
    keepCalculating(message.text, began + options.slowMs);
  }
  const micros = Math.round((performance.now() - began) * 1000);
  if (client instanceof TcpConnection) {
    recorder.evaluated(client, message.text, answer, micros);
  }
  return Buffer.from(answer.text + message.terminator, 'latin1');
}

function answerTo({ text, problem, advice }: Said): Answer {
  const answer = problem === null ? evaluate(text) : { text: `error: ${problem}`, error: true };
  return answer.error && advice !== '' ? { ...answer, text: answer.text + advice } : answer;
}

/** Makes a calculation slow, to be seen in class: real work, over and over, until the time is up. */
function keepCalculating(text: string, until: number): void {
  recorder.flush();
  while (performance.now() < until) {
    evaluate(text);
    if (slots.stopping) throw new Stopped();
  }
}

/**
 * Compiles what a hostile first message would otherwise pay for: in a new thread it took 50 ms and
 * more, after this less than 25.
 */
function warmUp(): void {
  for (const text of ['1+1', '-7//2%3', '9^9^9', 'x', '(']) evaluate(text);
  evaluate('1/3+'.repeat(150) + '0.1');
  evaluate('2.7^.3+3.1^.7');
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
