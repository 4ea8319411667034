/** Carries a script out: act after act, each client at its time. */

import { setTimeout as pause } from 'node:timers/promises';
import { live } from './client.mjs';

/** @typedef {import('./client.mjs').Story} Story */
/** @typedef {import('./script.mjs').Act} Act */
/** @typedef {import('./traced-lab.mjs').TracedLab} TracedLab */

const servers = /** @type {const} */ (['server1', 'server2', 'server3', 'server4']);

/**
 * @param {TracedLab} lab
 * @param {readonly Act[]} script
 * @param {(act: Act, done: number) => void} tell is called before each act with the number of clients so far
 * @returns {Promise<Story[]>}
 */
export async function perform(lab, script, tell) {
  /** @type {Map<string, number>} */
  const ports = new Map();
  await Promise.all(
    servers.map(async (server) => {
      ports.set(server, await lab.restart(server));
    }),
  );
  /** @type {Story[]} */
  const stories = [];
  for (const act of script) {
    tell(act, stories.length);
    for (const server of servers) {
      const options = act.settings[server];
      if (options) await lab.restart(server, options);
    }
    const restarts = act.restarts.map(async ({ server, atMs }) => {
      await pause(atMs);
      await lab.restart(server);
    });
    const clients = act.clients.map(async (client) => {
      await pause(client.atMs);
      return live(client, ports.get(client.server) ?? 0);
    });
    stories.push(...(await Promise.all(clients)));
    await Promise.all(restarts);
    if (lab.trouble !== undefined) throw new Error(lab.trouble);
  }
  return stories;
}
