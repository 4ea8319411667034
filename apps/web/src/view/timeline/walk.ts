/** The events of a window, one after the other, into spans, marks and ready sets. */

import type { BlockingCall, LabEvent } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { clientName } from '../words/names.ts';
import { callWords } from '../words/waiting.ts';
import { bytesSaid, count, inDigits, said } from '../words/words.ts';
import { isNumber } from './labels.ts';
import { Cast, laneOfConnection, laneOfThread } from './cast.ts';
import {
  QUEUE,
  type Mark,
  type MarkKind,
  type ReadySet,
  type Span,
  type SpanKind,
  type TimelineAxis,
} from './items.ts';
import { lasted } from './ticks.ts';
import { Waits, type Wait } from './waits.ts';

/** A text beside a mark is cut after so many characters. */
const TEXT_MOST = 18;
/** What waits so short is not told as waiting, in microseconds: samples come late. */
const WAIT_LEAST = 100_000;

interface Begun {
  from: number;
  seq: number;
}

/** So many in the accept queue, from a place and a time on. */
interface Queued extends Begun {
  t: number;
  many: number;
  /** When the longest of them came; null where nobody knows. */
  since: number | null;
}

/** The axis that events are laid on. */
export interface WalkAxis {
  axis: TimelineAxis;
  /** Where a time is on the clock's axis. */
  place: (micros: number) => number;
  /** A calculation shorter than this is a mark, longer ones are spans. */
  grain: number;
}

type Of<T extends LabEvent['type']> = Extract<LabEvent, { type: T }>;

export class Walk {
  readonly spans: Span[] = [];
  readonly marks: Mark[] = [];
  readonly readySets: ReadySet[] = [];
  readonly cast = new Cast();

  readonly #speaksLines: boolean;
  readonly #axis: TimelineAxis;
  readonly #place: (micros: number) => number;
  readonly #grain: number;
  readonly #threads = new Map<number, Begun & { t: number; call: BlockingCall | null }>();
  readonly #connections = new Map<number, Begun & { kind: SpanKind }>();
  readonly #calculations = new Map<number, Begun & { t: number; text: string }>();
  readonly #owners = new Map<number, number>();
  readonly #waits: Waits;
  readonly #unread = new Map<number, Wait & { from: number }>();
  /** Those of the queue that are over, and come to be drawn if it lasted. */
  #queue: Queued | null = null;
  #queueRun: Span[] = [];
  #queueRunSince = 0;
  /** The names of this run's connections begin with its first one. */
  #firstConnection: number;
  #lastConnection: number;
  #listener: number | null;

  /** Where the event at hand begins and ends on the axis, and its middle. */
  #start = 0;
  #end = 0;
  #middle = 0;
  #time = 0;

  /** `before`: the server's state before the first event. */
  constructor(before: ServerState, { axis, place, grain }: WalkAxis) {
    this.#speaksLines = before.design.speaks === 'lines';
    this.#axis = axis;
    this.#place = place;
    this.#grain = grain;
    this.#listener = before.fd;
    this.#waits = new Waits(before);
    this.#firstConnection = before.firstConnection;
    this.#lastConnection = before.lastConnection;
    const begun = { from: -Infinity, seq: 0 };
    for (const connection of Object.values(before.connections)) {
      const { id, fd, port, peerClosed, localClosed } = connection;
      this.#connections.set(id, {
        ...begun,
        kind: peerClosed || localClosed ? 'half-closed' : 'open',
      });
      this.#owners.set(fd, id);
      this.cast.addConnection(id, port, clientName(before, connection));
    }
    for (const { id, tid, role, call, since, connection, last } of Object.values(before.threads)) {
      this.#threads.set(id, { ...begun, t: since, call });
      this.cast.addThread(id, tid, role).serves = connection;
      if (last?.type === 'evaluating' && last.connection !== null) {
        const text = said(last.message ?? '', TEXT_MOST);
        this.#calculations.set(last.connection, { ...begun, t: last.t, text });
      }
    }
    for (const id of this.#waits.unreadConnections) {
      const wait = this.#waits.unread(id);
      if (wait) this.#unread.set(id, { ...wait, from: -Infinity });
    }
    if (this.#waits.queued > 0) {
      this.#queueRunSince = this.#waits.queuedSince ?? before.kernel?.t ?? 0;
      this.#beginQueue(-Infinity, 0, this.#queueRunSince);
    }
  }

  /** `step`: the event's number on the order axis. */
  take(event: LabEvent, step: number): void {
    const byClock = this.#axis === 'clock';
    const at = byClock ? this.#place(event.t) : step;
    this.#start = at;
    this.#end = byClock ? at : step + 1;
    this.#middle = byClock ? at : step + 0.5;
    this.#time = event.t;
    this.#followThread(event);
    this.#note(event);
    this.#followWaits(event);
  }

  /** What goes on at the window's end reaches up to there, which is the time `now`. */
  finish(end: number, now: number): void {
    this.#end = this.#start = Math.max(this.#end, end);
    this.#time = Math.max(this.#time, now);
    for (const id of this.#unread.keys()) {
      this.#goesOn(laneOfConnection(id), this.#endUnread(id));
    }
    const queued = this.#endQueue();
    this.#endQueueRun();
    if (queued) this.#goesOn(QUEUE, queued);
    for (const id of this.#threads.keys()) {
      const span = this.#endWait(id, this.#end);
      if (span?.kind === 'starved') this.#goesOn(laneOfThread(id), span);
    }
    for (const id of this.#connections.keys()) this.#endLife(id);
    for (const id of this.#calculations.keys()) this.#endCalculation(id);
  }

  #followThread(event: LabEvent): void {
    const { thread: id } = event;
    if (id === null) return;
    const thread = this.#threads.get(id);
    if (event.type === 'threadStarted') {
      this.cast.addThread(id, event.tid, event.role).lastSeq = event.seq;
      this.#threads.set(id, { from: this.#start, seq: event.seq, t: event.t, call: null });
    } else if (thread && (event.type === 'blocked' || thread.call !== null)) {
      this.#endWait(id, this.#start);
      const call = event.type === 'blocked' ? event.call : null;
      this.#threads.set(id, { from: this.#start, seq: event.seq, t: event.t, call });
    }
    if (event.type === 'threadEnded') {
      this.#endWait(id, this.#end);
      this.#threads.delete(id);
      const lane = laneOfThread(id);
      this.cast.touch(lane, event).alive = false;
      this.#mark(lane, event, 'thread-end', '');
    }
  }

  #note(event: LabEvent): void {
    switch (event.type) {
      case 'listening':
        this.#listener = event.fd;
        this.#onThread(event, 'note', 'listen()');
        break;
      case 'listenerClosed':
        this.#onThread(event, 'note', 'close(listener)');
        break;
      case 'stopped':
        for (const id of this.#threads.keys()) this.#endWait(id, this.#end);
        this.#threads.clear();
        for (const found of this.cast.all) if (found.kind === 'thread') found.alive = false;
        this.#onThread(event, 'note', 'stopped');
        break;
      case 'crashed':
        this.#onThread(event, 'failed', 'crashed', true);
        break;
      case 'connectFailed':
        this.#onThread(event, 'failed', said(event.errno, TEXT_MOST), true);
        break;
      case 'selected':
        this.#selected(event);
        break;
      case 'summed':
        this.#summed(event);
        break;
      case 'handedOver': {
        const receiver = this.cast.get(laneOfThread(event.to));
        if (receiver) receiver.serves = event.connection;
        break;
      }
      case 'accepted':
        this.#owners.set(event.fd, event.connection);
        this.#lastConnection = Math.max(this.#lastConnection, event.connection);
        this.cast.addConnection(event.connection, event.port, this.#nameOf(event.connection, null));
        this.#connections.set(event.connection, {
          from: this.#middle,
          seq: event.seq,
          kind: 'open',
        });
        this.#onConnection(event, 'accepted', '');
        break;
      case 'received':
        this.#onConnection(event, 'received', textOf(event.preview));
        break;
      case 'sent': {
        const bad = this.#speaksLines && event.preview.startsWith('error: ');
        this.#onConnection(event, 'sent', textOf(event.preview), bad);
        break;
      }
      case 'evaluating':
        this.#calculations.set(event.connection, {
          from: this.#start,
          seq: event.seq,
          t: event.t,
          text: said(event.message, TEXT_MOST),
        });
        break;
      case 'evaluated':
        this.#evaluated(event);
        break;
      case 'refused':
        this.#onConnection(event, 'refused', refusal(event.reason), true);
        break;
      case 'peerClosed':
        this.#halfClose(event);
        this.#onConnection(event, 'client-fin', 'FIN');
        break;
      case 'shutdown':
        this.#halfClose(event);
        this.#onConnection(event, 'server-fin', 'FIN to client');
        break;
      case 'closed':
        this.#closed(event);
        break;
      case 'starting':
        this.#firstConnection = this.#lastConnection + 1;
        break;
      case 'identified': {
        const found = this.cast.get(laneOfConnection(event.connection));
        if (found) found.name = this.#nameOf(event.connection, event.name ?? null);
        break;
      }
      case 'joined':
      case 'threadStarted':
      case 'threadEnded':
      case 'blocked':
      case 'sampled':
      case 'unobservable':
        break;
    }
  }

  #nameOf(id: number, name: string | null): string {
    return clientName({ firstConnection: this.#firstConnection }, { id, name });
  }

  /** Who began to wait with the event, and who waits no more. */
  #followWaits(event: LabEvent): void {
    const waits = this.#waits;
    const { queued, queuedSince } = waits;
    waits.take(event);
    if (event.type === 'sampled') {
      for (const { connection } of event.connections) this.#followUnread(connection);
    } else if (event.type === 'received' || event.type === 'closed') {
      this.#followUnread(event.connection);
    } else if (event.type === 'stopped' || event.type === 'crashed') {
      for (const id of this.#unread.keys()) this.#followUnread(id);
    }
    if (waits.queued === queued && waits.queuedSince === queuedSince) return;
    this.#endQueue();
    if (waits.queued > 0) {
      if (queued === 0) this.#queueRunSince = event.t;
      this.#beginQueue(this.#start, event.seq, event.t);
    } else this.#endQueueRun();
  }

  #followUnread(id: number): void {
    const wait = this.#waits.unread(id);
    const known = this.#unread.get(id);
    if (wait?.t === known?.t) return;
    if (known) this.#endUnread(id);
    if (wait) this.#unread.set(id, { ...wait, from: this.#start });
  }

  #endUnread(id: number): Span | null {
    const wait = this.#unread.get(id);
    this.#unread.delete(id);
    const lane = laneOfConnection(id);
    const found = this.cast.get(lane);
    const micros = wait ? this.#time - wait.t : 0;
    if (!wait || !found || micros < WAIT_LEAST || this.#start <= wait.from) return null;
    found.waited = true;
    const brief = lasted(micros);
    const span = this.#span('unread', lane, wait, this.#start, `waits ${brief}`);
    span.brief = brief;
    return span;
  }

  #beginQueue(from: number, seq: number, t: number): void {
    const { queued, queuedSince } = this.#waits;
    this.#queue = { from, seq, t, many: queued, since: queuedSince };
  }

  /** The same number waits no longer, or the same ones. */
  #endQueue(): Span | null {
    const queue = this.#queue;
    this.#queue = null;
    if (!queue || this.#start <= queue.from) return null;
    const brief = `${count(queue.many)} wait${queue.many === 1 ? 's' : ''}`;
    const longest = lasted(this.#time - (queue.since ?? queue.t));
    const text = queue.many === 1 ? `${brief} ${longest}` : `${brief}, longest ${longest}`;
    const span: Span = {
      kind: 'queued',
      lane: QUEUE,
      from: queue.from,
      to: this.#start,
      seq: queue.seq,
      seqs: [queue.seq],
      count: queue.many,
      text,
      brief,
      share: 1,
    };
    this.#queueRun.push(span);
    return span;
  }

  /** Nobody waits in the queue any more: it was worth telling if it lasted. */
  #endQueueRun(): void {
    if (this.#queueRun.length > 0 && this.#time - this.#queueRunSince >= WAIT_LEAST) {
      this.spans.push(...this.#queueRun);
      this.cast.queue.waited = true;
    }
    this.#queueRun = [];
  }

  /** Tells on the lane that this goes on at the window's end; seconds are enough for that. */
  #goesOn(lane: string, span: Span | null): void {
    const found = this.cast.get(lane);
    if (found && span) found.waits = span.text.replace(/(\d+)\.\d+ s$/, '$1 s');
  }

  #evaluated(event: Of<'evaluated'>): void {
    const begun = this.#calculations.get(event.connection);
    const from =
      begun?.from ?? (this.#axis === 'clock' ? this.#place(event.t - event.micros) : this.#start);
    if (this.#end - from < this.#grain) {
      this.#calculations.delete(event.connection);
      this.#onConnection(event, 'evaluated', '');
      return;
    }
    // In event order the message is beside it anyway.
    const text = this.#axis === 'clock' ? said(event.message, TEXT_MOST) : '';
    const t = begun?.t ?? event.t - event.micros;
    this.#calculations.set(event.connection, { from, seq: event.seq, t, text });
    this.#endCalculation(event.connection, begun ? [begun.seq] : []);
    this.cast.touch(laneOfConnection(event.connection), event);
  }

  #closed(event: Of<'closed'>): void {
    const { connection, fd, how } = event;
    this.#endLife(connection, this.#middle);
    this.#connections.delete(connection);
    if (this.#owners.get(fd) === connection) this.#owners.delete(fd);
    if (how === 'rst') this.#onConnection(event, 'reset', 'RST', true);
    else if (how === 'timeout') this.#onConnection(event, 'timed-out', 'timeout', true);
    else this.#onConnection(event, 'closed', 'closed');
    const found = this.cast.get(laneOfConnection(connection));
    if (found) found.alive = false;
  }

  #selected(event: Of<'selected'>): void {
    const fds = [...new Set([...event.readable, ...event.writable])];
    if (fds.length === 0 || event.thread === null) return;
    const owners = fds.map((fd) => this.#owners.get(fd)).filter((id) => id !== undefined);
    const thread = laneOfThread(event.thread);
    const ready = owners.map(laneOfConnection);
    this.readySets.push({ at: this.#middle, seq: event.seq, seqs: [event.seq], thread, ready });
    const names = fds.map((fd) => (fd === this.#listener ? 'listener' : String(fd)));
    const only = names.length === 1 && names[0] === 'listener';
    const listed = only ? 'listener' : `fd ${names.join(', ')}`;
    const text = names.length > 3 ? `${count(names.length)} ready` : listed;
    this.#mark(thread, event, 'selected', text);
  }

  #summed(event: Of<'summed'>): void {
    const from = this.#axis === 'clock' ? this.#place(event.t - event.micros) : this.#start;
    let all = 0;
    for (const { connection, received, sent } of event.connections) {
      const calls = Math.max(received.calls, sent.calls);
      all += calls;
      const lane = laneOfConnection(connection);
      if (!this.cast.get(lane)) continue;
      this.#span('summed', lane, { from, seq: event.seq }, this.#end, `×${count(calls)}`, calls);
      this.cast.touch(lane, event);
    }
    if (event.thread === null) return;
    const lane = laneOfThread(event.thread);
    this.#span('summed', lane, { from, seq: event.seq }, this.#end, `×${count(all)}`, all);
    this.cast.touch(lane, event);
  }

  #halfClose({ connection, seq }: { connection: number; seq: number }): void {
    if (!this.#connections.has(connection)) return;
    this.#endLife(connection, this.#middle);
    this.#connections.set(connection, { from: this.#middle, seq, kind: 'half-closed' });
  }

  #onConnection(
    event: LabEvent & { connection: number },
    kind: MarkKind,
    text: string,
    bad = false,
  ): void {
    // Without an `accepted` there is no lane: it ended before the window.
    const lane = laneOfConnection(event.connection);
    if (this.cast.get(lane)) this.#mark(lane, event, kind, text, bad);
  }

  /** On the thread it happened in, else on the main one. */
  #onThread(event: LabEvent, kind: MarkKind, text: string, bad = false): void {
    this.#mark(this.cast.ofThread(event.thread), event, kind, text, bad);
  }

  #mark(lane: string, event: LabEvent, kind: MarkKind, text: string, bad = false): void {
    const { seq } = event;
    const at = { from: this.#middle, to: this.#middle };
    this.marks.push({ kind, lane, ...at, seq, seqs: [seq], count: 1, text, bad });
    const found = this.cast.touch(lane, event);
    found.bad ||= bad && kind !== 'sent';
  }

  #endWait(id: number, to: number): Span | null {
    const thread = this.#threads.get(id);
    if (!thread || to <= thread.from) return null;
    const { call } = thread;
    const lane = laneOfThread(id);
    if (call === null) return this.#span('working', lane, thread, to, '');
    const micros = this.#time - thread.t;
    if (call !== 'handoff' || micros < WAIT_LEAST)
      return this.#span('blocked', lane, thread, to, callWords(call));
    const span = this.#span('starved', lane, thread, to, `${callWords(call)} ${lasted(micros)}`);
    span.brief = 'no free thread';
    return span;
  }

  #endLife(id: number, to = this.#end): void {
    const life = this.#connections.get(id);
    if (life) this.#span(life.kind, laneOfConnection(id), life, to, '');
  }

  #endCalculation(id: number, alsoSeqs: number[] = []): void {
    const begun = this.#calculations.get(id);
    this.#calculations.delete(id);
    const lane = laneOfConnection(id);
    const found = this.cast.get(lane);
    if (!begun || !found) return;
    found.waited ||= this.#time - begun.t >= WAIT_LEAST;
    this.#span('calculation', lane, begun, this.#end, begun.text).seqs.push(...alsoSeqs);
  }

  #span(
    kind: SpanKind,
    lane: string,
    { from, seq }: Begun,
    to: number,
    text: string,
    many = 1,
  ): Span {
    const share = kind === 'working' ? 1 : 0;
    const what = { kind, lane, from, to, seq, seqs: [seq], count: many, text, brief: '', share };
    const span: Span = what;
    this.spans.push(span);
    return span;
  }
}

/** What was received or sent; decoding is slow, and most of it is plain ASCII. */
function textOf(preview: string): string {
  const line = preview.replace(/\r?\n$/, '');
  if (line.length > TEXT_MOST && isNumber(line)) return inDigits(line);
  return line.length <= TEXT_MOST && /^[ -~]*$/.test(line) ? line : bytesSaid(line, TEXT_MOST);
}

/** "busy: this server …" → "busy". */
function refusal(reason: string): string {
  return said(reason.split(':', 1)[0] ?? reason, TEXT_MOST);
}
