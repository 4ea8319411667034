/** The gateway's options, as those of a command. */

import { isIP } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isLoopback } from '@sockscope/tcp-core/trace/addresses';
import { TOKEN } from './door/presenter.ts';

export interface Options {
  /** Where the page is served: a loopback address, unless `lan`. */
  host: string;
  port: number;
  /** Open to other machines: then only the presenter controls the servers. */
  lan: boolean;
  /** The presenter's token, if it is not to be made anew. */
  presenterToken: string | undefined;
  /** Where the four servers listen. */
  tcpHost: string;
  tcpPorts: [number, number, number, number];
  logLevel: string;
  maxSessions: number;
  maxSocketsPerAddress: number;
  maxConnectionsPerAddress: number;
}

/** What commander makes of the arguments: these two have defaults that depend on each other. */
type Given = Omit<Options, 'host' | 'lan' | 'presenterToken'> &
  Partial<Pick<Options, 'host' | 'lan'>>;

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'];

/** Not an option: other users of this machine can read the command line. */
const TOKEN_VARIABLE = 'SOCKSCOPE_PRESENTER_TOKEN';

const ENVIRONMENT = `
Environment:
  ${TOKEN_VARIABLE}  with --lan: the presenter's token, 22 to 128 of
                             A-Z a-z 0-9 _ - (default: a new one at each start)`;

/** Gives a command the options that `optionsOf` reads. */
export function addOptions(command: Command): Command {
  return command
    .option(
      '--host <address>',
      'where the page is served (default: "127.0.0.1", with --lan "0.0.0.0")',
      ipAddress,
    )
    .option('--port <number>', 'port of the page; 0 picks a free one', port, 3000)
    .option(
      '--lan',
      'opens the page to other machines: they watch and are clients, the presenter controls',
    )
    .option('--tcp-host <address>', 'where the four servers listen', ipAddress, '127.0.0.1')
    .addOption(
      new Option('--tcp-ports <four numbers>', 'their ports; 0 picks free ones')
        .argParser(fourPorts)
        .default([5001, 5002, 5003, 5004], '5001,5002,5003,5004'),
    )
    .addOption(
      new Option('--log-level <level>', 'log to stderr, one JSON object a line')
        .choices(LOG_LEVELS)
        .default('silent'),
    )
    .option('--max-sessions <number>', 'browser clients at once', sessions, 2000)
    .option(
      '--max-sockets-per-address <number>',
      'with --lan: WebSockets at once, pages and browser clients, from one other address',
      sessions,
      600,
    )
    .option(
      '--max-connections-per-address <number>',
      'with --lan: connections at once that are no WebSocket (yet), from one other address',
      sessions,
      1000,
    )
    .addHelpText('after', ENVIRONMENT);
}

/**
 * What a command with these options was asked to do, once it has parsed its arguments. Options that do
 * not go together are an error of that command, with exit code and one line.
 */
export function optionsOf(command: Command, environment: NodeJS.ProcessEnv = process.env): Options {
  const { lan = false, ...given } = command.opts<Given>();
  const { host = lan ? '0.0.0.0' : '127.0.0.1' } = given;
  if (!lan && !isLoopback(host))
    command.error(
      `--host ${host} opens the page to other machines: add --lan, ` +
        'which lets only the presenter control the servers, or give 127.0.0.1 or ::1.',
    );
  const presenterToken = environment[TOKEN_VARIABLE];
  if (lan && presenterToken !== undefined && !TOKEN.test(presenterToken))
    command.error(
      `${TOKEN_VARIABLE} must be 22 to 128 of A-Z a-z 0-9 _ - (128 bits or more): ` +
        'unset it, or make one with: openssl rand -hex 16',
    );
  return { ...given, host, lan, presenterToken };
}

function port(text: string): number {
  const number = wholeNumber(text);
  if (number === undefined || number > 65535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return number;
}

function fourPorts(text: string): number[] {
  const ports = text.split(',').map(port);
  const taken = ports.filter((number) => number !== 0);
  if (ports.length !== 4 || new Set(taken).size !== taken.length)
    throw new InvalidArgumentError('Give four different ports, such as 5001,5002,5003,5004.');
  return ports;
}

function sessions(text: string): number {
  const number = wholeNumber(text);
  if (number === undefined || number < 1 || number > 20_000)
    throw new InvalidArgumentError('Give a number from 1 to 20000.');
  return number;
}

function ipAddress(text: string): string {
  const address = text === 'localhost' ? '127.0.0.1' : text.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) === 0)
    throw new InvalidArgumentError('Give an IP address, such as 127.0.0.1 or ::1.');
  return address;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}
