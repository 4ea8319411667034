/** A client's card on the stage: who, from where, what was said last and what came back. */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { monoWidth, sansWidth, type Rect, type ShapePlace } from '../../geometry.ts';
import { inAcceptQueue } from '../../words/waiting.ts';
import { count } from '../../words/words.ts';
import type { Candidate, FoldedRows } from '../choose-rows.ts';
import { lineHeight, stack, TextLine, wrapped, type Label, type StageType } from '../label.ts';

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
    { head: type.large, talk: type.giant },
    { head: type.text, talk: type.huge },
    { head: type.text, talk: type.large },
    { head: type.small, talk: type.text * 1.1 },
  ];
  for (const form of two) {
    if (lineHeight(form.head ?? 0) + lineHeight(form.talk) + 0.2 * type.tiny <= height) return form;
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
): CardView {
  const pad = 0.4 * type.tiny;
  const tall = form.head !== null;
  const middle = rect.y + rect.height / 2;
  const shapeSize = tall
    ? Math.min(rect.height - pad, 2 * (form.head ?? form.talk))
    : Math.min(rect.height, form.talk * 1.2);
  const shape = { x: rect.x + pad + shapeSize / 2, y: middle, size: shapeSize };
  const x = rect.x + pad + shapeSize + pad;
  const width = Math.max(0, rect.x + rect.width - pad - x);

  const block = lineHeight(form.head ?? 0) + lineHeight(form.talk);
  // A reason may take two lines below the head.
  const top =
    row.place === 'refused' && tall
      ? rect.y + Math.max(0, Math.min(0.5 * pad, middle - block / 2 - rect.y))
      : middle - block / 2;
  const first = new TextLine({ x, y: top, width }, form.head ?? form.talk);
  const talk = tall
    ? new TextLine({ x, y: top + lineHeight(form.head ?? 0), width }, form.talk)
    : first;

  const stamped = row.place === 'refused' || row.place === 'ended';
  if (stamped && row.mark !== '' && !row.mark.startsWith('fd ')) {
    first.right(row.mark, {
      key: 'mark',
      bold: true,
      tone: row.mark === 'FIN' ? 'ink' : 'inverse',
      term: row.mark,
    });
  }
  const mark = first.labels.find(({ key }) => key === 'mark');
  const from = row.from === '' ? row.kind : row.from;
  first.left(from, {
    key: 'from',
    bold: tall,
    least: 4,
    term: 'port',
    ...(tall ? {} : { most: 0.7 * width, size: type.text }),
  });
  if (tall && !projector && row.from !== '') {
    first.left(row.kind, { key: 'kind', font: 'sans', tone: 'soft', least: 3 });
    if (row.place === 'open' && row.said !== null && row.note !== '') {
      first.right(row.note, { key: 'note', font: 'sans', tone: 'soft', least: 8 });
    }
  }

  const labels: Label[] = [];
  if (row.place === 'refused') {
    // The server says the whole of it at its door.
    const reason = row.reply?.startsWith('busy: ') ? 'busy: turned away' : (row.reply ?? row.note);
    const size = tall ? Math.min(form.talk, type.text) : form.talk;
    const below = rect.y + rect.height - talk.y;
    const fit = tall ? Math.max(1, Math.min(2, Math.floor(below / lineHeight(size)))) : 1;
    const place = { x: talk.at, y: talk.y, width: talk.room };
    if (talk.room > 3 * size) {
      labels.push(...wrapped(reason, place, size, fit, { key: 'reason', bold: true, tone: 'bad' }));
    }
  } else {
    const broken = row.place === 'ended' && row.bad;
    sayTalk(talk, row, broken, type);
  }
  labels.push(...first.labels, ...(tall ? talk.labels : []));
  const stampPad = 0.2 * (mark?.size ?? 0);
  return {
    rect,
    shape,
    labels,
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

/** "22 + 44 → 66": smaller before it is cut, and the answer keeps its place longer. */
function sayTalk(line: TextLine, row: Candidate['row'], broken: boolean, type: StageType): void {
  const sizes = [line.size, type.huge, type.large, type.text, type.small].filter(
    (each) => each <= line.size,
  );
  if (row.said === null || row.place === 'ended') {
    const words = [
      row.note,
      ...(row.place === 'open' ? ['has said nothing', 'silent'] : []),
      row.brief,
    ];
    const size = Math.min(line.size, type.text);
    const note = words.find((text) => sansWidth(text, size) <= line.room) ?? row.brief;
    line.left(note, { key: 'note', font: 'sans', tone: broken ? 'bad' : 'soft', least: 5, size });
    return;
  }
  const reply = row.reply ?? '…';
  const [saidLength, replyLength] = [Array.from(row.said).length, Array.from(reply).length];
  // Between the three words the line leaves two gaps.
  const gaps = line.size;
  const needs = (each: number): number => monoWidth(saidLength + replyLength + 1, each) + gaps;
  const size = sizes.find((each) => needs(each) <= line.room) ?? sizes.at(-1) ?? line.size;
  const room = line.room - gaps - monoWidth(1, size);
  const whole = needs(size) <= line.room;
  const forReply = whole ? room : Math.max(0.6 * room, room - monoWidth(saidLength, size));
  const forSaid = room - Math.min(forReply, monoWidth(replyLength, size));
  if (!whole && forSaid < monoWidth(2, size)) {
    // No room for the question: the answer alone, and of an error only that it is one.
    const brief = row.bad && monoWidth(replyLength, size) > line.room ? 'error' : reply;
    line.left(brief, { key: 'reply', bold: true, tone: row.bad ? 'bad' : 'ink', size });
    return;
  }
  const said = { key: 'said', tone: 'soft', most: forSaid, least: 2, size } as const;
  line.left(row.said, said).left('→', { key: 'arrow', tone: 'soft', size });
  line.left(reply, { key: 'reply', bold: true, tone: row.bad ? 'bad' : 'ink', size });
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
  ].filter((words) => words !== '');
  return stack(place, rect, [
    { text: `+${count(folded.count)} more`, size: type.huge, bold: true },
    ...parts.map((text) => ({ text, size: type.text, bold: false })),
  ]);
}
