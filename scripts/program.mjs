/** `npm run -s server1 -- <ip> <port>` … `server4`, `client`: sets up quietly and runs the program here. */

import { plainly } from './problem.mjs';
import { makeReady } from './ready.mjs';

const sockscope = '../apps/cli/dist/main.js';

await plainly(async () => {
  await makeReady();
  await import(sockscope);
});
