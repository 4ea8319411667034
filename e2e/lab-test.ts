/** The test that every lesson uses: a gateway, nc clients, and a page that must stay clean. */

import { test as base, expect, type Page } from '@playwright/test';
import {
  gatewayProgram,
  startGateway,
  type Gateway,
  type Ports,
  type ServerName,
} from './gateway.ts';
import { Nc } from './nc.ts';
import { has } from '../scripts/test-programs.mjs';

interface Lab {
  /** The program of its gateways. */
  program: readonly string[];
  /** Starts a gateway; whichever still runs at the end of the test is ended. */
  start: (ports?: Ports) => Promise<Gateway>;
  /** A fresh gateway on free ports; it must end with exit code 0. */
  gateway: Gateway;
  /** The page, open and live. Errors on its console fail the test. */
  lab: Page;
  /** Starts nc against a server; it is ended with the test. */
  nc: (server: ServerName | 'another', options?: readonly string[]) => Nc;
}

export const test = base.extend<Lab>({
  program: [gatewayProgram, { option: true }],
  start: async ({ program }, use) => {
    const gateways: Gateway[] = [];
    await use(async (ports) => {
      const gateway = await startGateway(ports, program);
      gateways.push(gateway);
      return gateway;
    });
    const codes = await Promise.all(gateways.map((gateway) => gateway.stop()));
    expect(codes, 'the exit codes of the gateways').toEqual(gateways.map(() => 0));
  },
  gateway: async ({ start }, use) => use(await start()),
  lab: async ({ page, gateway }, use) => {
    const complaints = collectComplaints(page);
    await page.goto(gateway.url);
    await use(page);
    expect(complaints, 'errors on the page’s console').toEqual([]);
  },
  nc: async ({ gateway }, use, testInfo) => {
    testInfo.skip(!has('nc'), 'nc is missing');
    const clients: Nc[] = [];
    await use((server, options) => {
      const client = new Nc(gateway.ports[server] ?? 0, options);
      clients.push(client);
      return client;
    });
    await Promise.all(clients.map((client) => client.quit()));
  },
});

/** Everything that the page's console calls an error: a script's, a policy's, a request's. */
function collectComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}
