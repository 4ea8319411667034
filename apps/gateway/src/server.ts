/** The process: starts the four servers and the page, says where they are, and ends them. */

import { once } from 'node:events';
import { isIPv6, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { LabHost } from '@sockscope/tcp-core/host/lab-host';
import { serverIds } from '@sockscope/tcp-core/trace/events';
import { CommanderError } from 'commander';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import type { Gateway } from './gateway.ts';
import { isLoopback, parseOptions, type Options } from './options.ts';
import { endOnSignal } from './shutdown.ts';

const WEB_ROOT = fileURLToPath(new URL('../../web/dist/', import.meta.url));

/** What to choose when a server, or the page, cannot listen. */
const TCP_OPTIONS = { host: 'another with --tcp-host', port: 'others with --tcp-ports' };
const PAGE_OPTIONS = { host: 'another with --host', port: 'another with --port' };

/** A reason not to start, in one line for the person who started it. */
class StartError extends Error {}

async function start(options: Options): Promise<void> {
  const logger = pino({ level: options.logLevel }, pino.destination({ fd: 2, sync: true }));
  const lab = new LabHost();
  let app: Gateway | undefined;
  const end = async (): Promise<void> => {
    await Promise.all([app?.close(), lab.close()]);
  };
  // Whoever reads the lines may go away (`| head`): the lab goes on.
  process.stdout.on('error', () => undefined);
  endOnSignal(end, process.env['SOCKSCOPE_WATCH_PARENT'] === '1');

  try {
    app = await buildApp({ lab, webRoot: WEB_ROOT, options, logger });
    for (const line of await startServers(lab, options)) say(line);
    if (!isLoopback(options.tcpHost)) say(openTo(options.tcpHost));
    const page = await openPage(app, options);
    say(`page on ${page}`);
    say(`Sockscope is ready: open ${page} (Ctrl+C ends it)`);
  } catch (error) {
    await end();
    throw error;
  }
}

/** All four, or none: resolves with a line for each. */
async function startServers(lab: LabHost, { tcpHost, tcpPorts }: Options): Promise<string[]> {
  return Promise.all(
    serverIds.map(async (server, index) => {
      const port = tcpPorts[index] ?? 0;
      try {
        const at = await lab.start(server, { address: tcpHost, port });
        return `${server} listening on ${hostPort(at.address, at.port)}`;
      } catch (error) {
        throw cannotListen(server, { host: tcpHost, port }, TCP_OPTIONS, error as Error);
      }
    }),
  );
}

async function openPage(app: Gateway, { host, port }: Options): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw cannotListen('page', { host, port }, PAGE_OPTIONS, error as Error);
  }
  return `http://${hostPort(host, (app.server.address() as AddressInfo).port)}/`;
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
      return new StartError(`${who}: cannot listen on ${hostPort(host, port)}: ${message}`);
  }
}

function openTo(tcpHost: string): string {
  return (
    `warning: ${tcpHost} is not loopback: whoever reaches this machine there can use the four ` +
    'servers and is shown on the page'
  );
}

function hostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Whatever stops Sockscope from starting: one line on stderr, exit code 1. */
async function fail(error: unknown): Promise<void> {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const text = error instanceof Error ? error.message : String(error);
  const [line] = text.replace(/^error: /, '').split('\n');
  const advice = error instanceof CommanderError ? ' (npm start -- --help lists the options)' : '';
  process.exitCode = 1;
  if (!process.stderr.write(`sockscope: ${line}${advice}\n`)) await once(process.stderr, 'drain');
  process.exit();
}

try {
  await start(parseOptions(process.argv.slice(2)));
} catch (error) {
  await fail(error);
}
