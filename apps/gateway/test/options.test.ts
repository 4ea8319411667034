import { describe, expect, it } from 'vitest';
import { isLoopback, parseOptions } from '../src/options.ts';

describe('the options', () => {
  it('have defaults for a laptop', () => {
    expect(parseOptions([])).toEqual({
      host: '127.0.0.1',
      port: 3000,
      tcpHost: '127.0.0.1',
      tcpPorts: [5001, 5002, 5003, 5004],
      logLevel: 'silent',
      maxSessions: 2000,
    });
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
    [['--host', '192.0.2.1'], 'not supported yet'],
    [['--host', '::'], 'not supported yet'],
    [['--host', 'example.org'], '--host'],
    [['--tcp-host', 'example.org'], '--tcp-host'],
    [['--max-sessions', '0'], '--max-sessions'],
    [['--log-level', 'loud'], 'silent, error'],
  ])('refuse %j', (args, names) => {
    expect(() => parseOptions(args)).toThrow(names);
  });

  it('know what only this machine reaches', () => {
    for (const address of ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1'])
      expect(isLoopback(address), address).toBe(true);
    for (const address of ['0.0.0.0', '::', '192.168.1.5', '128.0.0.1', '::ffff:10.0.0.1'])
      expect(isLoopback(address), address).toBe(false);
  });
});
