/** IP addresses and endpoints: how they are written, and which of them only one machine reaches. */

const OCTET = String.raw`(?:25[0-5]|2[0-4]\d|1?\d?\d)`;
const IPV4_LOOPBACK = new RegExp(String.raw`^127(?:\.${OCTET}){3}$`);

/** Whether only the same machine can reach the address (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return IPV4_LOOPBACK.test(plain) || isIPv6Loopback(plain);
}

/** It may be written at length: `0:0:0:0:0:0:0:1`, `0::0001` (RFC 4291 section 2.2). */
function isIPv6Loopback(address: string): boolean {
  const halves = address.split('::');
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const hasAllGroups = halves.length === 1 ? groups.length === 8 : groups.length < 8;
  return (
    hasAllGroups &&
    halves.length <= 2 &&
    halves.at(-1) !== '' &&
    /^0{0,3}1$/.test(groups.pop() ?? '') &&
    groups.every((group) => /^0{1,4}$/.test(group))
  );
}

/** Whether a listener there listens on every address of its machine. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** An address to connect to on the same machine, for one to listen at: a wildcard is on loopback, too. */
export function reachableHere(address: string): string {
  if (!isWildcard(address)) return address;
  return address === '::' ? '::1' : '127.0.0.1';
}

/** A socket's address as a URL would name it: an IPv4 address as such (RFC 4291 section 2.5.5.2), no zone. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

/** `127.0.0.1`, `[::1]`: an address, or a name, as a URL has it (RFC 3986 section 3.2.2). */
export function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** `127.0.0.1:5001`, `[::1]:5001`: an endpoint as sockets and URLs write it. */
export function endpoint(address: string, port: number): string {
  return `${urlHost(address)}:${port}`;
}
