/**
 * The line of each place in the servers' files, and in the same servers in Python: found by what it
 * says, so that editing a file moves the mark along. A pattern fits exactly one line of its file.
 */

import type { ServerSource, Site } from './call-sites.ts';

export const languages = ['typescript', 'python'] as const;
export type Language = (typeof languages)[number];

/** Where the files are, relative to the root of the repository. */
export const sourcePaths: Record<Language, Record<ServerSource, string>> = {
  typescript: {
    'one-at-a-time': 'packages/tcp-core/src/servers/one-at-a-time.ts',
    'thread-per-client': 'packages/tcp-core/src/servers/thread-per-client.ts',
    select: 'packages/tcp-core/src/servers/select.ts',
    echo: 'packages/tcp-core/src/servers/echo.ts',
  },
  python: {
    'one-at-a-time': 'packages/tcp-core/twins/one_at_a_time.py',
    'thread-per-client': 'packages/tcp-core/twins/thread_per_client.py',
    select: 'packages/tcp-core/twins/select_server.py',
    echo: 'packages/tcp-core/twins/echo.py',
  },
};

/** What the line says; where two lines say it, also what the head of its function says. */
type Pattern = RegExp | { in: RegExp; line: RegExp };
type Patterns = Partial<Record<Site, Pattern>>;

const patterns: Record<Language, Record<ServerSource, Patterns>> = {
  typescript: {
    'one-at-a-time': {
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
    'thread-per-client': {
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
    select: {
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
    echo: {
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
  },
  // The servers in Python know no message that a silence ends: it is calculated where all are.
  python: {
    'one-at-a-time': {
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
    'thread-per-client': {
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
    select: {
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
    echo: {
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

/** The line (from 1) of each place that the file has. */
export type SiteLines = Partial<Record<Site, number>>;

/** Finds the lines of a file's places. Error: a pattern fits no line, or more than one. */
export function findSiteLines(language: Language, source: ServerSource, text: string): SiteLines {
  const lines = text.split('\n');
  const found: SiteLines = {};
  for (const [site, pattern] of Object.entries(patterns[language][source])) {
    const fitting = fittingLines(lines, pattern);
    const [line] = fitting;
    if (line === undefined || fitting.length > 1) {
      const where = line === undefined ? 'no line' : `lines ${fitting.join(', ')}`;
      throw new Error(
        `${sourcePaths[language][source]}: the place "${site}" fits ${where}, but must fit exactly ` +
          'one: see the patterns in trace/source-lines.ts',
      );
    }
    found[site as Site] = line;
  }
  return found;
}

/** The numbers (from 1) of the lines that a pattern fits. */
function fittingLines(lines: readonly string[], pattern: Pattern): number[] {
  if (pattern instanceof RegExp) {
    return lines.flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
  }
  return fittingLines(lines, pattern.in).flatMap((head) => {
    const rest = lines.slice(head);
    const next = rest.findIndex((line) => /^(export|async|function|def) /.test(line));
    const body = next < 0 ? rest : rest.slice(0, next);
    return fittingLines(body, pattern.line).map((line) => head + line);
  });
}
