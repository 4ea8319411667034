/**
 * `npm run audit`: runs the lab under strace, lets many clients come, and holds every fact of the event log
 * against the system calls that were made and against what the clients lived through. Nothing may differ.
 */

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { compare } from './audit/compare.mjs';
import { tableOf } from './audit/ledger.mjs';
import { readLog } from './audit/log-reader.mjs';
import { makeScript } from './audit/script.mjs';
import { readTrace } from './audit/strace-reader.mjs';
import { TracedLab } from './audit/traced-lab.mjs';
import { perform } from './audit/traffic.mjs';
import { alone } from './lock.mjs';
import { plainly, Problem } from './problem.mjs';
import { isSetUp, setUp } from './set-up.mjs';
import { need } from './test-programs.mjs';

const usage = `Usage: npm run audit -- [--connections 1000] [--seed 1] [--keep]

Runs the four servers under strace and compares the event log with the calls, one by one.

  --connections  how many clients come
  --seed         the same seed makes the same clients
  --keep         leaves what strace saw and the log, and says where

Exit code 0: nothing differs; 1: something does, or it could not be found out.`;

await plainly(async () => {
  if (process.argv.includes('--help')) {
    console.log(usage);
    return;
  }
  const { connections, seed, keep } = readArguments();
  const missing = await need('strace');
  if (missing) throw new Problem(`audit: ${missing}`);
  if (!isSetUp()) await alone(setUp);
  const began = performance.now();
  const tell = (/** @type {string} */ what) => {
    console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${what}`);
  };
  console.log(
    `audit: ${connections} connections, seed ${seed}; Node ${process.versions.node}, ${availableParallelism()} processors`,
  );
  const lab = await TracedLab.start();
  try {
    const script = makeScript(seed, connections);
    const stories = await perform(lab, script, ({ name, clients }, done) => {
      tell(`${done} of ${connections} clients were there; ${name}: ${clients.length}`);
    });
    await lab.end();
    lab.note(stories);
    tell('all are gone; what strace saw is compared');
    const trace = await readTrace(lab.callsFile);
    const log = await readLog(lab.logFile, trace);
    const ledger = compare(trace, log, stories);
    tell(
      `${trace.calls.length} calls, ${log.entries.length} events; the two clocks are known to ${Math.ceil(log.uncertainty)} µs`,
    );
    console.log(`\n${tableOf(ledger.rows)}\n`);
    for (const { kind, wrong, shown } of ledger.rows) {
      if (wrong === 0) continue;
      console.log(`== ${kind}: ${wrong} wrong; the first:\n`);
      for (const one of shown) console.log(`  ${one.replaceAll('\n', '\n  ')}\n`);
    }
    const summary = `${ledger.compared} facts compared, ${ledger.wrong} wrong`;
    if (ledger.wrong > 0)
      throw new Problem(
        `audit: ${summary}.\nRepeat it: npm run audit -- --connections ${connections} --seed ${seed}`,
      );
    console.log(summary);
  } finally {
    await lab.end();
    const folder = lab.remove(keep);
    if (keep) console.log(`kept: ${folder}`);
  }
});

function readArguments() {
  const options = /** @type {const} */ ({
    connections: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    keep: { type: 'boolean', default: false },
  });
  try {
    const { values } = parseArgs({ options });
    const [connections, seed] = [Number(values.connections), Number(values.seed)];
    if (Number.isInteger(connections) && connections >= 10 && Number.isInteger(seed))
      return { connections, seed, keep: values.keep };
  } catch {
    // Told below.
  }
  throw new Problem(usage);
}
