/**
 * One of our servers as the gateway runs it: in its threads under a Lab with default options,
 * with the event log on and every batch turned into the JSON that a page would be sent.
 *
 *     node our-server.js server3
 *
 * Prints its port. Ends on SIGTERM.
 */

import { Lab } from '../src/lab.ts';
import { serverIds } from '@sockscope/tcp-core/designs/all';

const id = serverIds.find((server) => server === process.argv[2]);
if (!id) throw new Error(`which server? One of ${serverIds.join(', ')}`);

const lab = new Lab();
lab.onEvents((events) => {
  JSON.stringify({ type: 'events', events });
});
const { port } = await lab.start(id);
console.log(port);
process.on('SIGTERM', () => {
  void lab.close().then(() => process.exit(0));
});
