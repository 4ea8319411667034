/**
 * The line of each place in the servers' files, and in the same servers in Python: found by what it
 * says, so that editing a file moves the mark along. A pattern fits exactly one line of its file.
 */

import type { ServerSource, Site } from './call-sites.ts';
import { source as echo } from './echo.ts';
import { source as oneAtATime } from './one-at-a-time.ts';
import { source as select } from './select.ts';
import type { Language, Pattern, Source } from './source.ts';
import { source as threadPerClient } from './thread-per-client.ts';

/** By the design's name. */
export const sources: Readonly<Record<ServerSource, Source>> = {
  'one-at-a-time': oneAtATime,
  'thread-per-client': threadPerClient,
  select,
  echo,
};

/** The line (from 1) of each place that the file has. */
export type SiteLines = Partial<Record<Site, number>>;

/** Finds the lines of a file's places. Error: a pattern fits no line, or more than one. */
export function findSiteLines(language: Language, source: ServerSource, text: string): SiteLines {
  const lines = text.split('\n');
  const found: SiteLines = {};
  for (const [site, pattern] of Object.entries(sources[source].patterns[language])) {
    const fitting = fittingLines(lines, pattern);
    const [line] = fitting;
    if (line === undefined || fitting.length > 1) {
      const where = line === undefined ? 'no line' : `lines ${fitting.join(', ')}`;
      throw new Error(
        `${sources[source].files[language]}: the place "${site}" fits ${where}, but must fit exactly ` +
          `one: see the patterns in designs/${source}.ts`,
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
