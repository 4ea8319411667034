/** Under npm or npx this process must not outlive them. */

const LOOK_MS = 250;

/**
 * They hand signals on, but not their own death: that counts as a SIGTERM, too. npm puts a shell between
 * itself and this process, and a SIGTERM to npm ends only that shell.
 */
export function endWithNpm(): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_MS);
  watch.unref();
}
