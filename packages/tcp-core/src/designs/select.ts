/** One thread for all clients, with select (server 3 of the assignment). */

import type { Design } from '../trace/design.ts';
import type { Source } from './source.ts';
import { type Words, sums } from './words.ts';

export const design: Design = {
  name: 'select',
  speaks: 'lines',
  process: 'loop',
  calculates: true,
  pool: false,
  settings: ['idleMs', 'slowMs', 'backlog'],
  seenBy: ['call', 'kernel'],
};

export const words: Words = {
  name: 'select()',
  does: 'Serves many clients in one thread, with select.',
  idea: 'One thread asks who is ready.',
  stage: 'One thread asks the kernel who is ready, then serves exactly those.',
  samples: sums,
};

export const source: Source = {
  files: {
    typescript: 'packages/tcp-core/src/servers/select.ts',
    python: 'packages/tcp-core/twins/select_server.py',
  },
  patterns: {
    typescript: {
      start: /^export function selectServer\(/,
      listen: /= listen\(at\)/,
      loop: /for \(;;\)/,
      select: /= select\(/,
      accept: /socket\.accept\(DONTWAIT\)/,
      recv: /socket\.recv\(/,
      calculate: /of messages\) .*calculate\(/,
      calculateAfterSilence: /of inbox\.flush\(\)\) .*calculate\(/,
      send: /outbox\.sendTo\(socket\)/,
      close: /socket\.close\(\)/,
    },
    // The server in Python knows no message that a silence ends: it is calculated where all are.
    python: {
      start: /^def select_server\(/,
      listen: /socket\.create_server\(/,
      loop: /while True:/,
      select: /= select\(/,
      accept: /listener\.accept\(\)/,
      recv: /sock\.recv\(/,
      calculate: /calculate\(line\)/,
      calculateAfterSilence: /calculate\(line\)/,
      send: /sock\.send\(/,
      close: /sock\.close\(\)/,
    },
  },
};
