/**
 * `npm run bench`: runs every packages/<name>/bench/*.bench.mjs, one after the other, then measures how
 * smoothly the page is drawn (e2e/frames.spec.ts) and what it costs while it is hidden (e2e/hidden.spec.ts).
 */

import { existsSync, readdirSync } from 'node:fs';
import { run } from './child.mjs';
import { inRoot, packageFolders, root } from './paths.mjs';
import { plainly, Problem } from './problem.mjs';
import { makeReady } from './ready.mjs';
import { browserTests } from './test-parts.mjs';

await plainly(async () => {
  await makeReady();
  const failed = [];
  for (const { folder, file } of benches()) {
    console.log(`\n== ${folder}: ${file}`);
    const { code } = await run(process.execPath, [`bench/${file}`, ...process.argv.slice(2)], {
      to: 'stdout',
      cwd: inRoot(folder),
    });
    if (code !== 0) failed.push(`${folder}/bench/${file}`);
  }
  console.log('\n== e2e: frames, hidden');
  const { args, cwd = root, env } = await browserTests(['frames', 'hidden']);
  const { code } = await run(process.execPath, args, {
    to: 'stdout',
    cwd,
    env: { ...process.env, ...env, SOCKSCOPE_BENCH: '1' },
  });
  if (code !== 0) failed.push('e2e: frames or hidden');
  if (failed.length > 0) throw new Problem(`Failed: ${failed.join(', ')}`);
});

function benches() {
  return packageFolders().flatMap((folder) =>
    (existsSync(inRoot(folder, 'bench')) ? readdirSync(inRoot(folder, 'bench')) : [])
      .filter((file) => file.endsWith('.bench.mjs'))
      .sort()
      .map((file) => ({ folder, file })),
  );
}
