/**
 * The clients of every class, byte by byte as they send: programs in C, terminals that send each key,
 * telnet's character mode, Windows' editors. What servers 1 to 3 answer is what docs/conversation.md says.
 */

import { describe, expect, it } from 'vitest';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { TcpClient } from '@sockscope/test-kit/tcp-client';
import { TestLab } from './test-lab.ts';

const IDLE_MS = 100;

/** A buffer of C, whole: the text, and what else is in it. */
function buffer(text: string, filling: (index: number) => number): Buffer {
  const bytes = Buffer.from(Array.from({ length: 1024 }, (_, index) => filling(index)));
  bytes.write(text, 'latin1');
  return bytes;
}

const silence = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What else has come when there was time for it, which must be nothing. */
async function unread(client: TcpClient): Promise<string> {
  await silence(2.5 * IDLE_MS);
  return client.unread;
}

describe.each(['server1', 'server2', 'server3'] as const)('%s', (server) => {
  const test = new TestLab();
  const port = test.start(server, { idleMs: IDLE_MS });
  const accepted = async () => test.accepted(await port);
  const connected = async () => (await accepted()).client;

  describe('in C', () => {
    it('strlen + 1 bytes: the NUL behind a newline is answered by nothing', async () => {
      const client = await connected();
      for (const [sum, reply] of [
        ['22 + 44', '66\n'],
        ['6*7', '42\n'],
        ['7/0', 'error: division by zero at character 2'],
      ]) {
        expect(await client.send(`${sum}\n\0`).line()).toContain(reply);
      }
      expect(await unread(client)).toBe('');
    });

    it('strlen + 1 bytes without newline: C strings, answered by C strings', async () => {
      const client = await connected();
      expect(await client.send('22 + 44\0').take(3)).toBe('66\0');
      expect(await client.send('6*7\x000.1+0.2\0').take(7)).toBe('42\x000.3\0');
      expect(await client.send('7/').send('2\0').take(4)).toBe('3.5\0');
      expect(await unread(client)).toBe('');
    });

    it.each([
      ['22 + 44\n', '66\n'],
      ['22 + 44', '66\0'],
      ['22 + 44\r\n', '66\r\n'],
    ])('a whole zeroed buffer with %j in it is one message, each time', async (text, reply) => {
      const client = await connected();
      for (let i = 0; i < 3; i++) {
        expect(await client.send(buffer(text, () => 0)).take(reply.length)).toBe(reply);
      }
      expect(await unread(client)).toBe('');
    });

    it('a zeroed buffer that arrives in pieces is one message too', async () => {
      const client = await connected();
      const bytes = buffer('22 + 44\n', () => 0);
      client.send(bytes.subarray(0, 5));
      await silence(5);
      client.send(bytes.subarray(5, 9));
      expect(await client.line()).toBe('66\n');
      client.send(bytes.subarray(9));
      expect(await unread(client)).toBe('');
      expect(await client.send('1+1\n').line()).toBe('2\n');
    });

    it.each([
      ['0xCC, as a debugger fills it', () => 0xcc],
      ['what was on the stack', (i: number) => (i * 7919 + (i >> 3)) % 251],
      ['pointers', (i: number) => [0x40, 0xaa, 0x55, 0x7f, 0, 0, 1, 0][i % 8]!],
    ])(
      'a buffer that was never cleaned, with %s: an answer, one error, and so on',
      async (_, filling) => {
        const client = await connected();
        for (let i = 0; i < 3; i++) {
          client.send(buffer('22 + 44\n\0', filling));
          expect(await client.line()).toBe('66\n');
          expect(await client.line()).toMatch(/^error: .*sends its whole buffer.*strlen/);
        }
        expect(await unread(client)).toBe('');
        expect(await client.send('1+1\n').line()).toBe('2\n');
      },
    );

    it('what an earlier, longer message left in the buffer is told as well', async () => {
      const client = await connected();
      client.send(Buffer.from('1+1\n\0is left over\n\0'));
      expect(await client.line()).toBe('2\n');
      expect(await client.line()).toMatch(
        /^error: unknown name is at .*behind a NUL.*whole buffer/,
      );
    });

    it('the next C string in the same segment is a message, and may be wrong by itself', async () => {
      const client = await connected();
      client.send('1+1\0foo\x002+2\0');
      expect(await client.take(2)).toBe('2\0');
      expect(await client.take(23)).toBe('error: unknown name foo');
      await test.event('evaluated', ({ message, reply }) => message === '2+2' && reply === '4');
    });
  });

  describe('line ends', () => {
    it('CR NUL, as telnet in character mode sends it', async () => {
      const client = await connected();
      expect(await client.send('22 + 44\r\0').line()).toBe('66\r\n');
      expect(await client.send('6*7\r\x001+1\r\0').take(7)).toBe('42\r\n2\r\n'.slice(0, 7));
      expect(await unread(client)).toBe('');
    });

    it('a bare CR is answered at once, and the LF or NUL that follows is no message', async () => {
      const client = await connected();
      expect(await client.send('22 + 44\r').line()).toBe('66\r\n');
      client.send('\n');
      expect(await client.send('6*7\r').line()).toBe('42\r\n');
      expect(await client.send('\x001+1\r2+2\r').take(6)).toBe('2\r\n4\r\n');
      expect(await unread(client)).toBe('');
    });

    it('a run of CRs before an LF or NUL is one end, however it is cut', async () => {
      const client = await connected();
      expect(await client.send('1+1\r\r\n').line()).toBe('2\r\n');
      client.send('2+2\r');
      expect(await client.line()).toBe('4\r\n');
      expect(await client.send('\r\r').send('\n3+3\r\r\0').line()).toBe('6\r\n');
      expect(await unread(client)).toBe('');
    });

    it('Enter twice on a terminal that sends CR: the second one is an empty line', async () => {
      const client = await connected();
      expect(await client.send('1+1\r').line()).toBe('2\r\n');
      expect(await client.send('\r').line()).toMatch(/^error: an empty line.*\r\n$/);
      expect(await client.send('\r2+2\r').line()).toMatch(/^error: an empty line.*\r\n$/);
      expect(await client.line()).toBe('4\r\n');
    });
  });

  describe('key by key', () => {
    /** Sends each byte by itself; the server has read it before the next is sent. */
    async function type(keys: string): Promise<TcpClient> {
      const { client, connection } = await accepted();
      const got = (event: LabEvent): boolean =>
        'connection' in event && event.connection === connection;
      for (const key of Buffer.from(keys)) {
        const before = test.events.length;
        client.send(Buffer.of(key));
        await test.event('received', got, before);
      }
      return client;
    }

    it('one sum, one reply, however slowly it is typed', async () => {
      const client = await type('22 ');
      await silence(2.5 * IDLE_MS);
      client.send('+');
      await silence(2.5 * IDLE_MS);
      expect(client.unread).toBe('');
      expect(await client.send(' ').send('4').send('4').send('\r\n').take(4)).toBe('66\r\n');
    });

    it('somebody who types and never presses Enter is answered after two seconds', async () => {
      const client = await type('6*7');
      const before = performance.now();
      expect(await client.take(2)).toBe('42');
      expect(performance.now() - before).toBeGreaterThan(1500);
    });

    it.each([
      ['backspace', '22 + 45\b4\r\n', '66\r\n'],
      ['delete', '22 + 99\x7f\x7f44\r\n', '66\r\n'],
      ['more than there was', '9\b\b\b22 + 44\r\n', '66\r\n'],
      ['a character of two bytes', '6×\b*7\r\n', '42\r\n'],
      ['one of four bytes', '💥\b6*7\r\n', '42\r\n'],
    ])('%s erases what stands before it', async (_, keys, reply) => {
      const client = await type(keys);
      expect(await client.take(reply.length)).toBe(reply);
      expect(await client.send(keys).take(reply.length)).toBe(reply);
    });
  });

  it('a byte-order mark before each line is dropped', async () => {
    const client = await connected();
    expect(await client.send('\ufeff22 + 44\r\n').line()).toBe('66\r\n');
    expect(await client.send('\ufeff6*7\n\ufeff1+1\n').take(5)).toBe('42\n2\n');
    expect(await client.send('\ufeff\n').line()).toMatch(/^error: an empty line/);
  });

  it('logs what came, also if it is no text or nothing', async () => {
    const { client, connection } = await accepted();
    const messages: [bytes: Buffer, shown: string][] = [
      [Buffer.from([0xc3, 0x28, 0xff, 0xff, 0x0a]), '\\xc3(\\xff'],
      [Buffer.from('\n'), '\n'],
      [Buffer.from('\r\n'), '\r\n'],
      [Buffer.from(' \n'), ' '],
      [Buffer.from(`${'9'.repeat(5000)}\n`), '9'.repeat(256)],
      [Buffer.from('22\xa0+ 44\n'), '22\xa0+ 44'],
    ];
    for (const [bytes, shown] of messages) {
      const before = test.events.length;
      expect(await client.send(bytes).line()).toMatch(/^error: /);
      const { message } = await test.event(
        'evaluated',
        (event) => event.connection === connection,
        before,
      );
      expect(message).toBe(shown);
    }
  });
});

describe('server4', () => {
  const test = new TestLab();
  const port = test.start('server4');

  it('echoes all of that verbatim', async () => {
    const client = await test.connect(await port);
    const bytes = Buffer.from([0xff, 0xf4, 0xff, 0xfd, 6, 0, 13, 0, 8, 0x7f, 0xef, 0xbb, 0xbf, 10]);
    client.send(bytes).finish();
    expect((await client.restBytes()).equals(bytes)).toBe(true);
  });
});
