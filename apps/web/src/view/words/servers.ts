/** What the page calls a server, its idea in one sentence, and what to try on it. */

import { wordsOf } from '@sockscope/tcp-core/designs/all';
import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import type { LabState, ServerState } from '@sockscope/tcp-core/trace/lab-state';

export interface ServerProfile {
  id: ServerId;
  number: number;
  name: string;
  /** The sentence that the panel's picture serves, as the server is set up now. */
  idea: string;
  /** The same at length: what its stage shows. */
  stage: string;
  /** What a browser client offers to send. */
  samples: readonly string[];
}

export function profileOf({ id, number, design, settings }: ServerState): ServerProfile {
  const { name, idea, stage, samples, policies } = wordsOf(design);
  return { id, number, name, samples, ...(policies?.[settings.policy] ?? { idea, stage }) };
}

/** "Server 3": whose event it is. */
export function serverName({ server }: Pick<LabEvent, 'server'>, lab: LabState): string {
  return `Server ${lab.servers[server]?.number ?? server}`;
}
