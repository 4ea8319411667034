/** What goes in comes out (server 4 of the assignment). */

import type { Design } from '../trace/design.ts';
import type { Source } from './source.ts';
import type { Words } from './words.ts';

export const design: Design = {
  name: 'echo',
  speaks: 'bytes',
  process: 'loop',
  calculates: false,
  pool: false,
  settings: ['backlog'],
  seenBy: ['call', 'kernel'],
};

export const words: Words = {
  name: 'Echo',
  does: 'Echoes every byte.',
  idea: 'What goes in comes out.',
  stage: 'What goes in comes out, byte for byte, however it was cut.',
  samples: ['hello', '22 + 44', 'grüß dich'],
};

export const source: Source = {
  files: {
    typescript: 'packages/tcp-core/src/servers/echo.ts',
    python: 'packages/tcp-core/twins/echo.py',
  },
  patterns: {
    typescript: {
      start: /^export function echo\(/,
      listen: /= listen\(at\)/,
      loop: /for \(;;\)/,
      select: /= select\(/,
      accept: /socket\.accept\(DONTWAIT\)/,
      recv: /socket\.recv\(/,
      send: /socket\.send\(/,
      sendPending: /pending\.sendTo\(socket\)/,
      close: /socket\.close\(\)/,
    },
    python: {
      start: /^def echo\(/,
      listen: /socket\.create_server\(/,
      loop: /while True:/,
      select: /= select\(/,
      accept: /listener\.accept\(\)/,
      recv: /sock\.recv\(/,
      send: /send\(sock, received\)/,
      sendPending: /send\(sock, client\.pending\)/,
      close: /sock\.close\(\)/,
    },
  },
};
