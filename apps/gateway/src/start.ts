/** Starts the four servers and the page in this process, says where they are, and ends them. */

import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Lab } from '@sockscope/lab/lab';
import { endpoint, isLoopback, reachableHere } from '@sockscope/tcp-core/trace/addresses';
import { serversInOrder } from '@sockscope/tcp-core/trace/lab-state';
import { machineNames, reachableAddresses } from './addresses.ts';
import { buildApp, type Lan } from './app.ts';
import type { Gateway } from './gateway.ts';
import { openLog } from './log.ts';
import type { Options } from './options.ts';
import { PatientWriter } from './patient-writer.ts';
import { makeToken } from './door/presenter.ts';
import { endOnSignal } from './shutdown.ts';

const WEB_ROOT = fileURLToPath(new URL('../../web/dist/', import.meta.url));

/** What to choose when a server, or the page, cannot listen. */
const TCP_OPTIONS = { host: 'another with --tcp-host', port: 'others with --tcp-ports' };
const PAGE_OPTIONS = { host: 'another with --host', port: 'another with --port' };

/** What one other address may do in a minute; a class behind one router has one address. */
const UPGRADES_PER_MINUTE = 600;
const READINGS_PER_MINUTE = 240;

/** Whoever reads the lines may go away (`| head`), or not read them: the lab goes on. */
const stdout = new PatientWriter(1);

/** A reason not to start, in one line for the person who started it. */
class StartError extends Error {}

/**
 * Resolves when all of it listens and has said so on stdout; it ends with the process, at a signal.
 * Rejects with a reason of one line when something cannot listen; nothing is left running then.
 */
export async function start(options: Options): Promise<void> {
  const logger = openLog(options.logLevel);
  const lab = new Lab();
  let app: Gateway | undefined;
  const end = async (): Promise<void> => {
    await Promise.all([app?.close(), lab.close()]);
  };
  endOnSignal(end);

  try {
    const lan = options.lan ? lanOf(options) : undefined;
    app = await buildApp({ lab, webRoot: WEB_ROOT, options, lan, logger });
    for (const line of await startServers(lab, options)) say(line);
    if (!isLoopback(options.tcpHost)) say(serversOpenTo(options.tcpHost));
    const port = await openPage(app, options);
    const pages = pageAddresses(options).map((address) => `http://${endpoint(address, port)}/`);
    for (const page of pages) say(`page on ${page}`);
    if (lan) for (const line of lanLines(options.host, port, lan)) say(line);
    const who = lan ? 'you open the presenter’s address, others' : 'open';
    say(`Sockscope is ready: ${who} ${pages[0]} (Ctrl+C ends it)`);
  } catch (error) {
    await end();
    throw error;
  }
}

/** All, or none: resolves with a line for each. */
async function startServers(lab: Lab, { tcpHost, tcpPorts }: Options): Promise<string[]> {
  return Promise.all(
    serversInOrder(lab.state).map(async ({ id: server }, index) => {
      const port = tcpPorts[index] ?? 0;
      try {
        const at = await lab.start(server, { address: tcpHost, port });
        return `${server} listening on ${endpoint(at.address, at.port)}`;
      } catch (error) {
        throw cannotListen(server, { host: tcpHost, port }, TCP_OPTIONS, error as Error);
      }
    }),
  );
}

/** Resolves with the port. */
async function openPage(app: Gateway, { host, port }: Options): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw cannotListen('page', { host, port }, PAGE_OPTIONS, error as Error);
  }
  return (app.server.address() as AddressInfo).port;
}

function lanOf(options: Options): Lan {
  const { presenterToken, maxConnectionsPerAddress, maxSocketsPerAddress } = options;
  return {
    token: presenterToken ?? makeToken(),
    names: machineNames(),
    connectionsPerAddress: maxConnectionsPerAddress,
    socketsPerAddress: maxSocketsPerAddress,
    upgradesPerMinute: UPGRADES_PER_MINUTE,
    readingsPerMinute: READINGS_PER_MINUTE,
  };
}

/** Where the page can be opened: a machine without a network has only itself. */
function pageAddresses({ host }: Options): string[] {
  const addresses = reachableAddresses(host);
  return addresses.length > 0 ? addresses : [reachableHere(host)];
}

/** The only place where the token is told. */
function* lanLines(host: string, port: number, { token }: Lan): Generator<string> {
  yield (
    'warning: --lan: whoever reaches this machine there can watch, and be a client of the four ' +
    'servers; nothing is encrypted'
  );
  // A token should not cross a network: the address is this machine's own.
  const control = `http://${endpoint(reachableHere(host), port)}/#token=${token}`;
  yield `presenter: ${control} starts, stops and changes the servers; keep it to yourself`;
}

function cannotListen(
  who: string,
  { host, port }: { host: string; port: number },
  options: { host: string; port: string },
  { code, message }: NodeJS.ErrnoException,
): StartError {
  switch (code) {
    case 'EADDRINUSE':
      return new StartError(
        `${who}: port ${port} on ${host} is in use (EADDRINUSE): ` +
          `end the program that holds it, or choose ${options.port}`,
      );
    case 'EACCES':
      return new StartError(
        `${who}: port ${port} on ${host} needs more rights (EACCES): choose ${options.port}`,
      );
    case 'EADDRNOTAVAIL':
      return new StartError(
        `${who}: ${host} is not an address of this machine (EADDRNOTAVAIL): choose ${options.host}`,
      );
    default:
      return new StartError(`${who}: cannot listen on ${endpoint(host, port)}: ${message}`);
  }
}

function serversOpenTo(tcpHost: string): string {
  return (
    `warning: ${tcpHost} is not loopback: whoever reaches this machine there can use the four ` +
    'servers, without a password, and is shown on the page'
  );
}

function say(line: string): void {
  stdout.write(`${line}\n`);
}
