/** `npm run -s server1 -- <ip> <port>` … `server4`, `client`: sets up quietly and runs the program here. */

import { isOrphan, startedByNpm } from './child.mjs';
import { plainly } from './problem.mjs';
import { makeReady } from './ready.mjs';

const sockscope = '../apps/cli/dist/main.js';

await plainly(async () => {
  await makeReady();
  if (startedByNpm()) endWithNpm();
  await import(sockscope);
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
