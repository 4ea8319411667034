/**
 * The one event log: gathers what the threads and the lab itself report, puts it in the order in which it
 * happened, numbers it, folds it into the state, and hands it to whoever listens.
 *
 * Threads post their facts in batches, each at its own time. So an event is held back until every
 * thread has reported that far; one that keeps nothing back says so (report-board.ts). Usually that
 * takes as long as a thread may keep its facts, 20 ms, or 100 in a rush.
 */

import type { LabEvent, LabFact, ServerId, ThreadFact } from '@sockscope/tcp-core/trace/events';
import { HOLD_MAX_MS } from '@sockscope/tcp-core/trace/events';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { Joined, LabState, ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { Clock } from './clock.ts';
import { ReportBoard } from './report-board.ts';

/** While something is held back, the next look comes after so long at the latest. */
const LOOK_AGAIN_MS = 3;

/** The most events in a batch: whoever writes it as JSON must not run out of string. */
const EVENTS_AT_ONCE = 1000;

/** After so long in one go this thread's other work gets its turn: a SIGTERM is not to wait for a rush. */
const PUBLISH_MS = 50;

export type EventListener = (events: readonly LabEvent[]) => void;

/** Facts of the lab that depend on what is true at their place in the log. */
export type FactsAt = (server: ServerState) => LabFact[];

/** A thread that reports. */
export interface Reporter {
  /** Its place on the board. */
  readonly place: number;
  /** One of its messages was taken. */
  took(): void;
  /** It is gone, and all that it posted was taken. */
  end(): void;
}

interface Waiting {
  t: number;
  server: ServerId;
  thread: number | null;
  fact: LabFact | FactsAt;
  inTheLog: (() => void) | undefined;
}

interface Source {
  /** Takes what the thread has posted. */
  collect(): void;
  /** Messages taken, of those that the board announces. */
  taken: number;
}

export class EventLog {
  readonly clock = new Clock();
  readonly board = new ReportBoard();
  readonly #history: LabHistory;
  readonly #listeners = new Set<EventListener>();
  readonly #sources = new Map<number, Source>();
  readonly #freePlaces: number[] = [];
  #places = 0;
  #waiting: Waiting[] = [];
  /** Of those that wait. */
  #earliest = Infinity;
  #isSorted = true;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  /** `servers` are there from the beginning. */
  constructor(epoch: string, servers: readonly Joined[]) {
    this.#history = new LabHistory(emptyLab(epoch, servers));
  }

  /** The log so far, folded. */
  get state(): LabState {
    return this.#history.now;
  }

  /** The last events, and the state after each of them. */
  get history(): Omit<LabHistory, 'push'> {
    return this.#history;
  }

  /** Calls `listener` with each batch, numbered and folded already. Returns what ends that. */
  onEvents(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Microseconds since the epoch began; an event that comes later has this `t` or a later one. */
  now(): number {
    return Math.floor(this.clock.now());
  }

  /**
   * Adds facts of the lab's own, as of now. A function is called at their place in the log, with the state
   * after everything that happened before. Resolves when they are in the log.
   */
  add(server: ServerId, facts: LabFact[] | FactsAt, thread: number | null = null): Promise<void> {
    const t = this.clock.now();
    return new Promise((inTheLog) => {
      const fact = Array.isArray(facts) ? () => facts : facts;
      this.#keep({ t, server, thread, fact, inTheLog });
      this.look();
    });
  }

  /** Adds what a thread reported. */
  take(server: ServerId, thread: number, facts: readonly ThreadFact[]): void {
    for (const fact of facts) this.#keep({ t: fact.t, server, thread, fact, inTheLog: undefined });
  }

  /**
   * A thread is going to report. `collect` takes all that it has posted; whoever takes a message at
   * another time says so with `took`.
   */
  expect(collect: () => void): Reporter {
    const place = this.#freePlaces.pop() ?? this.#places++;
    this.board.close(place);
    const source: Source = { collect, taken: this.board.posted(place) };
    this.#sources.set(place, source);
    return {
      place,
      took: () => {
        source.taken = (source.taken + 1) | 0;
      },
      end: () => {
        this.#sources.delete(place);
        this.#freePlaces.push(place);
        this.look();
      },
    };
  }

  /** Publishes what nothing can come before any more. To be called when a thread has posted. */
  look(): void {
    if (this.#looking) return; // a listener added something: the loop below will see it
    this.#looking = true;
    const until = performance.now() + PUBLISH_MS;
    let isMore = true;
    try {
      while (isMore && performance.now() < until) isMore = this.#publishReady();
    } finally {
      this.#looking = false;
    }
    clearTimeout(this.#timer);
    this.#timer =
      this.#waiting.length > 0
        ? setTimeout(() => this.look(), isMore ? 0 : LOOK_AGAIN_MS)
        : undefined;
  }

  /** Publishes some of what is ready. Whether there was any. */
  #publishReady(): boolean {
    // In this order: see report-board.ts.
    const now = this.clock.now();
    let complete = now;
    for (const place of this.#sources.keys())
      complete = Math.min(complete, this.board.reportedUpTo(place));
    // One thread that gets no processor must not stop the show.
    complete = Math.max(complete, now - HOLD_MAX_MS * 1000);
    // In a rush most looks end here: what comes with a thread's next message is seen then.
    if (this.#earliest > complete) return false;
    for (const [place, source] of this.#sources)
      if (this.board.posted(place) !== source.taken) source.collect();

    if (!this.#isSorted) this.#waiting.sort((a, b) => a.t - b.t);
    this.#isSorted = true;
    const later = this.#waiting.findIndex(({ t }) => t > complete);
    const ready = later < 0 ? this.#waiting.length : later;
    if (ready === 0) return false;
    const next = this.#waiting.splice(0, Math.min(ready, EVENTS_AT_ONCE));
    this.#earliest = this.#waiting[0]?.t ?? Infinity;
    this.#publish(next);
    return true;
  }

  #keep(entry: Waiting): void {
    const newest = this.#waiting.at(-1);
    if (newest && newest.t > entry.t) this.#isSorted = false;
    this.#waiting.push(entry);
    this.#earliest = Math.min(this.#earliest, entry.t);
  }

  #publish(entries: readonly Waiting[]): void {
    let events: LabEvent[] = [];
    const stamp = ({ t, server, thread }: Waiting, fact: LabFact): void => {
      events.push({
        ...fact,
        epoch: this.state.epoch,
        seq: this.state.seq + events.length + 1,
        t: Math.floor(t),
        server,
        thread,
      });
      if (events.length === EVENTS_AT_ONCE) deliver();
    };
    const deliver = (): void => {
      if (events.length === 0) return;
      const batch = events;
      events = [];
      this.#history.push(batch);
      for (const listener of this.#listeners) listener(batch);
    };
    for (const entry of entries) {
      if (typeof entry.fact === 'function') {
        deliver();
        for (const fact of entry.fact(this.state.servers[entry.server]!)) stamp(entry, fact);
      } else {
        stamp(entry, entry.fact);
      }
    }
    deliver();
    for (const { inTheLog } of entries) inTheLog?.();
  }
}
