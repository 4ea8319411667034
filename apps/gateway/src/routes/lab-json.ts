/** The lab's large answers, as the pieces of their JSON. */

import type { Lab } from '@sockscope/lab/lab';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { jsonPieces, type Source } from './shared-json.ts';

/** Down to each server's connections, of which there may be thousands. */
const STATE_DEPTH = 4;

type LogOf = Pick<Lab, 'state' | 'history'>;

/** `snapshot`, as /api/lab and /ws/lab send it; and the newest event's number. */
export function snapshotOf(lab: LogOf): [source: () => Source, seq: () => number] {
  return [
    () => {
      const { state } = lab;
      return { seq: state.seq, pieces: jsonPieces({ type: 'snapshot', state }, 1 + STATE_DEPTH) };
    },
    () => lab.state.seq,
  ];
}

/** `history`, as /api/history sends it; and the newest event's number. */
export function historyOf(lab: LogOf): [source: () => Source, seq: () => number] {
  return [
    () => {
      const { history } = lab;
      const { base, last } = history;
      return { seq: last, pieces: historyPieces(base, history.events()) };
    },
    () => lab.history.last,
  ];
}

function* historyPieces(state: LabState, events: readonly LabEvent[]): Generator<string> {
  yield '{"type":"history","state":';
  yield* jsonPieces(state, STATE_DEPTH);
  yield ',"events":';
  yield* jsonPieces(events, 1);
  yield '}';
}
