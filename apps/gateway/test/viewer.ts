/** A viewer of /ws/lab for the tests: folds what it is sent, as the page does. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { applyAll } from '@sockscope/tcp-core/trace/reducer';
import { WebSocket } from 'ws';

type Frame =
  | { type: 'snapshot'; state: LabState }
  | { type: 'events'; events: LabEvent[] }
  | { type: 'gap'; from: number; to: number };

export class Viewer {
  readonly webSocket: WebSocket;
  /** The types of the frames, in their order. */
  readonly types: Frame['type'][] = [];
  readonly events: LabEvent[] = [];
  readonly gaps: { from: number; to: number }[] = [];
  /** The first snapshot's. */
  first: LabState | undefined;
  /** Close code. */
  readonly closed: Promise<number>;
  /** The state after the last frame; undefined before the first snapshot. */
  state: LabState | undefined;
  /** The last event that is known, from a snapshot or by itself. */
  seq = 0;
  #look: (() => void)[] = [];
  #hasLeft = false;

  /** `known` is the state that the viewer has already, for one that resumes. */
  constructor(host: string, query = '', known?: LabState) {
    this.state = known;
    this.webSocket = new WebSocket(`ws://${host}/ws/lab${query}`);
    this.webSocket.on('message', (data: Buffer) =>
      this.#take(JSON.parse(data.toString()) as Frame),
    );
    this.closed = new Promise((resolve) => {
      this.webSocket.on('close', (code) => resolve(code));
      this.webSocket.on('error', () => undefined);
    });
  }

  /** Ends the connection; what had arrived but was not taken yet is lost with it. */
  leave(): void {
    this.#hasLeft = true;
    this.webSocket.terminate();
  }

  /** Goes on where another was that has left. */
  static after(host: string, { state }: Viewer): Viewer {
    if (!state) throw new Error('it had no state yet');
    return new Viewer(host, `?epoch=${state.epoch}&since=${state.seq}`, state);
  }

  /** Resolves as soon as `condition` is true of what has come. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#look = this.#look.filter((other) => other !== look);
        resolve();
      };
      this.#look.push(look);
    });
  }

  reaches(seq: number): Promise<void> {
    return this.until(() => this.seq >= seq);
  }

  #take(frame: Frame): void {
    if (this.#hasLeft) return;
    this.types.push(frame.type);
    if (frame.type === 'snapshot') {
      this.first ??= frame.state;
      this.state = frame.state;
      this.seq = frame.state.seq;
    } else if (frame.type === 'events') {
      this.events.push(...frame.events);
      if (this.state) this.state = applyAll(this.state, frame.events);
      this.seq = frame.events.at(-1)?.seq ?? this.seq;
    } else {
      this.gaps.push({ from: frame.from, to: frame.to });
    }
    for (const look of [...this.#look]) look();
  }
}
