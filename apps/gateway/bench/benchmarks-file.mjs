/** docs/benchmarks.md: one section for each bench, replaced when it has run. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';

const FILE = new URL('../../../docs/benchmarks.md', import.meta.url);
const HEAD = '# Benchmarks\n\nWritten by `npm run bench`, which fails if a limit is missed.\n';

/** Replaces the section of this title, or adds it. @param {string} title @param {string[]} paragraphs */
export async function writeSection(title, paragraphs) {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : HEAD;
  const [head = HEAD, ...sections] = text.split(/^(?=## )/m);
  const section = `## ${title}\n\n${paragraphs.join('\n\n')}\n`;
  const others = sections.filter((other) => !other.startsWith(`## ${title}\n`));
  const whole = [head.trimEnd(), ...others.map((other) => other.trimEnd()), section].join('\n\n');
  writeFileSync(FILE, await format(whole, { parser: 'markdown', printWidth: 100 }));
}
