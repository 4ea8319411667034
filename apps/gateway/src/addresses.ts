/** Under which addresses and names this machine is reached. */

import { hostname, networkInterfaces } from 'node:os';
import { isWildcard } from '@sockscope/tcp-core/trace/addresses';

/**
 * The addresses under which another machine reaches what listens at `host`. A wildcard stands for every
 * interface: its IPv4 addresses, and for `::` its IPv6 addresses too, but for the link-local ones, which
 * no URL in a browser can name.
 */
export function reachableAddresses(host: string): string[] {
  if (!isWildcard(host)) return [host];
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
