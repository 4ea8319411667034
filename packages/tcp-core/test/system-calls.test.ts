/** The table of system calls: nothing goes to the kernel, or comes from it, that is not what it should be. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { decodeSockaddr, encodeSockaddr, ipText } from '../src/sockets/calls/sockaddr.ts';
import { systemCalls } from '../src/sockets/calls/this-platform.ts';
import { ReceiveBuffer } from '../src/sockets/receive-buffer.ts';

const calls = systemCalls();

it.each(['127.0.0.1', '::1', '2001:db8::7', '::', '1:0:0:2::3'])(
  'binds %s as it reads it back',
  (address) => {
    const { family, bytes } = calls.encodeAddress({ address, port: 5001 });
    expect(family).toBe(address.includes(':') ? 'IPv6' : 'IPv4');
    const numbers = { IPv4: 2, IPv6: 10 };
    expect(decodeSockaddr(bytes, numbers)).toEqual({ address, port: 5001 });
    // Cut off, and of another family.
    expect(decodeSockaddr(bytes.subarray(0, 15), numbers)).toBeUndefined();
    expect(decodeSockaddr(bytes, { IPv4: 98, IPv6: 99 })).toBeUndefined();
  },
);

it('writes an IPv4 client of an IPv6 listener as IPv4', () => {
  const bytes = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1);
  expect(ipText(bytes)).toBe('127.0.0.1');
});

it.each(['localhost', '127.0.0.256', 'fe80::1%lo', ''])('refuses "%s": no address', (address) => {
  expect(() => calls.encodeAddress({ address, port: 1 })).toThrow('EINVAL');
  const never = (): boolean => false;
  expect(() => encodeSockaddr({ address, port: 1 }, { IPv4: 1, IPv6: 2 }, never)).toThrow('EINVAL');
});

it('knows no IP address of a socket that has none', async () => {
  const server = createServer().listen(join(tmpdir(), `sockscope-${process.pid}.sock`));
  await once(server, 'listening');
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  expect(calls.isListening(fd)).toBe(true);
  expect(calls.localAddress(fd)).toBeUndefined();
  expect(calls.peerAddress(fd)).toBeUndefined();
  server.close();
  await once(server, 'close');
});

it('names the error of a call that failed', () => {
  expect(calls.close(-1)).toBe(-1);
  expect(calls.errorName()).toBe('EBADF');
  expect(calls.tcpState(-1)).toBeUndefined();
});

it('takes no descriptor and no length that is none', () => {
  const { read, write } = calls.selectSets();
  expect(() => read.add(-1)).toThrow(RangeError);
  expect(write.has(-1)).toBe(false);
  const buffer = new ReceiveBuffer();
  for (const length of [-1, NaN]) {
    expect(() => buffer.recv(-1, length)).toThrow(RangeError);
    expect(() => buffer.recvNow(-1, length)).toThrow(RangeError);
  }
});

it('leaves what is ready, and nothing after an error', () => {
  const pipe = calls.pipe()!;
  const closed = calls.spareDescriptor();
  expect(calls.close(closed)).toBe(0);
  const sets = calls.selectSets();
  sets.read.add(pipe.readFd);
  sets.write.add(closed);
  expect(sets.wait(0)).toBe(-1);
  expect(calls.errorName()).toBe('EBADF');
  expect([sets.read.has(pipe.readFd), sets.write.has(closed)]).toEqual([false, false]);

  sets.read.clear();
  sets.write.clear();
  sets.read.add(pipe.readFd);
  expect(sets.wait(1)).toBe(0);
  expect(sets.read.has(pipe.readFd)).toBe(false);
  expect(calls.write(pipe.writeFd, Uint8Array.of(1))).toBe(1);
  sets.read.add(pipe.readFd);
  expect(sets.wait(Infinity)).toBe(1);
  expect(sets.read.has(pipe.readFd)).toBe(true);

  const list = calls.pollList();
  list.add(-1, 'read');
  list.add(pipe.readFd, 'read');
  list.add(pipe.writeFd, 'write');
  expect(list.wait(Infinity)).toBe(2);
  expect([0, 1, 2, 3].map((index) => list.isReady(index))).toEqual([false, true, true, false]);
  list.clear();
  expect(list.wait(0)).toBe(0);
  expect(calls.close(pipe.readFd) + calls.close(pipe.writeFd)).toBe(0);
});
