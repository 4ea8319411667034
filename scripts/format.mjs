/** `npm run format`: lets Prettier write, and ESLint fix what it can. */

import { run } from './child.mjs';
import { root, toolPath } from './paths.mjs';
import { plainly } from './problem.mjs';
import { makeReady } from './ready.mjs';

await plainly(async () => {
  await makeReady();
  const eslint = [toolPath('.', 'eslint'), '.', '--fix'];
  const prettier = [toolPath('.', 'prettier'), '--write', '.', '--log-level', 'warn'];
  for (const tool of [eslint, prettier]) {
    const { code } = await run(process.execPath, tool, { to: 'stdout', cwd: root });
    if (code !== 0) process.exitCode = code;
  }
});
