import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainAddress } from '@sockscope/tcp-core/trace/addresses';
import { machineNames, reachableAddresses } from '../src/addresses.ts';
import { denials } from '../src/errors.ts';
import { makeToken } from '../src/door/presenter.ts';
import { raw, upgrade } from './raw-http.ts';
import { startGateway, type Running } from './running-gateway.ts';

const lan = {
  token: makeToken(),
  names: ['lectern', 'lectern.local'],
  connectionsPerAddress: 1000,
  socketsPerAddress: 100,
  upgradesPerMinute: 1000,
  readingsPerMinute: 100,
};

/** `::` takes IPv4 as well; without IPv6 there is only the other wildcard. */
const wildcards = ['0.0.0.0', '::'];

describe.each(wildcards)('the door, with the page open to a network at %s', (listenAt) => {
  let gateway: Running;
  let port: number;

  beforeAll(async () => {
    gateway = await startGateway({ servers: [], listenAt, lan });
    port = Number(gateway.host.split(':')[1]);
  });
  afterAll(() => gateway.close());

  const ask = (at: string, host: string, ...headers: string[]) =>
    raw({ host: at, port }, [
      'GET /ws/lab HTTP/1.1',
      `Host: ${host}`,
      ...(headers.length > 0 ? headers : [`Origin: http://${host}`]),
      ...upgrade,
    ]);

  it('answers under the names of the machine, and under the address that was asked', async () => {
    for (const name of ['127.0.0.1', 'localhost', '[::1]', 'lectern', 'lectern.local'])
      expect((await ask('127.0.0.1', `${name}:${port}`)).status, name).toBe(101);
    // This machine has all of 127.0.0.0/8: one address of several, as with several interfaces.
    expect((await ask('127.0.0.2', `127.0.0.2:${port}`)).status).toBe(101);
    expect((await ask('127.0.0.2', `127.0.0.3:${port}`)).body.error).toBe(denials.foreignHost[1]);
  });

  it('answers a machine of the network under that address, and no loopback name', async (test) => {
    const [address] = reachableAddresses(listenAt);
    if (address === undefined) {
      test.skip('this machine has no network');
      return;
    }
    const host = address.includes(':') ? `[${address}]` : address;
    expect((await ask(address, `${host}:${port}`)).status).toBe(101);
    expect((await ask(address, `lectern:${port}`)).status).toBe(101);
    for (const name of ['localhost', '127.0.0.1', '[::1]'])
      expect((await ask(address, `${name}:${port}`)).body.error).toBe(denials.foreignHost[1]);
    expect((await ask(address, `${host}:${port}`, `Origin: http://evil.com`)).body.error).toBe(
      denials.foreignOrigin[1],
    );
  });

  it('sends no header that browsers ignore there', async () => {
    const { head } = await raw({ host: '127.0.0.1', port }, [
      'GET /healthz HTTP/1.1',
      `Host: lectern:${port}`,
      'Connection: close',
    ]);
    expect(head).toMatch(/^HTTP\/1.1 200/);
    expect(head).toMatch(/^content-security-policy: .*frame-ancestors 'none'/im);
    expect(head).not.toMatch(/^(cross-origin-opener-policy|origin-agent-cluster):/im);
  });

  it('answers under nothing else', async () => {
    for (const name of [
      'evil.com',
      'lectern.evil.com',
      'evil.lectern',
      'LECTERN',
      'lectern.',
      '0.0.0.0',
      '[::]',
      '[::ffff:127.0.0.1]',
      '192.0.2.77',
    ])
      expect((await ask('127.0.0.1', `${name}:${port}`)).body.error, name).toBe(
        denials.foreignHost[1],
      );
    const own = `127.0.0.1:${port}`;
    for (const origin of [`http://lectern:${port}`, `http://localhost:${port}`, 'null'])
      expect((await ask('127.0.0.1', own, `Origin: ${origin}`)).body.error, origin).toBe(
        denials.foreignOrigin[1],
      );
  });
});

describe('an address', () => {
  it('is an IPv4 address even where the kernel writes it as IPv6, and has no zone', async () => {
    expect(plainAddress('::ffff:192.168.1.5')).toBe('192.168.1.5');
    expect(plainAddress('fe80::1%eth0')).toBe('fe80::1');
    expect(plainAddress('::1')).toBe('::1');
    const gateway = await startGateway({ servers: [], listenAt: '::', lan });
    const socket = connect({ host: '127.0.0.1', port: Number(gateway.host.split(':')[1]) });
    const [arrived] = (await once(gateway.app.server, 'connection')) as [typeof socket];
    // What `plainAddress` is there for.
    expect(arrived.localAddress).toBe('::ffff:127.0.0.1');
    socket.destroy();
    await gateway.close();
  });

  it('of a wildcard is that of each interface, but for those that no URL can name', () => {
    expect(reachableAddresses('192.0.2.1')).toEqual(['192.0.2.1']);
    for (const address of [...reachableAddresses('0.0.0.0'), ...reachableAddresses('::')])
      expect(address).not.toMatch(/^(127\.|::1$|fe80|0\.0)/);
    for (const address of reachableAddresses('0.0.0.0')) expect(address).not.toContain(':');
  });

  it('has names in lower case', () => {
    for (const name of machineNames()) expect(name).toMatch(/^[^A-Z:/@\s]+$/);
  });
});
