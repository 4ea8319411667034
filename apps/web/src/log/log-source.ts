/** Where a log comes from: what the page needs of it, whether it still grows or was recorded. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';

export interface LogSource {
  /** The lab after the newest event; null before anything is known of it. */
  readonly lab: LabState | null;
  /** The events behind `lab`, as far back as they are known; null as long as `lab` is. */
  readonly history: LabHistory | null;
  /** The lab's clock in microseconds, at this performance.now(); it goes on between events. */
  now(pageNow: number): number;
  /** Called with each batch after it was applied. Returns the unsubscribe function. */
  onEvents(listener: (events: readonly LabEvent[]) => void): () => void;
  /** Completes `history` with what was before its first event, if that can be known. */
  loadPast(): Promise<void>;
}
