/**
 * The gateway's door: who may talk to it at all. It listens on this machine only, yet any web site
 * that is open in the same browser can reach it, directly (cross-site requests and WebSockets,
 * which have no same-origin policy) or under a name of its own that it points at 127.0.0.1 (DNS
 * rebinding). So every request, upgrades included, must name the gateway's own address as its Host,
 * and if a browser says where a request comes from, it must be the gateway's own page.
 *
 * Sources: RFC 6455 section 10.2 (Origin), RFC 9112 section 3.2 (Host), Fetch Metadata (W3C).
 */

import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { Refusal } from './errors.ts';

/** Why this request must not come in, or undefined if it may. */
export function refusalAtDoor(request: IncomingMessage): Refusal | undefined {
  // An absolute target (`GET http://other/ HTTP/1.1`) would overrule Host.
  if (!request.url?.startsWith('/')) return new Refusal('badTarget');

  const hosts = valuesOf(request, 'host');
  const [host] = hosts;
  if (hosts.length > 1) return new Refusal('manyHosts');
  if (!host) return new Refusal('noHost');
  if (!ownHosts(request).includes(host)) return new Refusal('foreignHost');

  // A sandboxed page and a file send `null`, which is nobody's origin. Programs such as curl send none.
  const origins = valuesOf(request, 'origin');
  if (origins.some((origin) => origin !== `http://${host}`)) return new Refusal('foreignOrigin');

  // Following a link to the page from elsewhere is fine: that reads and changes nothing.
  const safe = request.method === 'GET' || request.method === 'HEAD';
  if (safe && request.headers.upgrade === undefined) return undefined;
  const sites = valuesOf(request, 'sec-fetch-site');
  if (sites.some((site) => site !== 'same-origin' && site !== 'none'))
    return new Refusal('foreignSite');
  return undefined;
}

/** The only names under which this gateway answers, from where the request really arrived. */
function ownHosts({ socket }: IncomingMessage): string[] {
  const { localAddress = '', localPort = 0 } = socket;
  const bound = isIPv6(localAddress) ? `[${localAddress}]` : localAddress;
  const names = ['127.0.0.1', 'localhost', '[::1]', bound];
  const hosts = names.map((name) => `${name}:${localPort}`);
  return localPort === 80 ? [...hosts, ...names] : hosts;
}

/** Every value of a header: `request.headers` would keep only the first Host and Origin. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  return rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
  );
}
