import { describe, expect, it } from 'vitest';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { connectionIdentity, hues, identityWords, shapes } from '../src/view/identity.ts';

const words = (from: number, many: number): string[] =>
  Array.from({ length: many }, (_, index) =>
    identityWords(connectionIdentity('server2', from + index)),
  );

describe('connectionIdentity', () => {
  it('differs in hue and in shape among eight connections in a row', () => {
    const eight = Array.from({ length: 8 }, (_, index) => connectionIdentity('server1', index + 1));
    expect(new Set(eight.map(({ hue }) => hue)).size).toBe(hues.length);
    expect(new Set(eight.map(({ shape }) => shape)).size).toBe(shapes.length);
  });

  it('gives no pair twice within 64 connections in a row, wherever they start', () => {
    for (const from of [1, 5, 64, 1000]) expect(new Set(words(from, 64)).size).toBe(64);
  });

  it('stays the same for the same connection', () => {
    expect(connectionIdentity('server1', 17)).toEqual(connectionIdentity('server1', 17));
  });

  it('tells the first clients of the four servers apart', () => {
    const first = serverIds.flatMap((server) =>
      Array.from({ length: 13 }, (_, index) =>
        identityWords(connectionIdentity(server, index + 1)),
      ),
    );
    expect(new Set(first).size).toBe(4 * 13);
  });

  it('gives no pair twice within 64 connections of a server that it does not know', () => {
    const pairs = Array.from({ length: 64 }, (_, index) =>
      identityWords(connectionIdentity('a server of yours', index + 1)),
    );
    expect(new Set(pairs).size).toBe(64);
  });

  it('begins elsewhere for another such server', () => {
    expect(connectionIdentity('mine', 1)).not.toEqual(connectionIdentity('yours', 1));
  });
});
