import { describe, expect, it } from 'vitest';
import { ReceiveBuffers } from '../src/bridge/receive-buffers.ts';

/** What the kernel does: it fills the buffer that it was given. */
function read(buffers: ReceiveBuffers, text: string, isQuick = true) {
  const buffer = buffers.next(isQuick);
  buffer.fill(text);
  return buffers.take(buffer, buffer.length);
}

const letters = ({ bytes }: { bytes: Buffer }) => new Set(bytes.toString('latin1'));

describe('what was received', () => {
  it('stays as it was until it is released, whoever reads meanwhile', () => {
    const [one, two] = [new ReceiveBuffers(), new ReceiveBuffers()];
    const received = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter, index) =>
      read(index % 2 ? one : two, letter),
    );
    expect(received.map(letters)).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => new Set([letter])),
    );
  });

  it('is read into the same memory again after it was released', () => {
    const buffers = new ReceiveBuffers();
    read(buffers, 'a').release();
    const bulk = read(buffers, 'b');
    bulk.release();
    expect(read(buffers, 'c').bytes.buffer).toBe(bulk.bytes.buffer);
  });

  it('comes in large pieces only while there is much of it, and for the quick', () => {
    const buffers = new ReceiveBuffers();
    const first = read(buffers, 'a');
    expect(buffers.next(false).length).toBe(first.bytes.length);
    const large = buffers.next(true);
    expect(large.length).toBeGreaterThan(first.bytes.length);
    buffers.take(large, 100).release();
    expect(buffers.next(true).length).toBe(first.bytes.length);
  });
});
