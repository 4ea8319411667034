/** The gateway's command line. */

import { BlockList, isIP } from 'node:net';
import { Command, InvalidArgumentError, Option } from 'commander';

export interface Options {
  /** Where the page is served: a loopback address. */
  host: string;
  port: number;
  /** Where the four servers listen. */
  tcpHost: string;
  tcpPorts: [number, number, number, number];
  logLevel: string;
  maxSessions: number;
}

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'];

/** What Sockscope is asked to do; throws commander's error, with exit code and one line, otherwise. */
export function parseOptions(argv: readonly string[]): Options {
  return new Command('npm start --')
    .description('Sockscope: four TCP servers, and a page that shows what they do.')
    .option('--host <address>', 'where the page is served', loopback, '127.0.0.1')
    .option('--port <number>', 'port of the page; 0 picks a free one', port, 3000)
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
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parse(argv, { from: 'user' })
    .opts<Options>();
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

function loopback(text: string): string {
  const address = ipAddress(text);
  if (!isLoopback(address))
    throw new InvalidArgumentError(
      'Serving the page beyond this machine is not supported yet: give 127.0.0.1 or ::1.',
    );
  return address;
}

/** Whether only this machine can reach the address (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
export function isLoopback(address: string): boolean {
  return loopbacks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const loopbacks = new BlockList();
loopbacks.addSubnet('127.0.0.0', 8);
loopbacks.addAddress('::1', 'ipv6');

function wholeNumber(text: string): number | undefined {
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}
