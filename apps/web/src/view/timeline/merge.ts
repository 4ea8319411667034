/** Neighbours that would be drawn over each other become one mark or span with a count. */

import { count } from '../words/words.ts';
import type { Mark, MarkKind, ReadySet, Span } from './items.ts';

/** What a mark of several shows: the first of these that is in it. */
const importance: readonly MarkKind[] = [
  'refused',
  'failed',
  'reset',
  'timed-out',
  'closed',
  'client-fin',
  'server-fin',
  'exchange',
  'sent',
  'received',
  'evaluated',
  'selected',
  'accepted',
  'thread-end',
  'note',
];
const rank = new Map(importance.map((kind, index) => [kind, index]));

/** An unbroken run of marks is cut after so many grains; a broken one is as wide as it is. */
const RUN_GRAINS = 4;

/**
 * Marks of one lane that are closer than `grain` become one. What comes after event `until` is
 * never merged with what came before it. `marks` are sorted by position here, in place.
 */
export function mergeMarks(marks: Mark[], grain: number, until: number): Mark[] {
  const merged: Mark[] = [];
  const open = new Map<string, Mark[]>();
  marks.sort((a, b) => a.from - b.from || a.seq - b.seq);
  for (const mark of marks) {
    const run = open.get(mark.lane);
    const first = run?.[0];
    const last = run?.at(-1);
    if (run && first && last && isClose(first, last, mark, grain, until)) {
      run.push(mark);
      continue;
    }
    if (run) merged.push(oneOf(run));
    open.set(mark.lane, [mark]);
  }
  for (const run of open.values()) merged.push(oneOf(run));
  return merged;
}

function isClose(first: Mark, last: Mark, mark: Mark, grain: number, until: number): boolean {
  if (mark.from - last.to >= grain) return false;
  if (last.seq <= until !== mark.seq <= until) return false;
  // Long runs are cut at the same places, whichever of their events is the first in the window.
  const place = (at: number): number => Math.floor(at / (RUN_GRAINS * grain));
  return mark.from - first.from < grain || place(mark.from) === place(last.to);
}

function oneOf(run: readonly Mark[]): Mark {
  const [first] = run;
  if (!first) throw new RangeError('nothing to merge');
  if (run.length === 1) return first;
  let main = first;
  for (const mark of run) {
    if ((rank.get(mark.kind) ?? 0) <= (rank.get(main.kind) ?? 0)) main = mark;
  }
  const received = run.filter(({ kind }) => kind === 'received');
  const sent = run.filter(({ kind }) => kind === 'sent');
  const talk =
    received.length > 1 || sent.length > 1
      ? [`×${count(Math.max(received.length, sent.length))}`]
      : [...received, ...sent].map(({ text }) => text).filter((text) => text !== '');
  const said = talk.join(' → ');
  const isTalk = main.kind === 'sent' || main.kind === 'received';
  const both = isTalk && received.length > 0 && sent.length > 0;
  return {
    kind: both ? 'exchange' : main.kind,
    lane: first.lane,
    from: first.from,
    to: Math.max(...run.map(({ to }) => to)),
    seq: main.seq,
    seqs: run.flatMap(({ seqs }) => seqs),
    count: Math.max(received.length, sent.length, isTalk ? 1 : countOf(run, main)),
    text: isTalk ? said : [saysEnough(main) ? '' : said, endingOf(run, main)].join(' ').trim(),
    bad: run.some(({ bad }) => bad),
  };
}

/** The line it was turned away with is told by the mark itself. */
function saysEnough({ kind }: Mark): boolean {
  return kind === 'refused' || kind === 'failed';
}

function countOf(run: readonly Mark[], main: Mark): number {
  return run.filter(({ kind }) => kind === main.kind).length;
}

function endingOf(run: readonly Mark[], main: Mark): string {
  const many = countOf(run, main);
  if (main.kind === 'selected' && many > 1) return `×${many}`;
  // It is closed because of the FIN, and the FIN is the word to know.
  if (main.kind === 'closed') {
    return run.find(({ kind }) => kind.endsWith('-fin'))?.text ?? main.text;
  }
  // Different notes are no repetition; the last one is told.
  return many > 1 && main.kind !== 'note' ? `${main.text} ×${many}` : main.text;
}

/**
 * Waiting and working in quick turns become one span, which tells by `share` how much of it was
 * work; stretches that were counted become one with their sum. Spans must come in their order.
 */
export function mergeSpans(spans: readonly Span[], grain: number, until: number): Span[] {
  const narrow = grain / 3;
  const lastSum = new Map<string, Span>();
  const merged: Span[] = [];
  const lastOf = new Map<string, Span>();
  for (const span of spans) {
    if (span.kind === 'summed') {
      const last = lastSum.get(span.lane);
      if (last && span.from - last.to < grain && last.seq <= until === span.seq <= until) {
        last.to = span.to;
        last.count += span.count;
        last.text = `×${count(last.count)}`;
        last.seqs.push(span.seq);
        continue;
      }
      lastSum.set(span.lane, span);
    }
    if (span.kind !== 'blocked' && span.kind !== 'working') {
      merged.push(span);
      continue;
    }
    const last = lastOf.get(span.lane);
    const joins =
      last !== undefined &&
      span.to - span.from < narrow &&
      (last.count > 1 || last.to - last.from < narrow) &&
      span.to - last.from < 2 * RUN_GRAINS * narrow;
    if (!joins) {
      lastOf.set(span.lane, span);
      merged.push(span);
      continue;
    }
    const width = last.to - last.from;
    const added = span.to - span.from;
    last.share =
      width + added > 0 ? (last.share * width + span.share * added) / (width + added) : 1;
    last.kind = last.share > 0 ? 'working' : 'blocked';
    last.to = span.to;
    last.count += 1;
    last.text = '';
    if (span.seq > 0) last.seqs.push(span.seq);
  }
  return merged;
}

/** Ready sets of one thread closer than `grain` become one that ties all of theirs together. */
export function mergeReadySets(
  sets: readonly ReadySet[],
  grain: number,
  until: number,
): ReadySet[] {
  const merged: ReadySet[] = [];
  for (const set of sets) {
    const last = merged.at(-1);
    const joins =
      last?.thread === set.thread &&
      Math.abs(set.at - last.at) < grain &&
      last.seq <= until === set.seq <= until;
    if (!joins) {
      merged.push({ ...set });
      continue;
    }
    last.ready = [...new Set([...last.ready, ...set.ready])];
    last.seqs = [...last.seqs, ...set.seqs];
    last.seq = set.seq;
  }
  return merged;
}
