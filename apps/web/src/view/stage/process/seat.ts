/** Server 1's process: one chair, who sits in it, and the one thread at the call it is blocked in. */

import {
  GONE_SHOWN,
  type ConnectionState,
  type ServerState,
  type ThreadState,
} from '@sockscope/tcp-core/trace/lab-state';
import type { BusyPolicy } from '@sockscope/tcp-core/trace/settings';
import { monoWidth, type Rect, type ShapePlace } from '../../geometry.ts';
import { connectionIdentity, identityWords, type Identity } from '../../identity.ts';
import { describeThread } from '../../words/describe-thread.ts';
import { inAcceptQueue } from '../../words/waiting.ts';
import { clientName } from '../../words/names.ts';
import { bytesSaid, said, seconds } from '../../words/words.ts';
import {
  lineHeight,
  textWidth,
  TextLine,
  wrapped,
  type Label,
  type LabelOptions,
  type StageType,
} from '../label.ts';
import type { StageLayout } from '../layout.ts';
import { poseOf, poseTerm, poseVia, poseWord, calculated, type ThreadPose } from './threads.ts';

export interface SeatView {
  chair: { rect: Rect; taken: boolean; shape: ShapePlace; identity: Identity | null };
  thread: {
    block: Rect;
    pose: ThreadPose;
    /** Where it stands at the line: at the door, at its client, or between. */
    at: 'door' | 'client' | 'both';
    /** The heights at the line that its call waits for. */
    waitsAt: number[];
    labels: Label[];
    term: string;
    seq: number | null;
    words: string;
  } | null;
  /** The newest of those turned away: what the server said to it at the door. */
  refusal: { rect: Rect; shape: ShapePlace; identity: Identity | null; labels: Label[] } | null;
  labels: Label[];
  words: string;
}

/** What becomes of a second client, from the longest words to the shortest. */
const policyWords: Record<BusyPolicy, readonly string[]> = {
  busy: ['busy: others are told so and turned away', 'others are turned away'],
  refuse: [
    'refuse: it does not listen while it serves: the kernel refuses others',
    'it does not listen while it serves: the kernel refuses others',
    'the kernel refuses others',
  ],
  queue: [
    `queue: others ${inAcceptQueue.others}`,
    `others ${inAcceptQueue.others}`,
    'others wait in the queue',
  ],
};

/** As long as the longest that is said at the door, so that the chair stays where it is while it is said. */
const SPEECH_LENGTH = 96;

export function seatView(server: ServerState, layout: StageLayout, projector: boolean): SeatView {
  const { type, bands, door } = layout;
  const guest =
    Object.values(server.connections)
      .filter(({ refused }) => refused === null)
      .sort((a, b) => a.id - b.id)[0] ?? null;
  const thread = Object.values(server.threads)[0] ?? null;
  const pad = type.tiny;
  const process = bands.process;
  const guestRow = layout.rows.find(({ connection }) => connection === guest?.id);
  const guestY =
    guestRow && !layout.narrow
      ? guestRow.lane.y + guestRow.lane.height / 2
      : door.process.y + door.process.height + 4 * type.tiny;

  const top = door.process.y;
  const bottom = process.y + process.height - 0.5 * pad;
  const whole = { x: process.x + pad, width: process.width - 2 * pad };
  const threadWidth = monoWidth(11, type.large) + pad;
  const right = { x: whole.x + threadWidth, width: Math.max(0, whole.width - threadWidth) };

  // From below: the policy, who is served, the chair.
  // At the door is said why somebody is turned away: only with this policy the server speaks there.
  const speaks = server.settings.policy === 'busy';
  const speech = speechForm(whole.width, type);
  const heights =
    lineHeight(type.large) + lineHeight(type.huge) + (projector ? 0 : lineHeight(type.text));
  const chairTop = top + (speaks ? speech.lines * lineHeight(speech.size) + 1.1 * pad : 0);
  const left = bottom - chairTop - heights - pad;
  const policy =
    left < 1.5 * lineHeight(type.text)
      ? []
      : policyLabels(server.settings.policy, { ...whole, y: bottom }, type, projector);
  // Where the thread has no place above the caption it stands beside it.
  const forThread = lineHeight(type.large) + lineHeight(type.text) + 0.9 * type.large;
  const isLow = left - policy.length * lineHeight(type.text) < forThread;
  const policyTop = policy[0]?.y ?? bottom;
  const captionTop = policyTop - heights - 0.5 * pad;
  const room = captionTop - chairTop - 0.5 * pad;
  const side = Math.max(0, Math.min(room, 1.2 * right.width, 15 * type.text));
  const chair = {
    x: right.x + (right.width - 0.75 * side) / 2,
    y: captionTop - 0.5 * pad - side - 0.4 * Math.max(0, room - side),
    width: 0.75 * side,
    height: side,
  };
  const shape = {
    x: chair.x + 0.5 * chair.width,
    y: chair.y + 0.32 * chair.height,
    size: 0.42 * chair.height,
  };
  const caption = captionOf(
    server,
    guest,
    thread,
    { whole: isLow ? right : whole, centre: shape.x, y: captionTop, now: layout.now, projector },
    type,
  );
  const threadBlock = thread
    ? threadView(
        thread,
        { x: process.x, y: top + door.process.height / 2, width: threadWidth },
        { guest, y: guestY, listener: server.fd, free: { from: chairTop, to: captionTop } },
        type,
        projector,
      )
    : null;
  const name = guest ? clientName(server, guest) : '';
  return {
    chair: {
      rect: chair,
      taken: guest !== null,
      shape,
      identity: guest ? connectionIdentity(server.id, guest.id) : null,
    },
    thread: threadBlock,
    refusal: refusalView(server, layout.now, { ...whole, y: top }, speech, type),
    labels: [...caption, ...policy],
    words: guest
      ? `${name} is served: the chair is taken by ${identityWords(connectionIdentity(server.id, guest.id))}, fd ${guest.fd}`
      : 'nobody is served: the chair is empty',
  };
}

/** Whole in at most two lines that end at `y`; where they are too narrow, in fewer words. */
function policyLabels(
  policy: BusyPolicy,
  place: { x: number; y: number; width: number },
  type: StageType,
  projector: boolean,
): Label[] {
  const linesOf = (text: string, most: number): Label[] =>
    wrapped(text, { ...place, y: 0 }, type.text, most, {
      key: 'policy',
      tone: 'soft',
      term: policy,
    });
  const texts = policyWords[policy];
  const isWhole = (text: string): boolean =>
    // Where it speaks at the door there is less room for the rest.
    linesOf(text, projector && policy === 'busy' ? 1 : 2)
      .map((line) => line.text)
      .join(' ') === text;
  const fitting = linesOf(texts.find(isWhole) ?? texts.at(-1)!, 2);
  const top = place.y - fitting.length * lineHeight(type.text);
  return fitting.map((label) => ({ ...label, y: top + label.y }));
}

/** Who is served, what was said, and since when it calculates. */
function captionOf(
  server: ServerState,
  guest: ConnectionState | null,
  thread: ThreadState | null,
  place: {
    whole: { x: number; width: number };
    centre: number;
    y: number;
    now: number;
    projector: boolean;
  },
  type: StageType,
): Label[] {
  const { whole, centre, y } = place;
  /** Under the chair, and further left where it is too long for that. */
  const centred = (text: string, at: number, size: number, options: LabelOptions): Label[] => {
    const { labels } = new TextLine({ ...whole, y: at }, size).left(text, options);
    return labels.map((label) => {
      const most = whole.x + whole.width - label.width;
      const x = Math.max(whole.x, Math.min(centre - label.width / 2, most));
      // The widths of the sans font are estimates: it keeps to the middle.
      return { ...label, x, anchor: 'middle' };
    });
  };
  const seat = { key: 'seat', font: 'sans' } as const;
  if (!guest) return centred('nobody is served', y, type.large, { ...seat, tone: 'soft' });
  const expression = thread ? calculated(thread) : null;
  const last = guest.exchanges.at(-1);
  const talk =
    expression !== null
      ? `${expression} → …`
      : last
        ? `${said(last.message)} → ${said(last.reply)}`
        : guest.received.bytes > 0
          ? bytesSaid(guest.lastReceived)
          : 'has said nothing';
  const length = Array.from(talk).length;
  const sizes = [type.huge, type.large, type.text];
  const size = sizes.find((each) => monoWidth(length, each) <= whole.width) ?? type.text;
  const since = expression === null ? null : (thread?.last?.t ?? null);
  const name = clientName(server, guest);
  const calculates = since === null ? null : `calculates for ${seconds(place.now - since)}`;
  // In projector mode one line has to do for both, and none is left for the descriptor.
  const served =
    place.projector && calculates !== null ? `${name}: ${calculates}` : `${name} is served`;
  const detail = place.projector
    ? ''
    : [calculates, `fd ${guest.fd}`].filter((text) => text !== null).join(' · ');
  const fits = (each: number): boolean => textWidth(served, each, 'sans', true) <= whole.width;
  const talkY = y + lineHeight(type.large);
  return [
    ...centred(fits(type.text) ? served : name, y, fits(type.large) ? type.large : type.text, {
      ...seat,
      bold: true,
    }),
    ...centred(talk, talkY, size, {
      key: 'talk',
      bold: true,
      tone: last?.error && expression === null ? 'bad' : 'ink',
    }),
    ...centred(detail, talkY + lineHeight(type.huge), type.text, {
      key: 'detail',
      font: 'sans',
      bold: since !== null,
      tone: since === null ? 'soft' : 'ink',
      ...(since === null ? { term: 'fd' } : { term: 'working' }),
    }),
  ];
}

function threadView(
  thread: ThreadState,
  door: { x: number; y: number; width: number },
  {
    guest,
    y: guestY,
    listener,
    free,
  }: {
    guest: ConnectionState | null;
    y: number;
    listener: number | null;
    /** Where it may stand: beside the chair. */
    free: { from: number; to: number };
  },
  type: StageType,
  projector: boolean,
): NonNullable<SeatView['thread']> {
  const pose = poseOf(thread);
  const waits = new Set([...thread.read, ...thread.write]);
  const atDoor = thread.call === 'accept' || (listener !== null && waits.has(listener));
  const atClient = guest !== null && (thread.call === null || waits.has(guest.fd));
  const at = atDoor && atClient && thread.call !== null ? 'both' : atClient ? 'client' : 'door';
  const wanted = at === 'both' ? (door.y + guestY) / 2 : at === 'client' ? guestY : door.y;
  const size = type.large;
  const pad = 0.5 * size;
  const crossing = pose === 'blocked' || pose === 'writing';
  const away = crossing ? 0 : 0.9 * size;
  const via = poseVia(thread);
  const height =
    lineHeight(size) +
    (via === '' ? 0 : lineHeight(type.text)) +
    (projector ? 0 : lineHeight(type.tiny)) +
    0.4 * size;
  const y = Math.max(free.from, Math.min(wanted - height / 2, free.to - height));
  const block = { x: door.x + away, y, width: door.width - away, height };
  const place = { x: block.x + pad, width: Math.max(0, block.width - 2 * pad) };
  const call = new TextLine({ ...place, y: block.y + 0.2 * size }, size);
  const word = poseWord(thread);
  call.left(word, {
    key: 'call',
    bold: true,
    size:
      [size, type.text, type.small].find((each) => monoWidth(word.length, each) <= place.width) ??
      type.tiny,
    tone: pose === 'working' ? 'inverse' : 'ink',
    term: poseTerm(thread),
  });
  const under = new TextLine({ ...place, y: call.y + lineHeight(size) }, type.text);
  if (via !== '') under.left(via, { key: 'via', font: 'sans', term: poseTerm(thread) });
  const tidY = under.y + (via === '' ? 0 : lineHeight(type.text));
  const tid = new TextLine({ ...place, y: tidY }, type.tiny);
  if (!projector) {
    tid.left(`tid ${thread.tid}`, {
      key: 'tid',
      tone: pose === 'working' ? 'inverse' : 'soft',
      term: 'tid',
      least: 99,
    });
  }
  return {
    block,
    pose,
    at,
    waitsAt: crossing ? (at === 'both' ? [door.y, guestY] : [wanted]) : [],
    labels: [...call.labels, ...under.labels, ...tid.labels],
    term: poseTerm(thread),
    seq: thread.last?.seq ?? null,
    words: `thread ${thread.tid}: ${describeThread(thread)}`,
  };
}

/** Lines that what is said at the door may take. */
const MOST_SPEECH = 3;

interface Speech {
  size: number;
  lines: number;
  /** Where it would take more: only how it begins. The sentence above the picture says the whole of it. */
  brief: boolean;
}

/** The letters in which what is said at the door takes few lines. */
function speechForm(width: number, type: StageType): Speech {
  const room = width - speechShape(type) - 3 * speechPad(type);
  const linesIn = (size: number): number => Math.ceil((SPEECH_LENGTH * 0.6264 * size) / room);
  const size = linesIn(type.text) <= MOST_SPEECH ? type.text : type.small;
  const brief = linesIn(size) > MOST_SPEECH;
  return { size, lines: brief ? 2 : linesIn(size), brief };
}

function speechShape({ large }: StageType): number {
  return 1.3 * large;
}

function speechPad({ tiny }: StageType): number {
  return 0.3 * tiny;
}

/** What the server said to the newest of those that it turned away, as long as that one is shown. */
function refusalView(
  server: ServerState,
  now: number,
  place: { x: number; y: number; width: number },
  speech: Speech,
  type: StageType,
): SeatView['refusal'] {
  const turnedAway = [...server.ended, ...Object.values(server.connections)].findLast(
    ({ refused, end }) => refused !== null && (end === null || now - end.t < GONE_SHOWN),
  );
  if (!turnedAway) return null;
  const size = speechShape(type);
  const pad = speechPad(type);
  const shape = { x: place.x + pad + size / 2, y: place.y + pad + size / 2, size };
  const x = shape.x + size / 2 + pad;
  const text = { x, y: place.y + pad, width: Math.max(0, place.x + place.width - pad - x) };
  const whole = said(turnedAway.refused ?? '');
  const reason = speech.brief ? whole.replace(/:.*/, ': …') : whole;
  const told = turnedAway.refusalSent > 0 ? `is told “${reason}”` : 'was gone before it was told';
  const words = `${clientName(server, turnedAway)} ${told}`;
  const labels = wrapped(words, text, speech.size, speech.lines, {
    key: 'told',
    bold: true,
    tone: 'bad',
  });
  const height = Math.max(size, labels.length * lineHeight(speech.size)) + 2 * pad;
  const identity = connectionIdentity(server.id, turnedAway.id);
  return { rect: { ...place, height }, shape, identity, labels };
}
