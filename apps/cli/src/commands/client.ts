/** `sockscope client <ip> <port>`. */

import { runClient } from '@sockscope/tcp-core/client/client';
import type { Command } from 'commander';
import { addressedCommand } from '../arguments.ts';

export function clientCommand(): Command {
  return addressedCommand('client', 'Talks to a server, line by line.').action(
    async (ip: string, port: number) => {
      const { stdin, stdout, stderr } = process;
      process.exitCode = await runClient(ip, port, stdin, stdout, stderr);
    },
  );
}
