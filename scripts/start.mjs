/** `npm start`: sets up, builds what changed, and runs the gateway in this process. */

import { startedByNpm } from './child.mjs';
import { plainly } from './problem.mjs';
import { makeReady } from './ready.mjs';

const gateway = '../apps/gateway/dist/main.js';

await plainly(async () => {
  await makeReady();
  // npm hands signals on, but not its own death: the gateway ends when its parent does.
  if (startedByNpm()) process.env['SOCKSCOPE_WATCH_PARENT'] = '1';
  await import(gateway);
});
