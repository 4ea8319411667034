/**
 * The five programs of the assignment: `server1` to `server4` and `client`, each `<ip> <port>`.
 *
 * Exit codes: 0 ended as asked, 1 it could not be done, 2 wrong or missing arguments.
 */

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { runClient } from '../client/client.ts';
import { exitProcess } from '../host/exit-process.ts';
import { LabHost } from '../host/lab-host.ts';
import type { ServerOptions } from '../host/server-options.ts';
import { assignment, wordsOf } from '../designs/all.ts';
import { endpoint } from '../trace/addresses.ts';
import type { Joined } from '../trace/lab-state.ts';
import { type Settings, settings } from '../trace/settings.ts';
import { LineOutput } from './line-output.ts';
import { linesNotTold, logLines } from './log-lines.ts';

/** Runs one of the programs with its arguments and sets the exit code. */
export async function main(program: string, args: string[]): Promise<void> {
  const server = assignment.find(({ id }) => id === program);
  const command = server ? serverCommand(server) : clientCommand();
  try {
    await command.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

function baseCommand(program: string, description: string): Command {
  return new Command(program)
    .description(description)
    .argument('<ip>', 'an IPv4 or IPv6 address, such as 127.0.0.1')
    .argument('<port>', 'a TCP port, 0 to 65535', integer(0, 65535))
    .exitOverride()
    .showHelpAfterError(`usage: ${program} <ip> <port>   (--help tells more)`)
    .allowExcessArguments(false);
}

function serverCommand(server: Joined): Command {
  const command = baseCommand(server.id, wordsOf(server.design).does);
  for (const setting of server.design.settings) command.addOption(settingOption(setting));
  return command.action(async (ip: string, port: number, options: Partial<ServerOptions>) => {
    await runServer(server, { ...options, address: addressOf(ip), port });
  });
}

/** `idleMs` is set with `--idle-ms <ms>`. */
function settingOption(name: keyof Settings): Option {
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const { initially, says, ...values } = settings[name];
  const option =
    'oneOf' in values
      ? new Option(`${flag} <${name}>`, says).choices(values.oneOf)
      : new Option(`${flag} <${name.endsWith('Ms') ? 'ms' : 'n'}>`, says).argParser(
          integer(values.from, values.to),
        );
  return option.default(initially);
}

function clientCommand(): Command {
  return baseCommand('client', 'Talks to a server, line by line.').action(
    async (ip: string, port: number) => {
      process.exitCode = await runClient(
        addressOf(ip),
        port,
        process.stdin,
        process.stdout,
        process.stderr,
      );
    },
  );
}

/** If the end takes longer, as with hundreds of threads on a slow machine, the kernel does the rest. */
const END_WITHIN_MS = 1000;

/** Runs a server until Ctrl+C or SIGTERM. */
async function runServer(server: Joined, options: Partial<ServerOptions>): Promise<void> {
  const lab = new LabHost({ observeKernel: false, servers: [server] });
  const stop = (): void => {
    setTimeout(() => exitProcess(0), END_WITHIN_MS);
    void lab.close().then(() => exitProcess(0));
  };
  const output = new LineOutput(process.stdout);
  lab.onEvents((events) => {
    for (const event of events) output.skip(linesNotTold(event, server.design));
    output.print(events.flatMap((event) => logLines(event, server.design)));
    if (events.some((event) => event.type === 'crashed' && !event.restarting)) process.exitCode = 1;
  });
  process.stdout.on('error', stop); // `| head` has seen enough
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    // Every call gets its line here, also in a rush; unless nobody can keep up any more.
    await lab.start(server.id, { ...options, sumUp: false });
  } catch (error) {
    const where = endpoint(options.address ?? '', options.port ?? 0);
    process.stderr.write(`${server.id}: cannot listen on ${where}: ${(error as Error).message}\n`);
    process.exitCode = 1;
    await lab.close();
  }
}

function addressOf(ip: string): string {
  return ip === 'localhost' ? '127.0.0.1' : ip;
}

function integer(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,6}$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
}
