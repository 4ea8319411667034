/** The events of a window, one after the other, into spans, marks and ready sets. */

import type { BlockingCall, LabEvent } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { callWords } from '../words/waiting.ts';
import { bytesSaid, count, said } from '../words/words.ts';
import { Cast, laneOfConnection, laneOfThread } from './cast.ts';
import type { Mark, MarkKind, ReadySet, Span, SpanKind, TimelineAxis } from './items.ts';

/** A text beside a mark is cut after so many characters. */
const TEXT_MOST = 18;

interface Begun {
  from: number;
  seq: number;
}

type Of<T extends LabEvent['type']> = Extract<LabEvent, { type: T }>;

export class Walk {
  readonly spans: Span[] = [];
  readonly marks: Mark[] = [];
  readonly readySets: ReadySet[] = [];
  readonly cast = new Cast();

  readonly #speaksLines: boolean;
  readonly #axis: TimelineAxis;
  /** A calculation shorter than this is a mark, longer ones are spans. */
  readonly #grain: number;
  readonly #threads = new Map<number, Begun & { call: BlockingCall | null }>();
  readonly #connections = new Map<number, Begun & { kind: SpanKind }>();
  readonly #calculations = new Map<number, Begun & { text: string }>();
  readonly #owners = new Map<number, number>();
  #listener: number | null;

  /** Where the event at hand begins and ends on the axis, and its middle. */
  #start = 0;
  #end = 0;
  #middle = 0;

  /** `before`: the server's state before the first event. */
  constructor(before: ServerState, axis: TimelineAxis, grain: number) {
    this.#speaksLines = before.design.speaks === 'lines';
    this.#axis = axis;
    this.#grain = grain;
    this.#listener = before.fd;
    const begun = { from: -Infinity, seq: 0 };
    for (const { id, fd, port, peerClosed, localClosed } of Object.values(before.connections)) {
      this.#connections.set(id, {
        ...begun,
        kind: peerClosed || localClosed ? 'half-closed' : 'open',
      });
      this.#owners.set(fd, id);
      this.cast.addConnection(id, port);
    }
    for (const { id, tid, role, call, connection, last } of Object.values(before.threads)) {
      this.#threads.set(id, { ...begun, call });
      this.cast.addThread(id, tid, role !== 'client').serves = connection;
      if (last?.type === 'evaluating' && last.connection !== null)
        this.#calculations.set(last.connection, { ...begun, text: '' });
    }
  }

  /** `step`: the event's number on the order axis. */
  take(event: LabEvent, step: number): void {
    const byClock = this.#axis === 'clock';
    this.#start = byClock ? event.t : step;
    this.#end = byClock ? event.t : step + 1;
    this.#middle = byClock ? event.t : step + 0.5;
    this.#followThread(event);
    this.#note(event);
  }

  /** What goes on at the window's end reaches up to there. */
  finish(end: number): void {
    this.#end = Math.max(this.#end, end);
    for (const id of this.#threads.keys()) this.#endWait(id, this.#end);
    for (const id of this.#connections.keys()) this.#endLife(id);
    for (const id of this.#calculations.keys()) this.#endCalculation(id);
  }

  #followThread(event: LabEvent): void {
    const { thread: id } = event;
    if (id === null) return;
    const thread = this.#threads.get(id);
    if (event.type === 'threadStarted') {
      this.cast.addThread(id, event.tid, event.role !== 'client').lastSeq = event.seq;
      this.#threads.set(id, { from: this.#start, seq: event.seq, call: null });
    } else if (thread && (event.type === 'blocked' || thread.call !== null)) {
      this.#endWait(id, this.#start);
      const call = event.type === 'blocked' ? event.call : null;
      this.#threads.set(id, { from: this.#start, seq: event.seq, call });
    }
    if (event.type === 'threadEnded') {
      this.#endWait(id, this.#end);
      this.#threads.delete(id);
      this.cast.touch(laneOfThread(id), event).alive = false;
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
        this.cast.addConnection(event.connection, event.port);
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
      case 'joined':
      case 'starting':
      case 'threadStarted':
      case 'threadEnded':
      case 'blocked':
      case 'identified':
      case 'sampled':
      case 'unobservable':
        break;
    }
  }

  #evaluated(event: Of<'evaluated'>): void {
    const begun = this.#calculations.get(event.connection);
    const from = begun?.from ?? (this.#axis === 'clock' ? event.t - event.micros : this.#start);
    if (this.#end - from < this.#grain) {
      this.#calculations.delete(event.connection);
      this.#onConnection(event, 'evaluated', '');
      return;
    }
    // In event order the message is beside it anyway.
    const text = this.#axis === 'clock' ? said(event.message, TEXT_MOST) : '';
    this.#calculations.set(event.connection, { from, seq: event.seq, text });
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
    const from = this.#axis === 'clock' ? event.t - event.micros : this.#start;
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

  #endWait(id: number, to: number): void {
    const thread = this.#threads.get(id);
    if (!thread || to <= thread.from) return;
    const { call } = thread;
    const text = call === null ? '' : callWords(call);
    this.#span(call === null ? 'working' : 'blocked', laneOfThread(id), thread, to, text);
  }

  #endLife(id: number, to = this.#end): void {
    const life = this.#connections.get(id);
    if (life) this.#span(life.kind, laneOfConnection(id), life, to, '');
  }

  #endCalculation(id: number, alsoSeqs: number[] = []): void {
    const begun = this.#calculations.get(id);
    this.#calculations.delete(id);
    const lane = laneOfConnection(id);
    if (!begun || !this.cast.get(lane)) return;
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
    const span: Span = { kind, lane, from, to, seq, seqs: [seq], count: many, text, share };
    this.spans.push(span);
    return span;
  }
}

/** What was received or sent; decoding is slow, and most of it is plain ASCII. */
function textOf(preview: string): string {
  const line = preview.replace(/\r?\n$/, '');
  return line.length <= TEXT_MOST && /^[ -~]*$/.test(line) ? line : bytesSaid(line, TEXT_MOST);
}

/** "busy: this server …" → "busy". */
function refusal(reason: string): string {
  return said(reason.split(':', 1)[0] ?? reason, TEXT_MOST);
}
