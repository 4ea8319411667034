/**
 * Time, for the eyes only: which event of the log the page shows. The sockets never wait for it.
 *
 * `live` shows the newest event, `held` one that stands still, and `slow` goes on from there one event
 * after the other, each shown for the same time, however close together they happened.
 */

import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import type { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import type { LogSource } from './log-source.ts';

export type PlaybackMode = 'live' | 'held' | 'slow';

/** Hears of events as they become shown, oldest first, with the state after them. */
export type ShownListener = (events: readonly LabEvent[], after: LabState) => void;

export class Playback {
  mode = $state<PlaybackMode>('live');
  /** Milliseconds that each event is shown in slow motion. */
  dwellMs = $state(500);
  /** The event after which the lab is shown, while it is not live. */
  #cursor = $state(0);
  #shown = $state.raw<LabState | null>(null);
  #event = $state.raw<LabEvent | null>(null);
  /** The log that the shown event is in: while time stands still it may be that of an earlier run. */
  #log = $state.raw<LabHistory | null>(null);
  /** Events that have happened and are not shown yet. */
  behind = $state(0);
  /** When the picture was frozen, on the lab's clock; null once another moment is looked at. */
  #frozenAt = $state<number | null>(null);
  /** The time that was asked for, on the lab's clock; null once another moment is looked at. */
  #askedAt = $state<number | null>(null);

  readonly #source: LogSource;
  #listeners: readonly ShownListener[] = [];
  readonly #unsubscribe: () => void;
  #server: ServerId | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: LogSource) {
    this.#source = source;
    this.#unsubscribe = source.onEvents((events) => this.#happened(events));
  }

  /** What is shown; null before the first snapshot. */
  get lab(): LabState | null {
    return this.mode === 'live' ? this.#source.lab : this.#shown;
  }

  /** The `seq` of the event that is shown. */
  get seq(): number {
    return this.mode === 'live' ? (this.#source.lab?.seq ?? 0) : this.#cursor;
  }

  /** What is shown is a photograph of the present as it was when it was frozen; no event was looked up since. */
  get isPhotograph(): boolean {
    return this.mode === 'held' && this.#frozenAt !== null;
  }

  /** The time that is shown, in microseconds of the lab's clock, while it is not live. */
  get t(): number {
    const held = this.mode === 'held' ? (this.#frozenAt ?? this.#askedAt) : null;
    return held ?? this.#shown?.t ?? 0;
  }

  /** The event that is shown, while time stands still or is slow. */
  get event(): LabEvent | null {
    return this.mode === 'live' ? null : this.#event;
  }

  /** The log behind what is shown. */
  get history(): LabHistory | null {
    return this.mode === 'live' ? this.#source.history : this.#log;
  }

  /** What is shown is of a run of the lab that is over. */
  get isEarlierRun(): boolean {
    const { lab } = this.#source;
    return this.mode !== 'live' && lab !== null && lab.epoch !== this.#shown?.epoch;
  }

  /** Steps and slow motion show this server's events only; null: those of all. */
  follow(server: ServerId | null): void {
    if (server === this.#server) return;
    this.#server = server;
    this.#count();
  }

  onShown(listener: ShownListener): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== listener);
    };
  }

  /** Holds the picture where it is. */
  hold(): void {
    this.#stopTimer();
    if (this.mode === 'live') {
      this.#begin();
      this.#frozenAt = this.#source.now(performance.now());
    } else if (this.mode === 'slow') this.#frozenAt = null;
    this.mode = 'held';
    void this.#source.loadPast();
  }

  /** Back to what happens now. */
  live(): void {
    this.#stopTimer();
    this.mode = 'live';
    this.#shown = null;
    this.#event = null;
    this.#log = null;
    this.behind = 0;
  }

  /** From where it is, one event every `dwellMs`. */
  slow(dwellMs: number = this.dwellMs): void {
    this.dwellMs = dwellMs;
    if (this.mode === 'live') this.#begin();
    this.mode = 'slow';
    this.#stopTimer();
    this.#timer = setTimeout(() => this.#next(), this.dwellMs);
  }

  /** Shows the state after this event, and holds. */
  seek(seq: number): void {
    this.hold();
    this.#show(seq);
  }

  /** Shows the lab as it was at this time of its clock, in microseconds, and holds. */
  seekTime(t: number): void {
    this.hold();
    const log = this.#follow();
    if (!log) return;
    const [before] = log.latest(1, (event) => this.#isOurs(event) && event.t <= t);
    this.#show(before?.seq ?? log.first);
    this.#askedAt = Math.max(t, this.#shown?.t ?? 0);
  }

  /** One event forth or back; forth from the newest is live. */
  step(direction: 1 | -1): void {
    this.#go(direction, () => true);
  }

  /** To the next (or previous) return of select, or where a thread without select blocks again. */
  stepTurn(direction: 1 | -1): void {
    this.#go(direction, endsTurn);
  }

  close(): void {
    this.#stopTimer();
    this.#unsubscribe();
  }

  /** Where time leaves the present: at the last event of the server that is looked at. */
  #begin(): void {
    this.#log = this.#source.history;
    const last = this.#log?.latest(1, (event) => this.#isOurs(event))[0];
    this.#show(last?.seq ?? this.#log?.last ?? 0);
  }

  #go(direction: 1 | -1, wanted: (event: LabEvent) => boolean): void {
    this.hold();
    const log = this.#follow();
    if (!log) return;
    const isOurs = (event: LabEvent): boolean => this.#isOurs(event) && wanted(event);
    if (direction === 1) {
      const events = log.events(this.#cursor);
      const next = events.find(isOurs) ?? events.findLast((event) => this.#isOurs(event));
      if (next) this.#advance(next.seq);
      else if (!this.isEarlierRun) this.live();
    } else if (this.#cursor > log.first) {
      const [before] = log.latest(1, isOurs, this.#cursor - 1);
      this.#show(before?.seq ?? log.first);
    }
  }

  /** Slow motion's next event, if it has happened already. */
  #next(): void {
    const next = this.#follow()
      ?.events(this.#cursor)
      .find((event) => this.#isOurs(event));
    if (next) this.#advance(next.seq);
    this.#timer = setTimeout(() => this.#next(), this.dwellMs);
  }

  #advance(seq: number): void {
    const events = this.#log?.events(this.#cursor, seq) ?? [];
    this.#show(seq);
    if (this.#shown) this.#tell(events, this.#shown);
  }

  #show(seq: number): void {
    const log = this.#follow();
    if (!log) return;
    this.#frozenAt = null;
    this.#askedAt = null;
    this.#cursor = Math.min(Math.max(seq, log.first), log.last);
    this.#shown = log.stateAt(this.#cursor);
    this.#event = log.event(this.#cursor) ?? null;
    this.#count();
  }

  /** The log of the run that is shown, with what its source has come to know of it since. */
  #follow(): LabHistory | null {
    const now = this.#source.history;
    const sameRun = now?.now.epoch === this.#log?.now.epoch;
    if (now && sameRun && now.first <= Math.max(this.#cursor, this.#log?.first ?? 0))
      this.#log = now;
    return this.#log;
  }

  #happened(events: readonly LabEvent[]): void {
    const { lab } = this.#source;
    if (this.mode === 'live') {
      if (lab) this.#tell(events, lab);
      return;
    }
    if (this.isEarlierRun) {
      // What stands still goes on standing; slow motion has come to its end.
      if (this.mode === 'slow') this.live();
      return;
    }
    this.behind += events.filter((event) => this.#isOurs(event)).length;
  }

  #tell(events: readonly LabEvent[], after: LabState): void {
    for (const listener of this.#listeners) listener(events, after);
  }

  #count(): void {
    if (this.mode === 'live') return;
    const later = this.#log?.events(this.#cursor) ?? [];
    this.behind = later.filter((event) => this.#isOurs(event)).length;
  }

  #isOurs({ server }: LabEvent): boolean {
    return this.#server === null || server === this.#server;
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function endsTurn(event: LabEvent): boolean {
  return event.type === 'selected' || (event.type === 'blocked' && event.call !== 'select');
}
