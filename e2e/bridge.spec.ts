/** What only a real browser does to the bridge. */

import { expect } from '@playwright/test';
import { changeServer } from './gateway.ts';
import { kernelRows } from './kernel-table.ts';
import { test } from './lab-test.ts';

const ESTABLISHED = 0x01;
const MIB = 1024 * 1024;

test('a tab that closes behind a server that does not read is noticed at once', async ({
  lab,
  gateway,
  context,
}) => {
  await changeServer(gateway, 'server3', { slowMs: 10_000 });
  const tab = await context.newPage();
  await tab.goto(gateway.url);
  const port = await tab.evaluate(
    (bytes) =>
      new Promise<number>((resolve) => {
        const client = new WebSocket(`ws://${location.host}/ws/client/server3`);
        client.onmessage = ({ data }) => {
          const frame = JSON.parse(String(data)) as { type: string; localPort: number };
          client.send(new TextEncoder().encode('1 + 1\n'));
          for (let sent = 0; sent < bytes; sent += 65536) client.send(new Uint8Array(65536));
          let last = -1;
          // The server calculates: what it does not read piles up back to here.
          const timer = setInterval(() => {
            if (client.bufferedAmount === last && last > 0) {
              clearInterval(timer);
              resolve(frame.localPort);
            }
            last = client.bufferedAmount;
          }, 200);
        };
      }),
    32 * MIB,
  );
  const isConnected = () =>
    kernelRows(port).some(
      ({ tcp, remotePort }) => tcp === ESTABLISHED && remotePort === gateway.ports.server3,
    );
  expect(isConnected()).toBe(true);
  await tab.close();
  // Two seconds are promised; without looking for it, it would be found out after 22.
  await expect.poll(isConnected, { timeout: 5000, intervals: [50] }).toBe(false);
  await expect(lab.getByRole('region', { name: /^Server 3:/ })).toBeVisible();
});
