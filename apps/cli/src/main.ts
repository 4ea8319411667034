#!/usr/bin/env node
/**
 * `sockscope`: the five programs of the assignment, each `<ip> <port>`.
 *
 * Exit codes: 0 ended as asked, 1 it could not be done, 2 wrong or missing arguments.
 */

import { assignment } from '@sockscope/tcp-core/designs/all';
import { Command, CommanderError } from 'commander';
import { clientCommand } from './commands/client.ts';
import { serverCommand } from './commands/servers.ts';

await main(process.argv.slice(2));

/** Runs one of the programs with its arguments and sets the exit code. */
async function main(args: string[]): Promise<void> {
  const sockscope = new Command('sockscope')
    .description('Four TCP servers, their client, and a page that shows what they do.')
    .exitOverride();
  for (const server of assignment) sockscope.addCommand(serverCommand(server));
  sockscope.addCommand(clientCommand());
  try {
    await sockscope.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
