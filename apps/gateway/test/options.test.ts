import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addOptions, type Options, optionsOf } from '../src/options.ts';

/** What a command with these options makes of its arguments; throws commander's error. */
function parseOptions(args: readonly string[], environment?: NodeJS.ProcessEnv): Options {
  const command = new Command('start')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return optionsOf(addOptions(command).parse(args, { from: 'user' }), environment);
}

describe('the options', () => {
  it('have defaults for a laptop', () => {
    expect(parseOptions([], {})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      lan: false,
      presenterToken: undefined,
      tcpHost: '127.0.0.1',
      tcpPorts: [5001, 5002, 5003, 5004],
      logLevel: 'silent',
      maxSessions: 2000,
      maxSocketsPerAddress: 600,
      maxConnectionsPerAddress: 1000,
    });
  });

  it('open the page to a network only if they say so, and the servers not even then', () => {
    expect(parseOptions(['--lan'], {})).toMatchObject({
      lan: true,
      host: '0.0.0.0',
      tcpHost: '127.0.0.1',
    });
    for (const host of ['192.0.2.1', '::', '0.0.0.0', 'fd00::2']) {
      expect(parseOptions(['--host', host, '--lan'], {})).toMatchObject({ host });
      expect(() => parseOptions(['--host', host], {})).toThrow(/add --lan/);
    }
    expect(parseOptions(['--lan', '--host', '127.0.0.1'], {})).toMatchObject({ host: '127.0.0.1' });
  });

  it('take the token of a presenter who made one, if it can hold 128 bits', () => {
    const given = (token: string, args = ['--lan']) =>
      parseOptions(args, { SOCKSCOPE_PRESENTER_TOKEN: token });
    expect(given('0123456789abcdefABCD-_').presenterToken).toBe('0123456789abcdefABCD-_');
    for (const token of ['', 'short', 'a'.repeat(21), 'a'.repeat(129), `${'a'.repeat(30)} b`]) {
      expect(() => given(token), token).toThrow('22 to 128');
      // Where nobody needs a token, none is looked at.
      expect(() => given(token, []), token).not.toThrow();
    }
    expect(() => given('too-short')).not.toThrow('too-short');
  });

  it('take ports, addresses and levels', () => {
    const given = '--host [::1] --port 0 --tcp-host localhost --tcp-ports 0,0,7,8 --log-level info';
    expect(parseOptions(given.split(' '))).toMatchObject({
      host: '::1',
      port: 0,
      tcpHost: '127.0.0.1',
      tcpPorts: [0, 0, 7, 8],
      logLevel: 'info',
    });
  });

  it.each([
    [['extra'], 'argument'],
    [['--port', '65536'], '65535'],
    [['--port', '-1'], '--port'],
    [['--port', '3e3'], '--port'],
    [['--port'], '--port'],
    [['--tcp-ports', '1,2,3'], 'four'],
    [['--tcp-ports', '1,2,3,4,5'], 'four'],
    [['--tcp-ports', '7,7,8,9'], 'different'],
    [['--tcp-ports', '1,2,3,x'], '--tcp-ports'],
    [['--tcp-ports', '1,2,,3'], '--tcp-ports'],
    [['--lan', '--max-sockets-per-address', '0'], '--max-sockets-per-address'],
    [['--presenter-token', 'abc'], '--presenter-token'],
    [['--host', 'example.org'], '--host'],
    [['--tcp-host', 'example.org'], '--tcp-host'],
    [['--max-sessions', '0'], '--max-sessions'],
    [['--log-level', 'loud'], 'silent, error'],
  ])('refuse %j', (args, names) => {
    expect(() => parseOptions(args)).toThrow(names);
  });

  it('are those of a command in a larger program, whose errors are that program’s', () => {
    const asked: Options[] = [];
    const errors: string[] = [];
    const program = new Command('larger')
      .exitOverride()
      .configureOutput({ writeErr: (text) => void errors.push(text) });
    const command = addOptions(program.command('start'));
    command.action(() => void asked.push(optionsOf(command, {})));
    const parse = (...args: string[]) => program.parse(['start', ...args], { from: 'user' });

    parse('--lan', '--port', '0');
    expect(asked).toEqual([parseOptions(['--lan', '--port', '0'], {})]);
    expect(() => parse('--lan', '--port', 'x')).toThrow('65535');
    expect(command.helpInformation()).toMatch(/^Usage: larger start \[options\]/);
    expect(errors).toHaveLength(1);
  });
});
