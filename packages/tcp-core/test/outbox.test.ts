/** What waits for a client that does not read, when it comes in single bytes. */

import { expect, it } from 'vitest';
import { Outbox } from '../src/conversation/outbox.ts';
import type { Connection } from '../src/sockets/api.ts';

/** Takes at most `room` bytes a send, and keeps what it took. */
class Taker implements Connection {
  readonly fd = -1;
  readonly sends: Buffer[] = [];
  room: number;

  constructor(room: number) {
    this.room = room;
  }

  send(bytes: Uint8Array): number {
    const taken = Math.min(this.room, bytes.length);
    this.sends.push(Buffer.from(bytes.subarray(0, taken)));
    return taken;
  }

  recv(): Uint8Array {
    throw new Error('nobody reads here');
  }

  close(): void {
    this.room = 0;
  }

  refuse(): void {
    this.room = 0;
  }
}

it('sends a stream of single bytes in few calls, in their order', () => {
  const outbox = new Outbox();
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
  const taker = new Taker(1000);
  for (const [i, byte] of bytes.entries()) {
    outbox.append(Uint8Array.of(byte));
    if (i === 40_000) outbox.sendTo(taker);
  }
  expect(outbox.bytes).toBe(bytes.length - 1000);
  taker.room = Infinity;
  outbox.sendTo(taker);
  expect(outbox.isEmpty).toBe(true);
  expect(Buffer.concat(taker.sends).equals(bytes)).toBe(true);
  expect(taker.sends.length).toBeLessThan(10);
});

it('sends each reply in a call of its own', () => {
  const outbox = new Outbox();
  const taker = new Taker(Infinity);
  for (const reply of ['2\n', '3.5\n', 'error: …\n']) outbox.push(Buffer.from(reply));
  outbox.sendTo(taker);
  expect(taker.sends.map(String)).toEqual(['2\n', '3.5\n', 'error: …\n']);
});
