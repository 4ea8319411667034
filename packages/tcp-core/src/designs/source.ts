/** Where a design's page is, and by what the places in it are found: in TypeScript and in Python. */

import type { Site } from './call-sites.ts';

export const languages = ['typescript', 'python'] as const;
export type Language = (typeof languages)[number];

/** What the line says; where two lines say it, also what the head of its function says. */
export type Pattern = RegExp | { in: RegExp; line: RegExp };
export type Patterns = Partial<Record<Site, Pattern>>;

/** A design's page in both languages. */
export interface Source {
  /** Where the files are, relative to the root of the repository. */
  files: Record<Language, string>;
  patterns: Record<Language, Patterns>;
}
