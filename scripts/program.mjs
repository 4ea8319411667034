/** `npm run -s server1 -- <ip> <port>` … `server4`, `client`: sets up quietly and runs the program here. */

import { isOrphan, startedByNpm } from './child.mjs';
import { plainly } from './problem.mjs';
import { makeReady } from './ready.mjs';

/** @typedef {{ main: (program: string, args: string[]) => Promise<void> }} Programs */
const programs = '../packages/tcp-core/dist/program.js';

await plainly(async () => {
  const [program = '', ...args] = process.argv.slice(2);
  await makeReady();
  if (startedByNpm()) endWithNpm();
  const { main } = /** @type {Programs} */ (await import(programs));
  await main(program, args);
});

/** npm hands signals on, but not its own death: that counts as a SIGTERM, too. */
function endWithNpm() {
  const watch = setInterval(() => {
    if (!isOrphan()) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}
