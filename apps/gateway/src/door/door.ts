/**
 * The gateway's door: who may talk to it at all. Any web site that is open in a browser on this machine
 * can reach it, directly (cross-site requests and WebSockets, which have no same-origin policy) or under
 * a name of its own that it points at 127.0.0.1 (DNS rebinding). So every request, upgrades included,
 * must name the gateway's own address as its Host, and if a browser says where a request comes from, it
 * must be the gateway's own page.
 *
 * Sources: RFC 6455 section 10.2 (Origin), RFC 9112 section 3.2 (Host), Fetch Metadata (W3C).
 */

import type { IncomingMessage } from 'node:http';
import { isLoopback, plainAddress, urlHost } from '@sockscope/tcp-core/trace/addresses';
import { Denial } from '../errors.ts';

/**
 * Why this request must not come in, or undefined if it may. `names` are those of this machine under
 * which it may be called too, where the page is open to its network.
 */
export function denialAtDoor(
  request: IncomingMessage,
  names: readonly string[] = [],
): Denial | undefined {
  // An absolute target (`GET http://other/ HTTP/1.1`) would overrule Host.
  if (!request.url?.startsWith('/')) return new Denial('badTarget');

  const hosts = valuesOf(request, 'host');
  const [host] = hosts;
  if (hosts.length > 1) return new Denial('manyHosts');
  if (!host) return new Denial('noHost');
  // Letter for letter: a browser sends a host in lower case and an address in its shortest form.
  if (!ownHosts(request, names).includes(host)) return new Denial('foreignHost');

  // A sandboxed page and a file send `null`, which is nobody's origin. Programs such as curl send none.
  const origins = valuesOf(request, 'origin');
  if (origins.some((origin) => origin !== `http://${host}`)) return new Denial('foreignOrigin');

  // Following a link to the page from elsewhere is fine: that reads and changes nothing.
  const safe = request.method === 'GET' || request.method === 'HEAD';
  if (safe && request.headers.upgrade === undefined) return undefined;
  const sites = valuesOf(request, 'sec-fetch-site');
  if (sites.some((site) => site !== 'same-origin' && site !== 'none'))
    return new Denial('foreignSite');
  return undefined;
}

/**
 * The only hosts under which this gateway answers, from where the request really arrived: the address
 * of this machine that the client connected to, even if it listens at a wildcard.
 */
function ownHosts({ socket }: IncomingMessage, names: readonly string[]): string[] {
  const { localAddress = '', localPort = 0 } = socket;
  const address = plainAddress(localAddress);
  const local = isLoopback(address) ? ['127.0.0.1', 'localhost', '[::1]'] : [];
  const own = [...local, urlHost(address), ...names];
  const hosts = own.map((name) => `${name}:${localPort}`);
  return localPort === 80 ? [...hosts, ...own] : hosts;
}

/** Every value of a header: `request.headers` would keep only the first Host and Origin. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  return rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
  );
}
