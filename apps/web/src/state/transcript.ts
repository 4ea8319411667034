/** What a client of this page said and was told, and when. */

import type { OwnClient } from '../view/panel/client-rows.ts';

export interface TranscriptLine {
  id: number;
  from: 'client' | 'server';
  text: string;
  /** When, on the lab's clock: microseconds. */
  t: number;
  /** Bytes in this direction up to the end of this line. */
  total: number;
  /** False for a piece of a message whose end has not been sent with it. */
  whole: boolean;
}

type Said = Pick<OwnClient, 'lastSent' | 'lastReceived' | 'sentBytes'>;

/** Lines that are kept, and characters of a line. */
const LINES_KEPT = 50;
const LINE_KEPT = 4_096;

/** Is never changed: what is added makes a new one. */
export class Transcript {
  /** The last lines, oldest first. */
  readonly lines: readonly TranscriptLine[];
  /** The newest line of the client that `lines` holds no more. */
  readonly #before: TranscriptLine | null;
  readonly #count: number;

  constructor(
    lines: readonly TranscriptLine[] = [],
    before: TranscriptLine | null = null,
    count = 0,
  ) {
    this.lines = lines;
    this.#before = before;
    this.#count = count;
  }

  withSent(text: string, t: number, bytes: number, whole: boolean): Transcript {
    const total = this.upTo(Infinity).sentBytes + bytes;
    return this.#with({ from: 'client', text, t, total, whole });
  }

  withReceived(text: string, t: number, total: number): Transcript {
    return this.#with({ from: 'server', text, t, total, whole: true });
  }

  /**
   * What had been said by `t`. What had come back is all of which the server had sent the last byte, where
   * `returned` says how many bytes that were. What is not remembered any more counts as not said.
   */
  upTo(t: number, returned?: number): Said {
    const lines = this.#remembered.filter((line) =>
      line.from === 'server' && returned !== undefined ? line.total <= returned : line.t <= t,
    );
    const last = lines.at(-1);
    const sent = lines.findLastIndex(({ from }) => from === 'client');
    return {
      lastSent: sent < 0 ? null : messageAt(lines, sent),
      lastReceived: last?.from === 'server' ? last.text : null,
      sentBytes: lines[sent]?.total ?? 0,
    };
  }

  get #remembered(): readonly TranscriptLine[] {
    return this.#before ? [this.#before, ...this.lines] : this.lines;
  }

  #with(line: Omit<TranscriptLine, 'id'>): Transcript {
    const count = this.#count + 1;
    const added = { ...line, id: count, text: line.text.slice(0, LINE_KEPT) };
    const lines = [...this.lines, added];
    const forgotten = lines.splice(0, lines.length - LINES_KEPT);
    const before = forgotten.findLast(({ from }) => from === 'client') ?? this.#before;
    return new Transcript(lines, before, count);
  }
}

/** The message that ends with this line, as far as it has been sent: an answer ends one too. */
function messageAt(lines: readonly TranscriptLine[], end: number): string {
  let start = end;
  while (lines[start - 1]?.from === 'client' && !lines[start - 1]?.whole) start -= 1;
  return lines
    .slice(start, end + 1)
    .map(({ text }) => text)
    .join('');
}
