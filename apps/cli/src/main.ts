#!/usr/bin/env node
/**
 * `sockscope`: the lab with its page (`start`, or no command at all), and the five programs of the
 * assignment, each `<ip> <port>`.
 *
 * Exit codes: 0 ended as asked, 1 it could not be done, 2 wrong or missing arguments.
 */

import { assignment } from '@sockscope/tcp-core/designs/all';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { clientCommand } from './commands/client.ts';
import { serverCommand } from './commands/servers.ts';
import { startCommand } from './commands/start.ts';
import { endWithNpm } from './end-with-npm.ts';

endWithNpm();
const args = process.argv.slice(2);
await main(isForStart(args) ? ['start', ...args] : args);

/** Runs a command with its arguments and sets the exit code. */
async function main(args: string[]): Promise<void> {
  const sockscope = new Command('sockscope')
    .description('A teaching lab that shows what a TCP server does. Without a command: start.')
    .version(packageJson.version)
    .helpCommand(false)
    .exitOverride();
  sockscope.addCommand(startCommand());
  for (const server of assignment) sockscope.addCommand(serverCommand(server));
  sockscope.addCommand(clientCommand());
  try {
    await sockscope.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

/** Whether there is no command, or there are only options of `start`. */
function isForStart([first]: string[]): boolean {
  if (first === undefined) return true;
  return first.startsWith('-') && !['-h', '--help', '-V', '--version'].includes(first);
}
