/** Set up and built: what every command needs first. Nothing to do takes some 30 ms. */

import { build, changedParts } from './build.mjs';
import { isOrphan, startedByNpm } from './child.mjs';
import { alone } from './lock.mjs';
import { isSetUp, setUp } from './set-up.mjs';

/** Installs and builds what changed. Prints nothing if nothing did, and never to stdout. */
export async function makeReady() {
  if (!isSetUp() || changedParts().length > 0)
    await alone(async () => {
      await setUp();
      await build();
    });
  // npm was ended meanwhile: nobody waits for what would come now.
  if (isOrphan() && startedByNpm()) process.exit(1);
}
