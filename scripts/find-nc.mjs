/** OpenBSD's nc, which the tests with a real client use (`nc -N` half-closes). */

import { run } from './child.mjs';
import { canInstallPackages, installPackage, onPath } from './on-path.mjs';

/** True if there is one, or one could be installed; otherwise says in one line why not. */
export async function findNc() {
  if (await isOpenBsd()) return true;
  if (canInstallPackages() && (await installPackage('netcat-openbsd')) && (await isOpenBsd())) {
    return true;
  }
  console.error(
    'OpenBSD nc was not found and could not be installed (Debian, Ubuntu: apt-get install netcat-openbsd): ' +
      'the tests with nc are not run.',
  );
  return false;
}

async function isOpenBsd() {
  const nc = onPath(['nc']);
  if (!nc) return false;
  const { output } = await run(nc, ['-h'], { to: 'keep', timeoutMs: 5000 });
  return output.includes('OpenBSD');
}
