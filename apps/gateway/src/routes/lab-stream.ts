/**
 * `GET /ws/lab`: the lab's state once, then its log as it grows, to every viewer. Each event comes
 * exactly once and in its order, or a `gap` says which are left out and a new snapshot follows.
 */

import type { Lab } from '@sockscope/lab/lab';
import { eventBytes } from '@sockscope/tcp-core/trace/event-bytes';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { WebSocket } from '@fastify/websocket';
import { closings, Denial } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import { Line } from '../line.ts';
import { snapshotOf } from './lab-json.ts';
import { LabQuery, type GapFrame } from '../schemas/schemas.ts';
import { SharedJson } from './shared-json.ts';

/** Milliseconds between two batches: one frame of a 60 Hz screen, two when batches are much work. */
const BATCH_MS = { least: 16, most: 33 };
/** The pause after a batch is so many times as long as its making, within BATCH_MS. */
const PAUSE_FACTOR = 50;
const BATCH_EVENTS = 1000;
/** As JSON: a batch of events that are large ends behind the one with which it has so many bytes. */
const BATCH_BYTES = 256 * 1024;

/** Viewers who come within so many milliseconds share a snapshot, and get the events since. */
const SNAPSHOT_MS = 100;

/** A viewer for which more bytes than this would wait gets no events until it has read what does. */
export const VIEWER_BYTES = 1024 * 1024;

/** Pages that may watch at once. */
const VIEWERS_MAX = 500;

const PING_MS = 10_000;
const PINGS_UNANSWERED = 2;

interface Viewer {
  webSocket: WebSocket;
  /** The last event it was sent, by itself or in a snapshot. */
  seq: number;
  /**
   * `awaits` a snapshot that is being written; `live` gets each batch as it is made, `resuming` what
   * it missed, batch after batch as it reads them; `behind` reads too slowly and is sent nothing for
   * now.
   */
  state: 'awaits' | 'live' | 'resuming' | 'behind';
  unanswered: number;
}

class LabStream {
  readonly #lab: Lab;
  readonly #snapshots: SharedJson;
  /** Writing what a viewer missed is some milliseconds of work. */
  readonly #line = new Line();
  readonly #viewers = new Set<Viewer>();
  readonly #pings: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #waiting: LabEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lastBatch = 0;
  #pauseMs = BATCH_MS.least;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#snapshots = new SharedJson(...snapshotOf(lab), SNAPSHOT_MS);
    this.#unsubscribe = lab.onEvents((events) => this.#take(events));
    this.#pings = setInterval(() => this.#ping(), PING_MS).unref();
  }

  get isFull(): boolean {
    return this.#viewers.size >= VIEWERS_MAX;
  }

  /** A new viewer; with `epoch` and `since` one that has the log up to there. */
  add(webSocket: WebSocket, { epoch, since }: { epoch?: string; since?: number }): void {
    // Whatever waits belongs to the viewers that are here already; this one starts behind it.
    this.#flush();
    const viewer: Viewer = { webSocket, seq: 0, state: 'awaits', unanswered: 0 };
    this.#viewers.add(viewer);
    webSocket
      .on('pong', () => (viewer.unanswered = 0))
      .on('message', () => webSocket.close(...closings.viewerSpoke))
      .on('close', () => this.#viewers.delete(viewer));

    if (epoch !== this.#lab.epoch || since === undefined) {
      void this.#snapshot(viewer, undefined);
      return;
    }
    viewer.seq = since;
    viewer.state = 'resuming';
    void this.#line.turn().then(() => this.#resume(viewer));
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#pings);
    clearTimeout(this.#timer);
  }

  #take(events: readonly LabEvent[]): void {
    if (this.#viewers.size === 0) return;
    for (const event of events) this.#waiting.push(event);
    const since = performance.now() - this.#lastBatch;
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, this.#pauseMs - since));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const began = performance.now();
    for (const batch of batches(waiting)) {
      // Made once, whatever the number of viewers.
      const frame = framed(batch);
      const last = batch.at(-1)?.seq ?? 0;
      for (const viewer of this.#viewers)
        if (viewer.state === 'live') this.#offer(viewer, frame, last);
    }
    this.#lastBatch = performance.now();
    const pause = PAUSE_FACTOR * (this.#lastBatch - began);
    this.#pauseMs = Math.min(Math.max(pause, BATCH_MS.least), BATCH_MS.most);
  }

  #offer(viewer: Viewer, frame: Buffer, last: number): void {
    const waiting = viewer.webSocket.bufferedAmount;
    if (waiting > 0 && waiting + frame.length > VIEWER_BYTES) {
      viewer.state = 'behind';
      return;
    }
    viewer.seq = last;
    this.#send(viewer, frame);
  }

  #send(viewer: Viewer, frame: Buffer): void {
    viewer.webSocket.send(frame, { binary: false }, (error) => {
      if (!error) this.#taken(viewer);
    });
  }

  /** Something that was sent to the viewer is gone to the kernel. */
  #taken(viewer: Viewer): void {
    if (viewer.webSocket.bufferedAmount > 0) return;
    if (viewer.state !== 'behind' && viewer.state !== 'resuming') return;
    this.#flush();
    if (viewer.state === 'behind') this.#skip(viewer);
    else void this.#line.turn().then(() => this.#resume(viewer));
  }

  /** Goes on behind the last event that the viewer has, if that is still remembered. */
  #resume(viewer: Viewer): void {
    if (viewer.state !== 'resuming' || viewer.webSocket.readyState !== viewer.webSocket.OPEN)
      return;
    // What waits is for those who are live by now: this viewer gets it here, and not once more after that.
    this.#flush();
    const { history } = this.#lab;
    if (viewer.seq < history.first || viewer.seq > history.last) {
      this.#skip(viewer);
      return;
    }
    const [missed = []] = batches(history.events(viewer.seq, viewer.seq + BATCH_EVENTS));
    viewer.seq += missed.length;
    if (viewer.seq === history.last) viewer.state = 'live';
    if (missed.length > 0) this.#send(viewer, framed(missed));
  }

  /** Gives the viewer the state instead of events, and names those that it will not get. */
  #skip(viewer: Viewer): void {
    void this.#snapshot(viewer, viewer.seq <= this.#lab.state.seq ? viewer.seq : undefined);
  }

  /** `since` is the last event that the viewer has, if it has any. */
  async #snapshot(viewer: Viewer, since: number | undefined): Promise<void> {
    viewer.state = 'awaits';
    const snapshot = await this.#snapshots.take(since);
    const { seq, bytes } = snapshot;
    if (since !== undefined && since < seq) {
      const gap: GapFrame = { type: 'gap', from: since + 1, to: seq };
      this.#send(viewer, Buffer.from(JSON.stringify(gap)));
    }
    viewer.seq = seq;
    viewer.state = 'resuming';
    viewer.webSocket.send(bytes, { binary: false }, (error) => {
      this.#snapshots.release(snapshot);
      if (!error) this.#taken(viewer);
    });
    // Whatever has happened since follows when the snapshot has left.
    this.#flush();
    if (seq === this.#lab.history.last) viewer.state = 'live';
  }

  #ping(): void {
    for (const viewer of this.#viewers) {
      if (viewer.unanswered >= PINGS_UNANSWERED) viewer.webSocket.terminate();
      viewer.unanswered += 1;
      const { webSocket } = viewer;
      // Its bytes wait like all others: when they are gone, the viewer may be able to go on.
      if (webSocket.readyState === webSocket.OPEN)
        webSocket.ping(undefined, undefined, () => this.#taken(viewer));
    }
  }
}

export function registerLabStream(app: Gateway, { lab }: { lab: Lab }): void {
  const stream = new LabStream(lab);
  app.get(
    '/ws/lab',
    {
      websocket: true,
      config: { anyone: true },
      schema: { querystring: LabQuery },
      preHandler: (_request, _reply, done) => {
        done(stream.isFull ? new Denial('manyViewers') : undefined);
      },
    },
    (webSocket, { query }) => {
      stream.add(webSocket, query);
    },
  );
  app.addHook('preClose', (done) => {
    stream.close();
    done();
  });
}

/** As bytes, so that they are the same memory for all who wait for them. */
function framed(events: readonly LabEvent[]): Buffer {
  return Buffer.from(JSON.stringify({ type: 'events', events }));
}

function* batches(events: readonly LabEvent[]): Generator<readonly LabEvent[]> {
  let batch: LabEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    batch.push(event);
    bytes += eventBytes(event);
    if (batch.length < BATCH_EVENTS && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
