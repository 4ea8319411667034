/** What each of the four servers is called, its idea in one sentence, and what to try on it. */

import type { ServerId } from '@sockscope/tcp-core/trace/events';

export interface ServerProfile {
  id: ServerId;
  number: number;
  name: string;
  /** The sentence that the panel's picture serves. */
  idea: string;
  /** The same at length: what its stage shows. */
  stage: string;
  /** What a browser client offers to send. */
  samples: readonly string[];
}

export const serverProfiles: readonly ServerProfile[] = [
  {
    id: 'server1',
    number: 1,
    name: 'One at a time',
    idea: 'One chair. You are turned away.',
    stage: 'One chair; while somebody sits in it, you are turned away.',
    samples: ['22 + 44', '2^64', '7/2', '1/0'],
  },
  {
    id: 'server2',
    number: 2,
    name: 'Threads',
    idea: 'Everybody gets their own thread.',
    stage: 'Everybody gets a thread of their own; each waits for its client alone.',
    samples: ['22 + 44', '2^64', '7/2', '1/0'],
  },
  {
    id: 'server3',
    number: 3,
    name: 'select()',
    idea: 'One thread asks who is ready.',
    stage: 'One thread asks the kernel who is ready, then serves exactly those.',
    samples: ['22 + 44', '2^64', '7/2', '1/0'],
  },
  {
    id: 'server4',
    number: 4,
    name: 'Echo',
    idea: 'What goes in comes out.',
    stage: 'What goes in comes out, byte for byte, however it was cut.',
    samples: ['hello', '22 + 44', 'grüß dich'],
  },
];

export function profileOf(id: ServerId): ServerProfile {
  const profile = serverProfiles.find((candidate) => candidate.id === id);
  if (!profile) throw new Error(`no such server: ${id}`);
  return profile;
}

/** Servers 1 to 3 answer lines; server 4 sends back bytes. */
export function speaksLines(id: ServerId): boolean {
  return id !== 'server4';
}
