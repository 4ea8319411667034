/**
 * The servers' files for the page, highlighted when the page is built: as `virtual:server-sources`.
 *
 * The page's policy allows no inline styles and its first paint must stay small, so the highlighter
 * (Shiki, a megabyte with its grammars) stays here; the page gets lines of words with a class each.
 */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { codeToTokens, createCssVariablesTheme, type ThemedToken } from 'shiki';
import type { Plugin } from 'vite';
import type { ServerSource } from '../../packages/tcp-core/src/designs/call-sites.ts';
import { type Language, languages } from '../../packages/tcp-core/src/designs/source.ts';
import { findSiteLines, sources } from '../../packages/tcp-core/src/designs/source-lines.ts';
import type { CodeClass, CodeToken, SourceFile } from 'virtual:server-sources';

const ID = 'virtual:server-sources';
const root = new URL('../../', import.meta.url);
// Its colours are not used: the class of a word follows from its scopes.
const theme = createCssVariablesTheme();

/** Provides `virtual:server-sources`; vite dev follows edits of the files. */
export function serverSources(): Plugin {
  return {
    name: 'server-sources',
    resolveId: (id) => (id === ID ? `\0${ID}` : undefined),
    async load(id) {
      if (id !== `\0${ID}`) return undefined;
      const files: Partial<Record<Language, Partial<Record<ServerSource, SourceFile>>>> = {};
      for (const language of languages) {
        files[language] = {};
        for (const [source, { files: paths }] of Object.entries(sources)) {
          const path = paths[language];
          const file = fileURLToPath(new URL(path, root));
          this.addWatchFile(file);
          const text = await readFile(file, 'utf8');
          files[language][source as ServerSource] = {
            path,
            lines: await highlighted(text, language),
            sites: findSiteLines(language, source as ServerSource, text),
          };
        }
      }
      return `export const serverSources = ${JSON.stringify(files)};`;
    },
  };
}

async function highlighted(text: string, lang: Language): Promise<CodeToken[][]> {
  const { tokens } = await codeToTokens(text.trimEnd(), {
    lang,
    theme,
    includeExplanation: 'scopeName',
    tokenizeTimeLimit: 0, // by default half a second a line; on a busy machine that ends in an exception
  });
  return tokens.map((line) => joined(line.flatMap(classified)));
}

function classified({ explanation = [] }: ThemedToken): CodeToken[] {
  return explanation.map(({ content, scopes }) => [
    classOf(
      scopes.map(({ scopeName }) => scopeName),
      content,
    ),
    content,
  ]);
}

/** Scopes are TextMate's, from the outermost to the innermost. */
function classOf(scopes: readonly string[], text: string): CodeClass {
  const within = (prefix: string): boolean => scopes.some((scope) => scope.startsWith(prefix));
  if (within('comment') || within('string.quoted.docstring')) return 'comment';
  if (within('string')) return 'string';
  if (within('constant.numeric') || within('constant.language')) return 'number';
  const isWord = /\w/.test(text);
  if (isWord && (within('keyword') || within('storage'))) return 'keyword';
  const innermost = scopes.at(-1) ?? '';
  if (
    isWord &&
    /^(entity\.name\.function|support\.function|meta\.function-call\.generic)/.test(innermost)
  )
    return 'function';
  return 'plain';
}

/** Neighbours of one class become one; spaces join what is before them. The indent is apart. */
function joined(tokens: readonly CodeToken[]): CodeToken[] {
  const line: CodeToken[] = [];
  for (const [kind, text] of tokens) {
    const rest = line.length === 0 ? text.trimStart() : text;
    if (rest !== text) line.push(['indent', text.slice(0, text.length - rest.length)]);
    const last = line.at(-1);
    if (last && (last[0] === kind || (last[0] !== 'indent' && rest.trim() === ''))) last[1] += rest;
    else if (rest !== '') line.push([kind, rest]);
  }
  return line;
}
