/**
 * What `npm start` runs: Sockscope as its command line wants it. Whatever stops it from starting is one
 * line on stderr, and exit code 2 for wrong arguments, else 1.
 */

import { once } from 'node:events';
import { CommanderError } from 'commander';
import { parseOptions } from './options.ts';
import { start } from './start.ts';

async function fail(error: unknown): Promise<void> {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const text = error instanceof Error ? error.message : String(error);
  const [line] = text.replace(/^error: /, '').split('\n');
  const advice = error instanceof CommanderError ? ' (npm start -- --help lists the options)' : '';
  process.exitCode = error instanceof CommanderError ? 2 : 1;
  if (!process.stderr.write(`sockscope: ${line}${advice}\n`)) await once(process.stderr, 'drain');
  process.exit();
}

try {
  await start(parseOptions(process.argv.slice(2)));
} catch (error) {
  await fail(error);
}
