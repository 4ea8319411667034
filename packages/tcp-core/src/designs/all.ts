/** The designs that there are, and the servers of the assignment: which of them join the lab. */

import type { Joined } from '../trace/lab-state.ts';
import { design as echo, words as echoWords } from './echo.ts';
import { design as oneAtATime, words as oneAtATimeWords } from './one-at-a-time.ts';
import { design as select, words as selectWords } from './select.ts';
import { design as threadPerClient, words as threadPerClientWords } from './thread-per-client.ts';
import type { Words } from './words.ts';

const words: ReadonlyMap<string, Words> = new Map([
  [oneAtATime.name, oneAtATimeWords],
  [threadPerClient.name, threadPerClientWords],
  [select.name, selectWords],
  [echo.name, echoWords],
]);

/** A design's words; for one that nobody wrote words for, its name. */
export function wordsOf({ name }: { name: string }): Words {
  return words.get(name) ?? { name, does: name, idea: name, stage: name, samples: [] };
}

/** The four servers of the assignment. */
export const assignment = [
  { id: 'server1', number: 1, design: oneAtATime },
  { id: 'server2', number: 2, design: threadPerClient },
  { id: 'server3', number: 3, design: select },
  { id: 'server4', number: 4, design: echo },
] as const satisfies readonly Joined[];

export const serverIds = assignment.map(({ id }) => id);
