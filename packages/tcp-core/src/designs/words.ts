/** What a design is called, its idea in one sentence, and what to try on it. */

import type { BusyPolicy } from '../trace/settings.ts';

interface Idea {
  /** The sentence that the panel's picture serves. */
  idea: string;
  /** The same at length: what its stage shows. */
  stage: string;
}

export interface Words extends Idea {
  name: string;
  /** For `--help`. */
  does: string;
  /** Where its idea depends on the policy. */
  policies?: Record<BusyPolicy, Idea>;
  /** What a browser client offers to send. */
  samples: readonly string[];
}

export const sums = ['22 + 44', '2^64', '7/2', '1/0'] as const;
