/** The arguments that the programs have in common. */

import { Command, InvalidArgumentError } from 'commander';

/** A program that takes an address and a port. */
export function addressedCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<ip>', 'an IPv4 or IPv6 address, such as 127.0.0.1', addressOf)
    .argument('<port>', 'a TCP port, 0 to 65535', integer(0, 65535))
    .exitOverride()
    .showHelpAfterError(`usage: ${name} <ip> <port>   (--help tells more)`)
    .allowExcessArguments(false);
}

/** Reads a whole number; throws commander's error if it is none, or beyond the bounds. */
export function integer(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,6}$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
}

function addressOf(ip: string): string {
  return ip === 'localhost' ? '127.0.0.1' : ip;
}
