/** `sockscope server1 <ip> <port>` … `server4`: one server by itself, with a line for each thing that happens. */

import { exitProcess } from '@sockscope/lab/exit-process';
import { Lab } from '@sockscope/lab/lab';
import type { ServerOptions } from '@sockscope/lab/ours/server-options';
import { wordsOf } from '@sockscope/tcp-core/designs/all';
import { endpoint } from '@sockscope/tcp-core/trace/addresses';
import type { Joined } from '@sockscope/tcp-core/trace/lab-state';
import { type Settings, settings } from '@sockscope/tcp-core/trace/settings';
import { type Command, Option } from 'commander';
import { addressedCommand, integer } from '../arguments.ts';
import { LineOutput } from '../line-output.ts';
import { linesNotTold, logLines } from '../log-lines.ts';

/** If the end takes longer, as with hundreds of threads on a slow machine, the kernel does the rest. */
const END_WITHIN_MS = 1000;

export function serverCommand(server: Joined): Command {
  const command = addressedCommand(server.id, wordsOf(server.design).does);
  for (const setting of server.design.settings) command.addOption(settingOption(setting));
  return command.action(async (address: string, port: number, options: Partial<ServerOptions>) => {
    await runServer(server, { ...options, address, port });
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

/** Runs a server until Ctrl+C or SIGTERM. */
async function runServer(
  server: Joined,
  options: Partial<ServerOptions> & { address: string; port: number },
): Promise<void> {
  const lab = new Lab({ observeKernel: false, servers: [server] });
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
    const where = endpoint(options.address, options.port);
    process.stderr.write(`${server.id}: cannot listen on ${where}: ${(error as Error).message}\n`);
    process.exitCode = 1;
    await lab.close();
  }
}
