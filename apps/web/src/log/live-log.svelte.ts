/**
 * The page's copy of the lab: the gateway's event log, folded as it arrives.
 *
 * Events are applied at most once per animation frame. When the connection is lost it comes back
 * by itself and resumes after the last event that was applied, so that none is missed or doubled.
 *
 * The last events stay in a history, for stepping back. What was before this page came is fetched
 * when somebody first wants to see it.
 */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import { openSocket, type OpenSocket } from '../browser/web-socket.ts';
import type { LogSource } from './log-source.ts';

export type LogStatus = 'connecting' | 'live' | 'reconnecting';

interface HistoryAnswer {
  type: 'history';
  state: LabState;
  events: LabEvent[];
}

/** Asks the gateway for the log from before this page came. */
export type AskForPast = () => Promise<HistoryAnswer>;

async function askGateway(): Promise<HistoryAnswer> {
  const response = await fetch('/api/history');
  if (!response.ok) throw new Error(`GET /api/history: ${response.status}`);
  return (await response.json()) as HistoryAnswer;
}

type Frame =
  | { type: 'snapshot'; state: LabState }
  | { type: 'events'; events: LabEvent[] }
  | { type: 'gap'; from: number; to: number };

/** Milliseconds until the past is asked for again, and how often that is done. */
const ASK_AGAIN = 600;
const ASK_TIMES = 3;
const FIRST_RETRY = 250;
const LAST_RETRY = 5_000;
/** Frames stand still in a hidden tab; the log does not. */
const LONGEST_WAIT = 250;
/** And its timers may be late: when so many events wait, they are applied at once. */
const MOST_WAITING = 5_000;

export class LiveLog implements LogSource {
  /** Null before the first snapshot. */
  lab = $state.raw<LabState | null>(null);
  status = $state<LogStatus>('connecting');
  history = $state.raw<LabHistory | null>(null);

  readonly #open: OpenSocket;
  readonly #ask: AskForPast;
  #listeners: ((events: readonly LabEvent[]) => void)[] = [];
  #socket: WebSocket | null = null;
  #pending: LabEvent[] = [];
  #frame: number | null = null;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retryIn = FIRST_RETRY;
  /** performance.now() minus the lab's clock, both in milliseconds. */
  #offset = 0;
  #closed = false;

  #askedFor: LabHistory | null = null;

  constructor(open: OpenSocket = openSocket, ask: AskForPast = askGateway) {
    this.#open = open;
    this.#ask = ask;
    this.#connect();
  }

  /** The lab's clock now, in microseconds; it goes on between events. */
  now(pageNow: number): number {
    return Math.max(this.lab?.t ?? 0, (pageNow - this.#offset) * 1000);
  }

  onEvents(listener: (events: readonly LabEvent[]) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== listener);
    };
  }

  /** Completes the history with what was before this page came, once for each snapshot. */
  async loadPast(): Promise<void> {
    const mine = this.history;
    if (!mine || this.#askedFor === mine) return;
    this.#askedFor = mine;
    try {
      const { state: before, events } = await this.#askUntil(mine.first);
      if (this.history !== mine || before.epoch !== mine.now.epoch) return;
      if (before.seq >= mine.first) return;
      // The answer may end before or behind what this page has applied.
      const whole = new LabHistory(before);
      whole.push(events.filter(({ seq }) => seq <= mine.last));
      whole.push(mine.events(whole.last));
      this.#askedFor = whole;
      this.history = whole;
    } catch {
      // Without the past, time begins when the page was opened; the next wish asks again.
      this.#askedFor = null;
    }
  }

  /** The answer may have been written for another page a moment ago: then it is asked again. */
  async #askUntil(seq: number): Promise<HistoryAnswer> {
    for (let times = 1; ; times += 1) {
      const answer = await this.#ask();
      const last = answer.events.at(-1)?.seq ?? answer.state.seq;
      if (last >= seq || times === ASK_TIMES) return answer;
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#unschedule();
    this.#socket?.close();
  }

  #connect(): void {
    const since = this.lab
      ? `?epoch=${encodeURIComponent(this.lab.epoch)}&since=${this.lab.seq}`
      : '';
    const socket = this.#open(`/ws/lab${since}`);
    this.#socket = socket;
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (socket === this.#socket && typeof data === 'string')
        this.#take(JSON.parse(data) as Frame);
    };
    socket.onopen = () => {
      // In a quiet lab there may be nothing to resume with for a long time.
      if (socket === this.#socket && this.lab) this.status = 'live';
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#reconnect();
    };
  }

  #reconnect(): void {
    if (this.#closed) return;
    this.#socket = null;
    // What has arrived counts: the gateway is asked for what comes after it.
    this.#apply();
    this.status = this.lab ? 'reconnecting' : 'connecting';
    this.#retry = setTimeout(() => this.#connect(), this.#retryIn);
    this.#retryIn = Math.min(this.#retryIn * 2, LAST_RETRY);
  }

  #take(frame: Frame): void {
    this.#retryIn = FIRST_RETRY;
    switch (frame.type) {
      case 'snapshot':
        this.#unschedule();
        this.#pending = [];
        this.history = new LabHistory(frame.state);
        this.lab = frame.state;
        this.#offset = performance.now() - frame.state.t / 1000;
        this.status = 'live';
        return;
      case 'events':
        this.status = 'live';
        this.#pending.push(...frame.events);
        if (this.#pending.length < MOST_WAITING) this.#schedule();
        else this.#apply();
        return;
      case 'gap':
        // The snapshot that follows holds what the gap would have told.
        return;
    }
  }

  #schedule(): void {
    if (this.#frame !== null) return;
    const apply = (): void => this.#apply();
    this.#frame = requestAnimationFrame(apply);
    this.#deadline = setTimeout(apply, LONGEST_WAIT);
  }

  #unschedule(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#deadline);
    this.#frame = null;
  }

  #apply(): void {
    this.#unschedule();
    const pending = this.#pending;
    this.#pending = [];
    const { lab, history } = this;
    if (!lab || !history) return;
    const events = pending.filter(({ epoch, seq }) => epoch === lab.epoch && seq > lab.seq);
    const [first] = events;
    if (!first) return;
    if (first.seq !== lab.seq + 1) {
      // Something is missing: ask again from where this copy is.
      this.#socket?.close();
      return;
    }
    history.push(events);
    this.lab = history.now;
    this.#offset = Math.min(this.#offset, performance.now() - this.lab.t / 1000);
    for (const listener of this.#listeners) listener(events);
  }
}
