/** `npm start`: sets up, builds what changed, and runs `sockscope start` in this process. */

import { plainly } from './problem.mjs';
import { makeReady } from './ready.mjs';

const sockscope = '../apps/cli/dist/main.js';

await plainly(async () => {
  await makeReady();
  process.argv.splice(2, 0, 'start');
  await import(sockscope);
});
