/** What only a real browser does to the bridge. */

import { expect } from '@playwright/test';
import { changeServer } from './gateway.ts';
import { kernelRows } from './kernel-table.ts';
import { test } from './lab-test.ts';

const ESTABLISHED = 0x01;
const MIB = 1024 * 1024;

test('a tab that closes behind a server that does not read is noticed at once', async ({
  gateway,
  context,
}) => {
  // Six calculations, of ten seconds each: it does not read while this test looks.
  await changeServer(gateway, 'server3', { slowMs: 10_000 });
  const tab = await context.newPage();
  await tab.goto(gateway.url);
  const port = await tab.evaluate(
    (enough) =>
      new Promise<number>((resolve) => {
        const client = new WebSocket(`ws://${location.host}/ws/client/server3`);
        const talk = ({ data }: MessageEvent<string>): void => {
          const { localPort } = JSON.parse(data) as { localPort: number };
          client.send(new TextEncoder().encode('1 + 1\n'.repeat(6)));
          let last = 0;
          // What the server does not read piles up back to here, once everybody on the way is full: the
          // kernel, the gateway and the browser take what they like.
          const timer = setInterval(() => {
            if (client.bufferedAmount > enough && client.bufferedAmount === last) {
              clearInterval(timer);
              resolve(localPort);
            }
            while (client.bufferedAmount <= enough) client.send(new Uint8Array(65536));
            last = client.bufferedAmount;
          }, 200);
        };
        client.addEventListener('message', talk, { once: true });
      }),
    8 * MIB,
  );
  const isConnected = () =>
    kernelRows(port).some(
      ({ tcp, remotePort }) => tcp === ESTABLISHED && remotePort === gateway.ports.server3,
    );
  expect(isConnected()).toBe(true);
  await tab.close();
  // Two seconds are promised; without looking for it, it would be found out after 22.
  await expect.poll(isConnected, { timeout: 15_000, intervals: [50] }).toBe(false);
});
