/** `npm run screenshot`: takes docs/images/wall.png, the README's picture, of the real thing. */

import { run } from './child.mjs';
import { root } from './paths.mjs';
import { plainly, Problem } from './problem.mjs';
import { makeReady } from './ready.mjs';
import { browserTests } from './test-parts.mjs';

await plainly(async () => {
  await makeReady();
  const { args, cwd = root, env } = await browserTests(['screenshot']);
  const { code } = await run(process.execPath, args, {
    to: 'stdout',
    cwd,
    env: { ...process.env, ...env, SOCKSCOPE_SCREENSHOT: '1' },
  });
  if (code !== 0) throw new Problem('The picture could not be taken; the lines above say why.');
});
