/**
 * A client's card on the stage: who, what was said last, and at its right edge what came of it: the
 * answer, or how long it has waited. In one line, or in two where there is the height.
 */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { Rect, ShapePlace } from '../../geometry.ts';
import type { ClientRowView } from '../../panel/client-rows.ts';
import { withoutPlace } from '../../words/answers.ts';
import { inAcceptQueue, waitWords } from '../../words/waiting.ts';
import { count, inDigits, seconds } from '../../words/words.ts';
import type { Candidate, FoldedRows } from '../choose-rows.ts';
import {
  lineHeight,
  stack,
  textWidth,
  TextLine,
  type Label,
  type StageType,
  type Tone,
} from '../label.ts';

export interface CardView {
  rect: Rect;
  shape: ShapePlace;
  labels: Label[];
  /** How it ended, drawn as a stamp: FIN and RST look different. */
  stamp: { rect: Rect; kind: 'fin' | 'rst' } | null;
}

/** Two lines, or one where `head` is null; sizes in pixels. */
export interface CardForm {
  head: number | null;
  talk: number;
}

/** The biggest form that fits a height in pixels. */
export function cardForm(height: number, type: StageType): CardForm {
  const two: CardForm[] = [
    { head: type.large, talk: type.huge },
    { head: type.text, talk: type.large },
    { head: type.small, talk: type.text },
  ];
  for (const form of two) {
    if (lineHeight(form.head ?? 0) + lineHeight(form.talk) + 0.1 * type.tiny <= height) return form;
  }
  const one = [type.large, type.text, type.small].find((size) => lineHeight(size) <= height);
  return { head: null, talk: one ?? type.tiny };
}

export function cardView(
  { row }: Candidate,
  rect: Rect,
  form: CardForm,
  type: StageType,
  projector: boolean,
  now: number,
): CardView {
  const pad = 0.4 * type.tiny;
  const { head, talk: talkSize } = form;
  const middle = rect.y + rect.height / 2;
  const shapeSize = Math.min(rect.height - (head ? pad : 0), head ? 1.8 * head : 1.2 * talkSize);
  const shape = { x: rect.x + pad + shapeSize / 2, y: middle, size: shapeSize };
  const x = rect.x + 2 * pad + shapeSize;
  const width = Math.max(0, rect.x + rect.width - pad - x);
  const top = middle - (lineHeight(head ?? 0) + lineHeight(talkSize)) / 2;
  const first = new TextLine({ x, y: top, width }, head ?? talkSize);
  const second =
    head === null ? first : new TextLine({ x, y: top + lineHeight(head), width }, talkSize);

  sayEnding(first, row);
  const mark = first.labels.find(({ key }) => key === 'mark');
  sayWho(first, row, head !== null, projector ? first.size : Math.max(type.tiny, 0.8 * first.size));
  sayTalk(second, row, now, type);
  const stampPad = 0.2 * (mark?.size ?? 0);
  return {
    rect,
    shape,
    labels: second === first ? first.labels : [...first.labels, ...second.labels],
    stamp: mark
      ? {
          rect: {
            x: mark.x - stampPad,
            y: mark.y,
            width: mark.width + 2 * stampPad,
            height: mark.height,
          },
          kind: mark.text === 'FIN' ? 'fin' : 'rst',
        }
      : null,
  };
}

function sayEnding(line: TextLine, row: ClientRowView): void {
  const isOver = row.place === 'refused' || row.place === 'ended';
  if (!isOver || row.mark === '' || row.mark.startsWith('fd ')) return;
  line.right(row.mark, {
    key: 'mark',
    bold: true,
    tone: row.mark === 'FIN' ? 'ink' : 'inverse',
    term: row.mark,
  });
}

/** The name, and behind it the port, in smaller letters if there are any; whose it is only then. */
function sayWho(line: TextLine, row: ClientRowView, tall: boolean, smaller: number): void {
  const from = row.from === '' ? row.kind : row.from;
  const most = (tall ? 0.6 : 0.35) * line.room;
  if (row.name !== '') line.left(row.name, { key: 'name', font: 'sans', bold: true, most });
  const small = { size: smaller, tone: 'soft' } as const;
  const isAlone = row.name === '';
  if (isAlone || tall || line.room > 3.5 * textWidth(from, smaller, 'mono'))
    line.left(from, {
      key: 'from',
      least: isAlone ? 4 : from.length,
      term: 'port',
      ...(isAlone ? {} : small),
    });
  if (tall && smaller < line.size && row.from !== '')
    line.left(row.kind, { ...small, key: 'kind', font: 'sans', least: row.kind.length });
}

/** What came of what it said: a few words at the right edge, the longest that fit, in this tone. */
interface Outcome {
  texts: readonly string[];
  tone: Tone;
  key: 'reply' | 'wait' | 'calculated' | 'pending';
}

function outcomeOf(row: ClientRowView, now: number): Outcome | null {
  const { wait, calculatedSince, reply, bad } = row;
  if (wait) {
    const brief = seconds(now - wait.since);
    return { key: 'wait', texts: [waitWords(wait, now), brief], tone: 'ink' };
  }
  if (calculatedSince !== null) {
    const since = seconds(now - calculatedSince);
    const texts = [`is calculated, ${since}`, `at work ${since}`, since];
    return { key: 'calculated', texts, tone: 'accent' };
  }
  if (row.place === 'ended') return reply === null ? null : outcomeOfReply(reply, bad);
  if (row.said === null || row.place === 'waiting') return null;
  if (!row.reads) return { key: 'wait', texts: ['does not read', 'not read'], tone: 'ink' };
  return reply === null
    ? { key: 'pending', texts: ['…'], tone: 'soft' }
    : outcomeOfReply(reply, bad);
}

/** An error loses where it is before it loses what it is; of a number is told how long it is before it is cut. */
function outcomeOfReply(reply: string, bad: boolean): Outcome {
  const isLong = /^-?[\d.]+$/.test(reply) && reply.replace(/\D/g, '').length > 6;
  const bare = reply.replace(/^error: /, '');
  const texts = [
    reply,
    ...(bad ? [withoutPlace(reply), bare, withoutPlace(bare)] : []),
    ...(isLong ? [inDigits(reply)] : []),
  ];
  return { key: 'reply', texts: [...new Set(texts)], tone: bad ? 'bad' : 'ink' };
}

/** "22 + 44 → 66": the answer at the right edge, in one size for all; what was said gets the rest. */
function sayTalk(line: TextLine, row: ClientRowView, now: number, type: StageType): void {
  const { size } = line;
  if (row.place === 'refused') {
    // The server says the whole of it at its door.
    const reason = row.reply?.startsWith('busy: ') ? 'busy: turned away' : (row.reply ?? '');
    sayNote(line, [reason, row.brief, 'turned away'], 'bad', type);
    return;
  }
  const outcome = outcomeOf(row, now);
  const what = row.said ?? (row.wait ? '' : null);
  if (what === null || (row.place === 'ended' && !outcome)) {
    const silent = row.place === 'open' ? ['has said nothing', 'silent'] : [];
    sayNote(line, [row.note, row.brief, ...silent], row.bad ? 'bad' : 'soft', type);
    return;
  }
  if (row.place === 'ended' && row.bad) {
    sayNote(line, [row.note, row.brief], 'bad', type);
    return;
  }
  // What was said keeps some characters if it can; the arrow goes first.
  const said = { key: 'said', tone: 'soft', size } as const;
  const least = Math.min(textWidth(what, size, 'mono'), textWidth('22 + …', size, 'mono'));
  if (outcome) {
    const font = outcome.key === 'reply' ? 'mono' : 'sans';
    const room = line.room - least - 0.5 * size;
    const fits = (text: string, most: number, each: number): boolean =>
      textWidth(text, each, font, true) <= most;
    const [longest = ''] = outcome.texts;
    // Smaller before shorter.
    const sizes = [size, Math.max(type.small, 0.8 * size)];
    const ways = outcome.texts.flatMap((text) => sizes.map((each) => ({ text, each })));
    const way = ways.find(({ text, each }) => fits(text, room, each));
    const text = way?.text ?? outcome.texts.find((each) => fits(each, line.room, size)) ?? longest;
    const { key, tone } = outcome;
    line.right(text, { key, font, bold: true, tone, size: way?.each ?? size });
  }
  const arrow = textWidth('→', size, 'mono') + 0.5 * size;
  const hasArrow = outcome?.key === 'reply' && line.room - arrow > least;
  if (hasArrow) line.right('→', { key: 'arrow', tone: 'soft', size });
  const short = row.place === 'waiting' ? ['in the queue'] : [];
  if (what === '') sayIfItFits(line, [row.note, row.brief, ...short], type);
  if (what !== '') line.left(what, said);
}

/** The longest of these that fits, if one does. */
function sayIfItFits(line: TextLine, texts: readonly string[], type: StageType): void {
  const size = Math.min(line.size, type.small);
  const text = texts.find((each) => each !== '' && textWidth(each, size, 'sans') <= line.room);
  if (text !== undefined) line.left(text, { key: 'note', font: 'sans', tone: 'soft', size });
}

/** The longest of these that fits, no bigger than other text. */
function sayNote(line: TextLine, texts: readonly string[], tone: Tone, type: StageType): void {
  const sizes = [Math.min(line.size, type.text), Math.min(line.size, type.small)];
  const words = texts.filter((text) => text !== '');
  for (const size of sizes) {
    const text = words.find((each) => textWidth(each, size, 'sans') <= line.room);
    if (text === undefined) continue;
    line.left(text, { key: 'note', font: 'sans', tone, size });
    return;
  }
  line.left(words.at(-1) ?? '', { key: 'note', font: 'sans', tone, size: sizes[1] ?? line.size });
}

/** Beside the listener: how many there are, in words for the last row. */
export function tallyLabels(
  server: ServerState,
  waiting: number,
  rect: Rect,
  type: StageType,
): Label[] {
  const open = Object.values(server.connections).filter(({ refused }) => refused === null).length;
  const { refused, connectFailures } = server.totals;
  const pad = 0.4 * type.tiny;
  const place = { x: rect.x + pad, width: rect.width - 2 * pad };
  const size = type.large;
  const first = open === 0 ? 'nobody connected' : `${count(open)} connected`;
  const others = [
    waiting > 0 ? `${count(waiting)} waiting` : '',
    refused + connectFailures > 0 ? `${count(refused + connectFailures)} turned away` : '',
  ].filter((words) => words !== '');
  const heights = lineHeight(size) + (others.length > 0 ? lineHeight(type.text) : 0);
  const y = rect.y + Math.max(0, (rect.height - heights) / 2);
  const tone = open === 0 ? 'soft' : 'ink';
  return [
    ...new TextLine({ ...place, y }, size).left(first, {
      key: 'open',
      font: 'sans',
      bold: open > 0,
      tone,
    }).labels,
    ...new TextLine({ ...place, y: y + lineHeight(size) }, type.text).left(others.join(' · '), {
      key: 'others',
      font: 'sans',
      bold: true,
      tone: refused + connectFailures > 0 ? 'bad' : 'ink',
    }).labels,
  ];
}

/** Those that are not drawn one by one, in words. */
export function foldedLabels(folded: FoldedRows, rect: Rect, type: StageType): Label[] {
  const pad = 0.6 * type.tiny;
  const place = { x: rect.x + pad, width: rect.width - 2 * pad };
  const parts = [
    folded.external > 0 ? `${count(folded.external)} external` : '',
    folded.browser > 0 ? `${count(folded.browser)} browser` : '',
    folded.waiting > 0 ? `${count(folded.waiting)} ${inAcceptQueue.brief}` : '',
    folded.connecting > 0 ? `${count(folded.connecting)} connecting` : '',
  ].filter((words) => words !== '');
  return stack(place, rect, [
    { text: `+${count(folded.count)} more`, size: type.huge, bold: true },
    ...parts.map((text) => ({ text, size: type.text, bold: false })),
  ]);
}
