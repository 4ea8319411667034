/** IP addresses: which of them only this machine reaches, and how they are written. */

import { BlockList, isIP, isIPv6 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

const loopbacks = new BlockList();
loopbacks.addSubnet('127.0.0.0', 8);
loopbacks.addAddress('::1', 'ipv6');

/** Whether only this machine can reach the address (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
export function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && loopbacks.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** A socket's address as a URL would name it: an IPv4 address as such (RFC 4291 section 2.5.5.2), no zone. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

/** `127.0.0.1`, `[::1]`: an address, or a name, as a URL has it. */
export function urlHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

/** `127.0.0.1:3000`, `[::1]:3000` */
export function hostPort(address: string, port: number): string {
  return `${urlHost(address)}:${port}`;
}

/**
 * The addresses under which another machine reaches what listens at `host`. A wildcard stands for every
 * interface: its IPv4 addresses, and for `::` its IPv6 addresses too, but for the link-local ones, which
 * no URL in a browser can name.
 */
export function reachableAddresses(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  return Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .filter(({ internal, family }) => !internal && (family === 'IPv4' || host === '::'))
    .map(({ address }) => address)
    .filter((address) => !/^fe[89ab]/i.test(address));
}

/** What this machine is called in its network: its host name, and that by multicast DNS (RFC 6762). */
export function machineNames(): string[] {
  const name = hostname().toLowerCase();
  return name.includes('.') ? [name] : [name, `${name}.local`];
}
