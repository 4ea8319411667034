/** struct sockaddr_in and sockaddr_in6: an address and a port as the kernel wants them (ip(7), ipv6(7)). */

import { isIPv4, isIPv6 } from 'node:net';
import { type Address, SocketError } from './api.ts';
import { AF_INET, AF_INET6, libc } from './libc.ts';

/** Room for either kind. */
export const SOCKADDR_MAX = 28;

/** Throws SocketError EINVAL if it is no IP address. */
export function encodeSockaddr({ address, port }: Address): { family: number; bytes: Uint8Array } {
  const family = isIPv4(address) ? AF_INET : isIPv6(address) ? AF_INET6 : 0;
  const bytes = new Uint8Array(family === AF_INET ? 16 : SOCKADDR_MAX);
  const at = family === AF_INET ? 4 : 8;
  if (family === 0 || libc().inet_pton(family, address, bytes.subarray(at)) !== 1) {
    throw new SocketError('inet_pton', 'EINVAL', `"${address}" is not an IPv4 or IPv6 address`);
  }
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port, false);
  return { family, bytes };
}

export function decodeSockaddr(bytes: Uint8Array): Address {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const port = view.getUint16(2, false);
  if (view.getUint16(0, true) === AF_INET) {
    return { address: bytes.subarray(4, 8).join('.'), port };
  }
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + 2 * i, false));
  // An IPv4 client of an IPv6 listener (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2).
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return { address: bytes.subarray(20, 24).join('.'), port };
  }
  const text = groups.map((group) => group.toString(16)).join(':');
  return { address: shorten(text), port };
}

/** Writes the longest run of zero groups as `::` (RFC 5952). */
function shorten(text: string): string {
  const runs = text.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = text.indexOf(longest);
  const before = text.slice(0, at);
  const after = text.slice(at + longest.length).replace(/^:/, '');
  return `${before}::${after}`;
}
