/** What the documents promise exists. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

const documents = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'];

/** What a command prints for --help. */
function helpOf(script: string, ...args: string[]): string {
  const words = (scripts[script] ?? '').replace(/^exec node /, '').split(' ');
  const { stdout } = spawnSync(process.execPath, [...words, ...args, '--help'], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout;
}

/** The rows of the table whose heading row begins with `heading`, as cells. */
function table(markdown: string, heading: string): string[][] {
  const lines = markdown.split('\n');
  const first = lines.findIndex((line, index) => {
    return line.startsWith(`| ${heading} `) && lines[index + 1]?.startsWith('| -');
  });
  const rest = lines.slice(first + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe.each(documents)('%s', (document) => {
  test('names only npm commands that exist', () => {
    const named = [...read(document).matchAll(/\bnpm (?:run (?:-s )?([\w:-]+)|(start|test))\b/g)];
    for (const [command, script, short] of named) {
      expect(scripts, command).toHaveProperty([script ?? short ?? '']);
    }
  });

  test('names only parts of npm test that exist', () => {
    const parts = [...read(document).matchAll(/npm test -- ([a-z]+)/g)].map(([, part]) => part);
    const help = parts.length > 0 ? helpOf('test') : '';
    for (const part of parts) expect(help).toMatch(new RegExp(`^ +${part ?? ''} `, 'm'));
  });

  test('links only to files that exist', () => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, to]) => to);
    expect(links.filter((link) => !existsSync(join(root, link ?? '')))).toEqual([]);
  });
});

describe('the options in README.md', () => {
  const readme = read('README.md');
  const optionsIn = (text: string): string[] => text.match(/--[a-z][a-z-]+/g) ?? [];

  test('of npm start are the ones that it takes', () => {
    const help = optionsIn(helpOf('start'));
    const named = table(readme, 'Option  ').map(([option]) => option);
    expect(named.length).toBeGreaterThan(3);
    for (const option of named) expect(help).toContain(option?.replaceAll('`', ''));
  });

  test('of the programs are the ones that they take', () => {
    for (const program of ['server1', 'server2', 'server3', 'server4', 'client']) {
      expect(readme).toContain(`npm run -s ${program} -- `);
    }
    const help = optionsIn(helpOf('server1') + helpOf('server2')).filter((o) => o !== '--help');
    const tables = readme.slice(readme.indexOf('## The five programs'));
    const named = table(tables, 'Option').map(([option]) => option?.replaceAll('`', ''));
    expect(new Set(named)).toEqual(new Set(help));
  });
});

/** Every folder with a README of its own has its tree there; what belongs to none is in ARCHITECTURE.md. */
const packages = [...['apps', 'packages'].flatMap(foldersIn), 'e2e'];
const trees = [
  ...packages.map((folder) => ({ folder, document: `${folder}/README.md`, parts: [folder] })),
  { folder: '', document: 'ARCHITECTURE.md', parts: ['scripts', 'test'] },
];

describe.each(trees)('the tree in $document', ({ folder, document, parts }) => {
  const named = pathsInTree(read(document)).map((path) => join(folder, path));

  test('names only files that exist', () => {
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('names every source file', () => {
    const sources = parts.flatMap(sourcesIn);
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((path) => !named.includes(path))).toEqual([]);
  });
});

/** Every path of the trees: blocks of lines, two spaces a level, a folder ends with a slash. */
function pathsInTree(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/```tree\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  return blocks.flatMap((block) => {
    const parents: string[] = [];
    return block
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const [, indent = '', name = ''] = /^( *)(\S+)/.exec(line) ?? [];
        const level = indent.length / 2;
        const path = (parents[level - 1] ?? '') + name;
        parents.splice(level, Infinity, path);
        return path;
      });
  });
}

function foldersIn(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`);
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (['node_modules', 'dist', 'test-results', '.cache'].includes(entry.name)) return [];
    if (entry.isDirectory()) return sourcesIn(path);
    return /\.(ts|mjs|js|svelte|css)$/.test(entry.name) ? [path] : [];
  });
}
