/** A thread for each client (server 2 of the assignment). */

import type { Design } from '../trace/design.ts';
import type { Source } from './source.ts';
import { type Words, sums } from './words.ts';

export const design: Design = {
  name: 'thread-per-client',
  speaks: 'lines',
  process: 'lanes',
  calculates: true,
  pool: true,
  settings: ['idleMs', 'slowMs', 'maxThreads', 'backlog'],
  seenBy: ['call', 'kernel'],
};

export const words: Words = {
  name: 'Threads',
  does: 'Serves many clients, with a thread for each.',
  idea: 'Everybody gets their own thread.',
  stage: 'Everybody gets a thread of their own; each waits for its client alone.',
  samples: sums,
};

export const source: Source = {
  files: {
    typescript: 'packages/tcp-core/src/servers/thread-per-client.ts',
    python: 'packages/tcp-core/twins/thread_per_client.py',
  },
  patterns: {
    typescript: {
      start: /^export function threadPerClient\(/,
      listen: /sockets\.listen\(at\)/,
      loop: { in: /function threadPerClient\(/, line: /for \(;;\)/ },
      accept: /listener\.accept\(\)/,
      startThread: /sockets\.startThread\(client\)/,
      startClient: /^export function serveClient\(/,
      clientLoop: { in: /function serveClient\(/, line: /for \(;;\)/ },
      recv: /client\.recv\(/,
      calculate: /client\.send\(calculate\(/,
      send: /client\.send\(/,
      close: /client\.close\(\)/,
    },
    python: {
      start: /^def thread_per_client\(/,
      listen: /socket\.create_server\(/,
      loop: /^ {4}while True:/,
      accept: /listener\.accept\(\)/,
      startThread: /Thread\(target=serve_client/,
      startClient: /^def serve_client\(/,
      clientLoop: /^ {8}while True:/,
      recv: /client\.recv\(/,
      calculate: /calculate\(line\)/,
      send: /client\.sendall\(/,
      close: /client\.close\(\)/,
    },
  },
};
