/** One client at a time (server 1 of the assignment). */

import type { Design } from '../trace/design.ts';
import type { Source } from './source.ts';
import { type Words, sums } from './words.ts';

export const design: Design = {
  name: 'one-at-a-time',
  speaks: 'lines',
  process: 'seat',
  calculates: true,
  pool: false,
  settings: ['idleMs', 'slowMs', 'policy', 'backlog'],
  seenBy: ['call', 'kernel'],
};

export const words: Words = {
  name: 'One at a time',
  does: 'Serves one client at a time; others are told that it is busy.',
  idea: 'One chair. You are turned away.',
  stage: 'One chair; while somebody sits in it, you are turned away.',
  policies: {
    busy: {
      idea: 'One chair. You are turned away.',
      stage: 'One chair; while somebody sits in it, you are told so and turned away.',
    },
    refuse: {
      idea: 'One chair. The kernel refuses you.',
      stage: 'One chair; while somebody sits in it, nobody listens and the kernel refuses you.',
    },
    queue: {
      idea: 'One chair. You wait in the queue.',
      stage: 'One chair; while somebody sits in it, you wait in the accept queue.',
    },
  },
  samples: sums,
};

export const source: Source = {
  files: {
    typescript: 'packages/tcp-core/src/servers/one-at-a-time.ts',
    python: 'packages/tcp-core/twins/one_at_a_time.py',
  },
  patterns: {
    typescript: {
      start: /^export function oneAtATime\(/,
      listen: /let listener = sockets\.listen\(at\)/,
      loop: /^ {2}for \(;;\)/,
      accept: /listener\.accept\(\)/,
      closeListener: /listener\.close\(\)/,
      listenAgain: /sockets\.listen\(listener\.at\)/,
      startClient: /^function serveAndWatchTheDoor\(/,
      clientLoop: /while \(open/,
      select: /= select\(/,
      recv: /client\.recv\(/,
      calculate: /of messages\) .*calculate\(/,
      calculateAfterSilence: /of inbox\.flush\(\)\) .*calculate\(/,
      send: /outbox\.sendTo\(client\)/,
      acceptNewcomer: /listener\.accept\(DONTWAIT\)/,
      refuse: /newcomer\?\.refuse\(/,
      close: /client\.close\(\)/,
    },
    // The server in Python knows no message that a silence ends: it is calculated where all are.
    python: {
      start: /^def one_at_a_time\(/,
      listen: /^ {4}listener = socket\.create_server\(at\)/,
      loop: /^ {4}while True:/,
      accept: /client, _ = listener\.accept\(\)/,
      closeListener: /listener\.close\(\)/,
      listenAgain: /^ {12}listener = socket\.create_server\(at\)/,
      startClient: /^def serve_and_watch_the_door\(/,
      clientLoop: /^ {8}while True:/,
      select: /select\.select\(/,
      recv: /client\.recv\(/,
      calculate: /calculate\(line\)/,
      calculateAfterSilence: /calculate\(line\)/,
      send: /client\.sendall\(/,
      acceptNewcomer: /newcomer, _ = listener\.accept\(\)/,
      refuse: /^ +refuse\(newcomer\)/,
      close: /client\.close\(\)/,
    },
  },
};
