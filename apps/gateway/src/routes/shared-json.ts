/**
 * Large JSON, made once and given to all who ask for it: the history, the state. The bytes are the
 * same memory for every reader, however many do not read; and making them never keeps the event
 * loop for long.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { Line } from '../line.ts';

/** So many milliseconds at a stretch, then others have their turn. */
const SLICE_MS = 8;
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * What readers still hold of older versions, in bytes. Beyond it a newcomer is given the last version
 * once more, so that readers who do not read cannot hold one each.
 */
const HELD_BYTES = 48 * 1024 * 1024;

/** What is to be written: the pieces of its JSON, and the last event that is in it. */
export interface Source {
  seq: number;
  pieces: Iterable<string>;
}

/** One version of it. */
export interface Version {
  readonly seq: number;
  readonly bytes: Buffer;
}

export class SharedJson {
  readonly #source: () => Source;
  readonly #freshMs: number;
  readonly #seq: () => number;
  readonly #line = new Line();
  /** Versions that somebody has not read yet, and how many do. */
  readonly #readers = new Map<Version, number>();
  #last: { at: number; version: Version } | undefined;
  #making: Promise<Version> | undefined;

  /**
   * `seq` is the newest event's number: a version that has it is as good as new, and so is one that
   * is at most `freshMs` milliseconds old.
   */
  constructor(source: () => Source, seq: () => number, freshMs: number) {
    this.#source = source;
    this.#seq = seq;
    this.#freshMs = freshMs;
  }

  /**
   * A version with at least the event `seq` in it, given to one reader in a turn of the event loop: each
   * costs the kernel some megabytes of copying. It is held until `release`.
   */
  async take(seq = 0): Promise<Version> {
    let version = this.#ready(seq) ?? (await (this.#making ??= this.#make()));
    // It was begun before that event.
    if (version.seq < seq) version = await (this.#making ??= this.#make());
    this.#readers.set(version, (this.#readers.get(version) ?? 0) + 1);
    await this.#line.turn();
    return version;
  }

  /** The reader has read it, or is gone. */
  release(version: Version): void {
    const left = (this.#readers.get(version) ?? 1) - 1;
    if (left > 0) this.#readers.set(version, left);
    else this.#readers.delete(version);
  }

  #ready(seq: number): Version | undefined {
    if (!this.#last || this.#last.version.seq < seq) return undefined;
    const { at, version } = this.#last;
    const isFresh = version.seq === this.#seq() || performance.now() - at <= this.#freshMs;
    return isFresh || this.#heldBytes + version.bytes.length > HELD_BYTES ? version : undefined;
  }

  get #heldBytes(): number {
    let bytes = 0;
    for (const version of this.#readers.keys()) bytes += version.bytes.length;
    return bytes;
  }

  async #make(): Promise<Version> {
    const at = performance.now();
    const { seq, pieces } = this.#source();
    try {
      const version = { seq, bytes: await bytesOf(pieces) };
      this.#last = { at, version };
      return version;
    } finally {
      this.#making = undefined;
    }
  }
}

async function bytesOf(pieces: Iterable<string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let text = '';
  let began = performance.now();
  for (const piece of pieces) {
    text += piece;
    if (text.length < CHUNK_CHARACTERS) continue;
    chunks.push(Buffer.from(text));
    text = '';
    if (performance.now() - began < SLICE_MS) continue;
    await turn();
    began = performance.now();
  }
  chunks.push(Buffer.from(text));
  return Buffer.concat(chunks);
}

/**
 * The JSON of a value that does not change meanwhile, piece by piece: objects and lists are taken apart
 * down to `depth`, what is below is one piece. A list of numbers is one.
 */
export function* jsonPieces(value: unknown, depth: number): Generator<string> {
  if (depth === 0 || typeof value !== 'object' || value === null || isNumbers(value)) {
    yield JSON.stringify(value);
    return;
  }
  let before = Array.isArray(value) ? '[' : '{';
  const isList = Array.isArray(value);
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    if (member === undefined) continue;
    yield isList ? before : `${before}${JSON.stringify(key)}:`;
    yield* jsonPieces(member, depth - 1);
    before = ',';
  }
  if (before !== ',') yield before;
  yield isList ? ']' : '}';
}

function isNumbers(value: object): boolean {
  return Array.isArray(value) && typeof value[0] === 'number';
}
