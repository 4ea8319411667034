/**
 * `npm run fuzz`: throws random and mutated bytes, frames and requests at a gateway of its own, and
 * looks all the time whether that is well: it lives, logs no error, no server crashed, a well-behaved client
 * of each server is answered right, memory and descriptors stay bounded and come back.
 */

import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { carryOut, makeAttack } from './fuzz/attacks.mjs';
import { GatewayProcess } from './fuzz/gateway-process.mjs';
import { Random } from './random.mjs';
import { plainly, Problem } from './problem.mjs';
import { makeReady } from './ready.mjs';

const usage = `Usage: npm run fuzz -- [--seconds 60] [--seed 1]

The same seed makes the same inputs, in the same order.`;

/** Attacks at once. */
const WORKERS = 8;
const CHECK_EVERY_MS = 500;
/** What the gateway may hold while it is attacked: resident MiB, and descriptors. */
const MEMORY_MAX = 700;
const FDS_MAX = 600;
/** And more than before when all is over, after so long. */
const MEMORY_MORE = 250;
const FDS_MORE = 8;
const SETTLE_MS = 15_000;
/** Inputs that are shown when something breaks. */
const SHOWN = 16;

const settings = { policy: 'busy', idleMs: 100, slowMs: 0, maxThreads: 64, backlog: 511 };

/** The inputs of late, described. @type {string[]} */
const recent = [];

await plainly(async () => {
  if (process.argv.includes('--help')) {
    console.log(usage);
    return;
  }
  const { seconds, seed } = readArguments();
  await makeReady();
  console.log(`fuzz: ${seconds} s, seed ${seed}`);
  const gateway = new GatewayProcess();
  try {
    await gateway.ready();
    await check(gateway);
    const before = gateway.resources();
    const most = { ...before };
    const until = performance.now() + seconds * 1000;
    const work = { attacks: 0, goesOn: true };
    const workers = Promise.all(
      Array.from({ length: WORKERS }, async () => {
        while (work.goesOn && performance.now() < until)
          await attack(gateway, seed, work.attacks++);
      }),
    );
    workers.catch(() => undefined); // told when they are waited for
    try {
      while (performance.now() < until) {
        await check(gateway);
        bounded(gateway, most);
        await pause(Math.min(CHECK_EVERY_MS, Math.max(0, until - performance.now())));
      }
    } finally {
      work.goesOn = false;
      await workers;
    }
    const after = await settled(gateway, before);
    console.log(`${work.attacks} inputs; descriptors, threads, resident MiB:`);
    for (const [when, { fds, threads, memory }] of Object.entries({ before, most, after }))
      console.log(`  ${when.padEnd(6)} ${fds}, ${threads}, ${memory.toFixed(0)}`);
    console.log('nothing broke');
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Problem(
      `fuzz: ${what}\n\nThe last inputs, newest last:\n${recent.join('\n')}\n\n` +
        `Repeat it: npm run fuzz -- --seconds ${seconds} --seed ${seed}`,
    );
  } finally {
    await gateway.end();
  }
});

function readArguments() {
  const options = /** @type {const} */ ({
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  });
  try {
    const { values } = parseArgs({ options });
    const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
    if (seconds > 0 && Number.isInteger(seed)) return { seconds, seed };
  } catch {
    // Told below.
  }
  throw new Problem(usage);
}

/** @param {GatewayProcess} gateway @param {number} seed @param {number} number */
async function attack(gateway, seed, number) {
  const random = new Random(seed, number);
  const input = makeAttack(random, gateway.ports);
  const bytes = Buffer.concat(input.parts);
  const text = JSON.stringify(bytes.subarray(0, 200).toString('latin1'));
  recent.push(`  ${number}: ${input.kind}, ${bytes.length} bytes: ${text}`);
  if (recent.length > SHOWN) recent.shift();
  await carryOut(input, random);
}

/** Throws if the gateway is not well. @param {GatewayProcess} gateway */
async function check(gateway) {
  healthy(gateway);
  const health = await gateway.fetch('/healthz');
  if (health.status !== 200)
    throw new Error(`/healthz says ${health.status}: ${await health.text()}`);
  for (const server of await gateway.servers()) {
    const { id, crashes, error } = server;
    if (crashes > 0) throw new Error(`${id} crashed: ${error}`);
    await restore(gateway, server);
  }
  await Promise.all(gateway.ports.servers.map((port, i) => answersRight(gateway, port, i + 1)));
  healthy(gateway);
}

/** @param {GatewayProcess} gateway */
function healthy({ trouble }) {
  if (trouble) throw new Error(trouble);
}

/** An input may have been a valid control. @param {GatewayProcess} gateway @param {import('./fuzz/gateway-process.mjs').ServerState} server */
async function restore(gateway, { id, status, settings: now }) {
  const isAsWanted = Object.entries(settings).every(([name, value]) => now[name] === value);
  if (isAsWanted && status !== 'stopped') return;
  await gateway.fetch(`/api/servers/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
}

/** @param {GatewayProcess} gateway @param {number} port @param {number} number */
async function answersRight(gateway, port, number) {
  const right = number === 4 ? '22 + 44\n' : '66\n';
  const until = performance.now() + 20_000;
  for (;;) {
    const answer = await gateway.answer(port);
    if (answer === right) return;
    healthy(gateway);
    // Server 1 has somebody else, or an input restarted the server just now.
    const isPassing = answer.startsWith('busy') || /Error|ECONN/.test(answer);
    if (!isPassing || performance.now() > until)
      throw new Error(`server${number} answered ${JSON.stringify(answer)} to "22 + 44"`);
    await pause(20);
  }
}

/** @param {GatewayProcess} gateway @param {import('./fuzz/gateway-process.mjs').Resources} most */
function bounded(gateway, most) {
  const now = gateway.resources();
  most.fds = Math.max(most.fds, now.fds);
  most.threads = Math.max(most.threads, now.threads);
  most.memory = Math.max(most.memory, now.memory);
  if (now.memory > MEMORY_MAX) throw new Error(`the gateway takes ${now.memory.toFixed(0)} MiB`);
  if (now.fds > FDS_MAX) throw new Error(`the gateway has ${now.fds} descriptors open`);
}

/**
 * Waits until what the attacks took is given back.
 *
 * @param {GatewayProcess} gateway
 * @param {import('./fuzz/gateway-process.mjs').Resources} before
 */
async function settled(gateway, before) {
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    const now = gateway.resources();
    const isBack =
      now.fds <= before.fds + FDS_MORE &&
      now.threads <= before.threads + FDS_MORE &&
      now.memory <= before.memory + MEMORY_MORE;
    if (isBack) return now;
    if (performance.now() > until)
      throw new Error(
        `afterwards the gateway keeps ${now.fds} descriptors (${before.fds} before), ` +
          `${now.threads} threads (${before.threads}), ${now.memory.toFixed(0)} MiB (${before.memory.toFixed(0)})`,
      );
    await pause(200);
  }
}
