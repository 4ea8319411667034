/** `sockscope start`: the lab with its page, in this process. `npm start` is the same. */

import { once } from 'node:events';
import { addOptions, optionsOf } from '@sockscope/gateway/options';
import { Command } from 'commander';

export function startCommand(): Command {
  const command = addOptions(new Command('start'))
    .description('Four servers, and a page that shows what they do.')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(`${lineOf(text.replace(/^error: /, ''))} (--help lists the options)\n`);
      },
    });
  return command.action(async () => {
    const options = optionsOf(command);
    // Only here: a server by itself has no use for a gateway.
    const { start } = await import('@sockscope/gateway/start');
    try {
      await start(options);
    } catch (error) {
      process.exitCode = 1;
      const line = lineOf(error instanceof Error ? error.message : String(error));
      if (!process.stderr.write(`${line}\n`)) await once(process.stderr, 'drain');
      process.exit();
    }
  });
}

/** Whatever stops Sockscope from starting is one line. */
function lineOf(text: string): string {
  const [line = ''] = text.split('\n');
  return `sockscope: ${line}`;
}
