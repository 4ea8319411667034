/** The servers' files as the page shows them; made by server-sources.ts beside vite.config.ts. */
declare module 'virtual:server-sources' {
  import type { ServerSource } from '@sockscope/tcp-core/designs/call-sites';
  import type { Language } from '@sockscope/tcp-core/designs/source';
  import type { SiteLines } from '@sockscope/tcp-core/designs/source-lines';

  export type CodeClass =
    'indent' | 'keyword' | 'string' | 'comment' | 'number' | 'function' | 'plain';

  /** Some text of one line, and how it is coloured. */
  export type CodeToken = [kind: CodeClass, text: string];

  export interface SourceFile {
    /** Its path in the repository. */
    path: string;
    lines: CodeToken[][];
    /** The line, from 1, of each place that threads come to. */
    sites: SiteLines;
  }

  export const serverSources: Record<Language, Record<ServerSource, SourceFile>>;
}
