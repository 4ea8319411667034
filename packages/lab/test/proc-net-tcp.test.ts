import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { isTable, parseTable } from '../src/watch/proc-net-tcp.ts';
import { TcpClient } from '@sockscope/test-kit/tcp-client';

const TCP = `\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1389 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 984589 1 0000000033859f83 100 0 0 10 0
   1: 0100007F:1389 0100007F:9344 08 00000010:000000FF 01:00000019 00000002  1000        7 984591 1 00000000b3f31023 20 4 30 10 -1
   2: 0100007F:138A 0100007F:9345 01 00000000:00000000 00:00000000 00000000  1000        0 984592 1 00000000b3f31024 20 4 30 10 -1
   3: 0100007F:9344 0100007F:1389 05 00000000:00000000 00:00000000 00000000     0        0 0 2 00000000067f0379 20 0 0 11 -1
10004: 0200A8C0:1389 0300A8C0:ABCD 06 00000000:00000000 03:00001757 00000000     0        0 0 3 00000000067f0379
`;
const TCP6_HEADER =
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

it('reads the lines of the wanted local ports', () => {
  expect(isTable(TCP)).toBe(true);
  expect(parseTable(TCP, new Set([5001]))).toEqual([
    {
      local: { address: '127.0.0.1', port: 5001 },
      remote: { address: '0.0.0.0', port: 0 },
      tcp: 'LISTEN',
      send: 0,
      receive: 3,
      inode: 984_589,
    },
    {
      local: { address: '127.0.0.1', port: 5001 },
      remote: { address: '127.0.0.1', port: 37_700 },
      tcp: 'CLOSE_WAIT',
      send: 16,
      receive: 255,
      inode: 984_591,
    },
    {
      local: { address: '192.168.0.2', port: 5001 },
      remote: { address: '192.168.0.3', port: 43_981 },
      tcp: 'TIME_WAIT',
      send: 0,
      receive: 0,
      inode: 0,
    },
  ]);
});

it('reads IPv6 addresses as accept tells them, and IPv4 ones in IPv6 clothes as IPv4', () => {
  const line = (local: string, remote: string): string =>
    `   0: ${local}:1389 ${remote}:9344 01 00000000:00000000 00:00000000 00000000     0        0 9 1 0 20 4 30 10 -1\n`;
  const table =
    TCP6_HEADER +
    line('00000000000000000000000001000000', 'B80D01200000000067452301EFCDAB89') +
    line('0000000000000000FFFF00000100007F', '0000000000000000FFFF00000200007F');
  expect(isTable(table)).toBe(true);
  expect(parseTable(table, new Set([5001])).map(({ local, remote }) => [local, remote])).toEqual([
    [
      { address: '::1', port: 5001 },
      { address: '2001:db8::123:4567:89ab:cdef', port: 37_700 },
    ],
    [
      { address: '127.0.0.1', port: 5001 },
      { address: '127.0.0.2', port: 37_700 },
    ],
  ]);
});

it('leaves out what does not have the form of a line', () => {
  const [header = '', listener = ''] = TCP.split('\n');
  const odd = [
    '',
    ':',
    '::::::::',
    '   7: 0100007F:1389',
    '   7: 0100007F:1389 0100007F:9344 01',
    listener.replace(' 0A ', ' 0G '), // no number
    listener.replace(' 0A ', ' 2A '), // no such state
    listener.replace('0100007F', '0100007F0100007F'), // neither 4 nor 16 bytes
    listener.replace('984589', '-'),
    listener.replace('0: ', 'x: '),
    'é'.repeat(500),
  ];
  const table = [header, ...odd, listener, listener.slice(0, 60)].join('\n');
  expect(parseTable(table, new Set([5001]))).toHaveLength(1);
  for (const text of ['', '\n', header, `${header}\n`, 'no table', '<html>\n<p>\n'])
    expect(parseTable(text, new Set([5001])), text).toEqual([]);
  for (const text of ['', 'x', '<html>\n', listener]) expect(isTable(text), text).toBe(false);
});

const clients: TcpClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

it('reads what this kernel writes', async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = await TcpClient.connect(port);
  clients.push(client);
  await accepted;
  client.send('hello');
  // The client's port may be another program's at the same time, towards another address.
  const lines = (): ReturnType<typeof parseTable> =>
    parseTable(readFileSync('/proc/net/tcp', 'latin1'), new Set([port, client.port])).filter(
      ({ local, remote }) => local.port === port || remote.port === port,
    );
  await expect
    .poll(lines)
    .toContainEqual(expect.objectContaining({ tcp: 'ESTABLISHED', receive: 5, send: 0 }));
  const [listener, ...ends] = lines();
  expect(listener).toMatchObject({
    local: { address: '127.0.0.1', port },
    tcp: 'LISTEN',
    receive: 0,
  });
  expect(ends.map(({ remote }) => remote.port).sort()).toEqual([port, client.port].sort());
  for (const { inode } of ends) expect(inode).toBeGreaterThan(0);
  server.close();
});
