/** Addresses, as page, gateway and programs write and judge them. */

import { BlockList, isIP } from 'node:net';
import { expect, it } from 'vitest';
import { endpoint, isLoopback, reachableHere } from '../src/trace/addresses.ts';

const loopbacks = new BlockList();
loopbacks.addSubnet('127.0.0.0', 8);
loopbacks.addAddress('::1', 'ipv6');

it.each([
  ...['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::0001', '0::1', '0:0:0::0:1'],
  ...['126.255.255.255', '128.0.0.1', '0.0.0.0', '192.168.0.127', '127.0.0.256', '127.0.0', '127'],
  ...[
    '::',
    '::2',
    '::1:1',
    '1::1',
    '0:0:0:0:0:0:1',
    '::11',
    'fe80::1',
    ':::1',
    '::0:0:0:0:0:0:0:1',
  ],
  ...['127.0.0.1.example.org', '127.0.0.1x', 'localhost', '', '1', '[::1]'],
])('tells whether %s is loopback, as the system does', (address) => {
  const version = isIP(address);
  const expected = version !== 0 && loopbacks.check(address, version === 6 ? 'ipv6' : 'ipv4');
  expect(isLoopback(address)).toBe(expected);
});

it('takes an IPv4 address inside an IPv6 one for what it is', () => {
  expect(isLoopback('::ffff:127.0.0.1')).toBe(true);
  expect(isLoopback('::ffff:192.168.0.1')).toBe(false);
});

it('writes endpoints as sockets and URLs do', () => {
  expect(endpoint('127.0.0.1', 5001)).toBe('127.0.0.1:5001');
  expect(endpoint('::1', 5001)).toBe('[::1]:5001');
});

it('reaches a listener on every address by loopback', () => {
  expect(['0.0.0.0', '::', '192.0.2.1'].map(reachableHere)).toEqual([
    '127.0.0.1',
    '::1',
    '192.0.2.1',
  ]);
});
