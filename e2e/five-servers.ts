/** A gateway with a fifth server, a second select: what fifth-server.spec.ts bundles and starts. */

import { fileURLToPath } from 'node:url';
import { buildApp } from '../apps/gateway/src/app.ts';
import { openLog } from '../apps/gateway/src/log.ts';
import { design } from '../packages/tcp-core/src/designs/select.ts';
import { Lab } from '../packages/lab/src/lab.ts';
import { serversInOrder } from '../packages/tcp-core/src/trace/lab-state.ts';

// Seen from the bundle, in apps/gateway/.cache/five-servers/.
const webRoot = fileURLToPath(new URL('../../../web/dist/', import.meta.url));

const lab = new Lab();
const options = { maxSessions: 100 };
const app = await buildApp({ lab, webRoot, options, lan: undefined, logger: openLog('silent') });
await lab.join({ id: 'another', number: 5, design });
for (const { id } of serversInOrder(lab.state)) {
  const { address, port } = await lab.start(id, { port: 0 });
  console.log(`${id} listening on ${address}:${port}`);
}
console.log(`page on ${await app.listen({ host: '127.0.0.1', port: 0 })}/`);
console.log('Sockscope is ready');

const end = (): void => {
  void Promise.all([app.close(), lab.close()]).then(() => process.exit(0));
};
process.on('SIGTERM', end);
