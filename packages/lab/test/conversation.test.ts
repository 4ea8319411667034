/** What a client lives through with servers 1 to 3: the same conversations, over real sockets. */

import { describe, expect, it } from 'vitest';
import { MAX_REPLY_BYTES } from '@sockscope/tcp-core/conversation/message';
import { TestLab } from './test-lab.ts';

const IDLE_MS = 100;

const silence = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(['server1', 'server2', 'server3'] as const)('%s', (server) => {
  const test = new TestLab();
  const port = test.start(server, { idleMs: IDLE_MS });
  const accepted = async () => test.accepted(await port);

  it('answers a line with a line, and CRLF with CRLF', async () => {
    const { client } = await accepted();
    expect(await client.send('22 + 44\n').line()).toBe('66\n');
    expect(await client.send('22 + 44\r\n').line()).toBe('66\r\n');
  });

  it('says nothing before it is asked', async () => {
    const { client } = await accepted();
    expect(client.unread).toBe('');
    expect(await client.send('1+1\n').take(2)).toBe('2\n');
  });

  it('answers several messages of one segment in their order', async () => {
    const { client } = await accepted();
    client.send('1+1\n2*3\r\n7/2\n');
    expect(await client.take(9)).toBe('2\n6\r\n3.5\n');
  });

  it('puts a message together that arrives in pieces', async () => {
    const { client, connection } = await accepted();
    client.send('12');
    await test.event(
      'received',
      (event) => event.connection === connection && event.server === server,
    );
    client.send(' + 3\n').finish();
    expect(await client.rest()).toBe('15\n');
  });

  it('takes an unterminated message as whole after a short silence, and stays connected', async () => {
    const { client } = await accepted();
    client.send('1+1');
    expect(await client.take(1)).toBe('2');
    client.send('22 + 44');
    expect(await client.take(2)).toBe('66');
    expect(client.end).toBeUndefined();
  });

  it('waits for the rest of a message of somebody who ends messages with a newline', async () => {
    const { client } = await accepted();
    await client.send('1+1\n').line();
    client.send('12');
    await silence(3 * IDLE_MS); // nothing can be awaited: that nothing comes is what is asked
    expect(client.unread).toBe('');
    expect(await client.send(' + 3\n').line()).toBe('15\n');
    expect(await client.send('22 +').send(' 44').finish().rest()).toBe('66');
  });

  it('answers what came before a FIN, then closes', async () => {
    const { client } = await accepted();
    expect(await client.send('1+1\n2+2').finish().rest()).toBe('2\n4');
    expect(client.end).toBe('fin');
  });

  it("reads around telnet's commands, also when they are cut in two, and refuses what they ask", async () => {
    const { client, connection } = await accepted();
    client.send(Buffer.from([0xff, 0xf4, 0xff]));
    await test.event(
      'received',
      (event) => event.connection === connection && event.server === server,
    );
    client.send(Buffer.from([0xfd, 0x06]));
    expect(await client.send('1+1\r\n').take(6)).toBe('\xff\xfc\x062\r\n');
  });

  it('refuses what telnet negotiates, each option once, among its answers', async () => {
    const { client } = await accepted();
    // DO echo, WILL window size, WONT linemode, then a sum; the same again; then what Ctrl-C sends.
    const negotiation = [0xff, 0xfd, 1, 0xff, 0xfb, 31, 0xff, 0xfc, 34];
    client.send(Buffer.from([...negotiation, ...Buffer.from('1+1\r\n')]));
    expect(await client.take(9)).toBe('\xff\xfc\x01\xff\xfe\x1f2\r\n');
    client.send(Buffer.from([...negotiation, ...Buffer.from('2+2\r\n')]));
    expect(await client.line()).toBe('4\r\n');
    for (const sum of ['3', '4']) {
      client.send(Buffer.from([0xff, 0xf4, 0xff, 0xfd, 6, ...Buffer.from(`${sum}\r\n`)]));
      expect(await client.take(6)).toBe(`\xff\xfc\x06${sum}\r\n`);
    }
  });

  it('skips a window size of ten by ten, and other subnegotiations', async () => {
    const { client } = await accepted();
    client.send(Buffer.from([0xff, 0xfa, 31, 0, 10, 0, 10, 0xff, 0xf0, 0x31]));
    client.send(Buffer.from([0xff, 0xfa, 24, 0, ...Buffer.from('xterm'), 0xff, 0xf0, 0x0a]));
    expect(await client.line()).toBe('1\n');
  });

  it('is not silenced by garbage that looks like the start of a telnet command', async () => {
    const { client } = await accepted();
    client.send(Buffer.from([0x80, 0xff, 0xfa, 0x20, 0x37, 0x0a]));
    expect(await client.line()).toMatch(/^error: .*UTF-8/);
    client.send(Buffer.from([0x32, 0xff, 0x0a]));
    expect(await client.line()).toBe('2\n');
    expect(await client.send('1+1\n').line()).toBe('2\n');
  });

  it('answers an empty line, and one of spaces, with an error line', async () => {
    const { client } = await accepted();
    expect(await client.send('\n').line()).toMatch(/^error: .*empty line[^\r]*\n$/);
    expect(await client.send('\r\n').line()).toMatch(/^error: .*empty line.*\r\n$/);
    expect(await client.send('  \t \n').line()).toMatch(/^error: nothing to calculate.*\n$/);
    expect(await client.send('\b\n').line()).toMatch(/^error: .*empty line.*\n$/);
    expect(await client.send('1+1\n').line()).toBe('2\n');
  });

  it('answers bad input with one error line that says where, and goes on', async () => {
    const { client } = await accepted();
    expect(await client.send('7/0\n').line()).toMatch(/^error: division by zero.*2\n$/);
    expect(await client.send('foo\n').line()).toMatch(/^error: .*foo.*\n$/);
    expect(await client.send('1+1\n').line()).toBe('2\n');
  });

  it('answers bytes that are no UTF-8 with an error, and goes on', async () => {
    const { client } = await accepted();
    expect(await client.send(Buffer.from([0xc3, 0x28, 0x0a])).line()).toMatch(/^error: .*UTF-8/);
    expect(await client.send('1+1\n').line()).toBe('2\n');
  });

  it('takes 4,096 bytes as a message', async () => {
    const { client } = await accepted();
    const longest = `${' '.repeat(4093)}2+3`;
    expect(await client.send(`${longest}\r\n`).line()).toBe('5\r\n');
  });

  it('answers a longer message with one error, drops it to its newline, and goes on', async () => {
    const { client } = await accepted();
    client.send(`${'9'.repeat(4097)}\n${'8'.repeat(100_000)}\r\n1+1\n`);
    expect(await client.line()).toMatch(/^error: .*4096 bytes\n$/);
    expect(await client.line()).toMatch(/^error: .*4096 bytes\r\n$/);
    expect(await client.line()).toBe('2\n');
  });

  it('answers a too long message without newline once, after silence', async () => {
    const { client } = await accepted();
    client.send('9'.repeat(5000));
    const error = 'error: a message may have at most 4096 bytes';
    expect(await client.take(error.length)).toBe(error);
    expect(await client.send('99\n1+1\n').take(2)).toBe('2\n');
  });

  it('keeps every reply within 255 bytes', async () => {
    const { client } = await accepted();
    for (const message of ['2^840', '2^860', 'x'.repeat(4000), '1/7', '@'.repeat(300)]) {
      const reply = await client.send(`${message}\r\n`).line();
      expect(Buffer.byteLength(reply, 'latin1')).toBeLessThanOrEqual(MAX_REPLY_BYTES);
    }
  });

  it('survives a reset in the middle of a conversation', async () => {
    const { client, connection } = await accepted();
    client.send('1+1\n1+');
    await test.event(
      'received',
      (event) => event.connection === connection && event.server === server,
    );
    client.reset();
    const closed = await test.event(
      'closed',
      (event) => event.connection === connection && event.server === server,
    );
    expect(closed).toMatchObject({ how: 'rst', errno: 'ECONNRESET' });
    const next = await accepted();
    expect(await next.client.send('2+2\n').line()).toBe('4\n');
  });

  it('reports a connection as it was: who, what was said, how it ended', async () => {
    const { client, connection } = await accepted();
    await client.send('7/2\n').line();
    client.finish();
    await client.rest();
    await test.event(
      'closed',
      (event) => event.connection === connection && event.server === server,
    );
    const seen = test.lab.state.servers[server]!.ended.find(({ id }) => id === connection);
    expect(seen).toMatchObject({
      address: '127.0.0.1',
      port: client.port,
      received: { bytes: 4 },
      sent: { bytes: 4 },
      messages: 1,
      errors: 0,
      exchanges: [{ message: '7/2', reply: '3.5', error: false }],
      peerClosed: true,
      end: { how: 'fin', errno: null },
    });
  });

  it('has answered everybody when a client never reads', async () => {
    const { client: deaf, connection } = await accepted();
    deaf.socket.pause();
    // More replies than both socket buffers hold: the server's send must wait.
    const flood = deaf.flood(Buffer.from('2^800\n'.repeat(10_000)));
    await test.event('blocked', (event) => {
      const full = event.write.length > 0 && event.server === server;
      return full && (event.call === 'send' || event.call === 'select');
    });
    flood.stop();
    const { client } = await accepted();
    client.send('1+1\n');
    if (server === 'server1') expect(await client.rest()).toMatch(/^busy: /);
    else expect(await client.line()).toBe('2\n');
    deaf.reset();
    await test.event(
      'closed',
      (event) => event.connection === connection && event.server === server,
    );
  });
});
