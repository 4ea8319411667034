/** The two bridges that bridge.bench.mjs compares, each in processes of its own: ours, and websockify. */

import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rolldown } from 'rolldown';

const here = import.meta.dirname;
/** Inside the package, because the bundle looks for its packages from where it lies. */
const bundles = join(here, '../dist/bench');
const BULK_PATH = '/ws/client/server4?halfOpen=true';

export const hasWebsockify = spawnSync('websockify', ['--help']).status === 0;

/**
 * What is measured: where its WebSocket is, what it uses, and how to end it.
 *
 * @typedef {{ url: string, look: () => Promise<{ rss: number, p99: number, pages: number }>, end: () => void }} Endpoint
 */
/** @typedef {Endpoint & { servers: Record<string, number>, maxSessions: number }} Gateway */

/** @param {string[]} args @returns {Promise<Gateway>} */
export async function startGateway(args) {
  const child = fork(join(bundles, 'bridge-gateway.js'), args, { execArgv: ['--expose-gc'] });
  const [{ port, servers, maxSessions }] = await once(child, 'message');
  return {
    url: `ws://127.0.0.1:${port}${BULK_PATH}`,
    servers,
    maxSessions,
    end: () => void child.kill(),
    async look() {
      child.send('look');
      const [seen] = await once(child, 'message');
      return seen;
    },
  };
}

/** Bridges to that port. @param {number} targetPort @returns {Promise<Endpoint>} */
export async function startWebsockify(targetPort) {
  const port = await freePort();
  const child = spawn('websockify', [`127.0.0.1:${port}`, `127.0.0.1:${targetPort}`], {
    stdio: 'ignore',
    detached: true,
  });
  for (let tries = 0; ; tries++) {
    const socket = connect(port, '127.0.0.1');
    const up = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (up) break;
    if (tries === 100) throw new Error('websockify does not listen');
    await sleep(100);
  }
  return {
    url: `ws://127.0.0.1:${port}/`,
    end: () => {
      if (child.pid) process.kill(-child.pid);
    },
    // It forks for each connection: all of its processes count.
    look: () => Promise.resolve({ rss: rssOfGroup(child.pid ?? 0), p99: 0, pages: 0 }),
  };
}

/** @param {number} group */
function rssOfGroup(group) {
  const { stdout } = spawnSync('ps', ['-eo', 'pgid=,rss='], { encoding: 'utf8' });
  return stdout.split('\n').reduce((sum, line) => {
    const [pgid, kib] = line.trim().split(/\s+/).map(Number);
    return pgid === group ? sum + (kib ?? 0) * 1024 : sum;
  }, 0);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

export async function bundle() {
  const bundled = await rolldown({
    input: {
      'bridge-gateway': join(here, 'bridge-gateway.ts'),
      thread: join(here, '../../../packages/lab/src/ours/thread.ts'),
    },
    platform: 'node',
    external: ['bufferutil', 'koffi'],
  });
  await bundled.write({ dir: bundles, format: 'esm', entryFileNames: '[name].js' });
}

/** As the distribution's package names it. */
export function websockifyVersion() {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f=${Version}', 'websockify'], {
    encoding: 'utf8',
  });
  return `websockify ${status === 0 ? stdout : 'of an unknown version'}`;
}
