/**
 * struct sockaddr_in and sockaddr_in6: an address and a port as the kernel wants them (ip(7), ipv6(7)). They
 * begin with the family in 16 bits, whose numbers each platform has for itself.
 */

import { isIPv4, isIPv6 } from 'node:net';
import { type Address, SocketError } from '../api.ts';
import type { Family, SocketAddress } from './system-calls.ts';

/** Room for either kind. */
export const SOCKADDR_MAX = 28;
const SIZE: Record<Family, number> = { IPv4: 16, IPv6: SOCKADDR_MAX };
const ADDRESS_AT: Record<Family, number> = { IPv4: 4, IPv6: 8 };

export type FamilyNumbers = Readonly<Record<Family, number>>;

/**
 * `toBytes` writes the address in the network's order, and says whether it is one (inet_pton(3)). Throws SocketError
 * EINVAL if it is none.
 */
export function encodeSockaddr(
  { address, port }: Address,
  numbers: FamilyNumbers,
  toBytes: (family: Family, text: string, bytes: Uint8Array) => boolean,
): SocketAddress {
  const family = isIPv4(address) ? 'IPv4' : isIPv6(address) ? 'IPv6' : undefined;
  const bytes = new Uint8Array(SIZE[family ?? 'IPv6']);
  if (!family || !toBytes(family, address, bytes.subarray(ADDRESS_AT[family]))) {
    throw new SocketError('inet_pton', 'EINVAL', `"${address}" is not an IPv4 or IPv6 address`);
  }
  const view = new DataView(bytes.buffer);
  view.setUint16(0, numbers[family], true);
  view.setUint16(2, port, false);
  return { family, bytes };
}

/** Undefined if it is of another family, or cut off. `bytes` is all that the kernel has written. */
export function decodeSockaddr(bytes: Uint8Array, numbers: FamilyNumbers): Address | undefined {
  if (bytes.length < SIZE.IPv4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = view.getUint16(0, true);
  const family = (['IPv4', 'IPv6'] as const).find((each) => numbers[each] === number);
  if (!family || bytes.length < SIZE[family]) return undefined;
  const at = ADDRESS_AT[family];
  const address = ipText(bytes.subarray(at, at + (family === 'IPv4' ? 4 : 16)));
  return { address, port: view.getUint16(2, false) };
}

/** An address of 4 or 16 bytes in the network's order, as text (RFC 5952). */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i, false));
  // An IPv4 client of an IPv6 listener (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2).
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return bytes.subarray(12, 16).join('.');
  }
  return shorten(groups.map((group) => group.toString(16)).join(':'));
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
