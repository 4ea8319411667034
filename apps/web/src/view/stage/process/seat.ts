/** Server 1's process: one chair, who sits in it, and the one thread at the call it is blocked in. */

import type {
  ConnectionState,
  ServerState,
  ThreadState,
} from '@sockscope/tcp-core/trace/lab-state';
import type { BusyPolicy } from '@sockscope/tcp-core/trace/settings';
import { monoWidth, sansWidth, type Rect, type ShapePlace } from '../../geometry.ts';
import { connectionIdentity, identityWords, type Identity } from '../../identity.ts';
import { describeThread } from '../../words/describe-thread.ts';
import { inAcceptQueue } from '../../words/waiting.ts';
import { bytesSaid, said } from '../../words/words.ts';
import { lineHeight, TextLine, wrapped, type Label, type StageType } from '../label.ts';
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
  /** The newest of those turned away: what it was told at the door. */
  refusal: { rect: Rect; shape: ShapePlace; identity: Identity | null; labels: Label[] } | null;
  labels: Label[];
  words: string;
}

const policyWords: Record<BusyPolicy, string> = {
  busy: 'busy: a second client is told so and turned away',
  refuse: 'refuse: while it serves, nothing listens',
  queue: `queue: a second client ${inAcceptQueue.note}`,
};

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
  const doorY = door.process.y + door.process.height / 2;

  const top = door.process.y;
  const bottom = process.y + process.height - 0.5 * pad;
  const whole = { x: process.x + pad, width: process.width - 2 * pad };
  const threadWidth = monoWidth(11, type.large) + pad;
  const right = { x: whole.x + threadWidth, width: Math.max(0, whole.width - threadWidth) };

  // From below: the policy, what was said, the chair. The door's part is kept free, so that the
  // chair stays where it is when somebody is turned away.
  const policy = projector ? '' : policyWords[server.settings.policy];
  const policyLines = projector ? 0 : sansWidth(policy, type.text) > whole.width ? 2 : 1;
  const policyTop = bottom - policyLines * lineHeight(type.text);
  const talkTop = policyTop - lineHeight(type.huge) - lineHeight(type.large) - 0.5 * pad;
  const chairTop = top + 2 * lineHeight(type.text) + 2 * pad;
  const room = talkTop - chairTop - 0.5 * pad;
  const side = Math.max(0, Math.min(room, 1.2 * right.width, 15 * type.text));
  const chair = {
    x: right.x + (right.width - 0.75 * side) / 2,
    y: talkTop - 0.5 * pad - side - 0.4 * Math.max(0, room - side),
    width: 0.75 * side,
    height: side,
  };
  const shape = {
    x: chair.x + 0.5 * chair.width,
    y: chair.y + 0.32 * chair.height,
    size: 0.42 * chair.height,
  };
  const labels = [
    ...guestLabels(guest, thread, { whole, centre: shape.x, y: talkTop }, type),
    ...wrapped(policy, { ...whole, y: policyTop }, type.text, policyLines, {
      key: 'policy',
      tone: 'soft',
    }),
  ];
  const threadBlock = thread
    ? threadView(
        thread,
        { x: process.x, y: doorY, width: threadWidth },
        { guest, y: Math.min(guestY, talkTop - 2 * type.large), listener: server.fd },
        type,
        projector,
      )
    : null;
  // At the door itself, unless the thread stands there.
  const isFree = threadBlock === null || threadBlock.block.y >= chairTop - pad;
  const atDoor = isFree
    ? { x: process.x + pad, width: process.width - 2 * pad, y: top }
    : { ...right, y: top };
  return {
    chair: {
      rect: chair,
      taken: guest !== null,
      shape,
      identity: guest ? connectionIdentity(server.id, guest.id) : null,
    },
    thread: threadBlock,
    refusal: refusalView(layout, atDoor, type),
    labels,
    words: guest
      ? `the chair is taken by ${identityWords(connectionIdentity(server.id, guest.id))}, fd ${guest.fd}`
      : 'the chair is empty',
  };
}

function guestLabels(
  guest: ConnectionState | null,
  thread: ThreadState | null,
  place: { whole: { x: number; width: number }; centre: number; y: number },
  type: StageType,
): Label[] {
  const { whole, centre, y } = place;
  /** Under the chair, and further left where it is too long for that. */
  const centred = (
    text: string,
    size: number,
    at: number,
    bold: boolean,
    key: string,
    tone: 'ink' | 'soft' | 'bad',
  ): Label[] => {
    const labels = new TextLine({ ...whole, y: at }, size).left(text, { key, bold, tone }).labels;
    return labels.map((label) => {
      const most = whole.x + whole.width - label.width;
      return { ...label, x: Math.max(whole.x, Math.min(centre - label.width / 2, most)) };
    });
  };
  if (!guest) return centred('empty', type.large, y, false, 'seat', 'soft');
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
  return [
    ...centred(talk, size, y, true, 'talk', last?.error && expression === null ? 'bad' : 'ink'),
    ...centred(
      `fd ${guest.fd}${expression === null ? '' : ' · calculating …'}`,
      type.large,
      y + lineHeight(type.huge),
      false,
      'seat',
      'soft',
    ),
  ];
}

function threadView(
  thread: ThreadState,
  door: { x: number; y: number; width: number },
  {
    guest,
    y: guestY,
    listener,
  }: { guest: ConnectionState | null; y: number; listener: number | null },
  type: StageType,
  projector: boolean,
): NonNullable<SeatView['thread']> {
  const pose = poseOf(thread);
  const waits = new Set([...thread.read, ...thread.write]);
  const atDoor = thread.call === 'accept' || (listener !== null && waits.has(listener));
  const atClient = guest !== null && (thread.call === null || waits.has(guest.fd));
  const at = atDoor && atClient && thread.call !== null ? 'both' : atClient ? 'client' : 'door';
  const y = at === 'both' ? (door.y + guestY) / 2 : at === 'client' ? guestY : door.y;
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
  const block = { x: door.x + away, y: y - height / 2, width: door.width - away, height };
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
    waitsAt: crossing ? (at === 'both' ? [door.y, guestY] : [y]) : [],
    labels: [...call.labels, ...under.labels, ...tid.labels],
    term: poseTerm(thread),
    seq: thread.last?.seq ?? null,
    words: `thread ${thread.tid}: ${describeThread(thread)}`,
  };
}

function refusalView(
  layout: StageLayout,
  place: { x: number; y: number; width: number },
  type: StageType,
): SeatView['refusal'] {
  // Those present come before those gone, and of those gone the newest first.
  const row = layout.rows.find(({ refusal }) => refusal !== null);
  if (!row) return null;
  const size = 1.3 * type.large;
  const pad = 0.3 * type.tiny;
  const shape = { x: place.x + pad + size / 2, y: place.y + pad + size / 2, size };
  const x = shape.x + size / 2 + pad;
  const text = { x, y: place.y + pad, width: Math.max(0, place.x + place.width - pad - x) };
  const reason = row.refusal ?? '';
  // A long one takes a third line of smaller words, where there are any.
  const isLong = sansWidth(reason, type.text) > 1.7 * text.width && type.small < type.text;
  const told = isLong ? { size: type.small, lines: 3 } : { size: type.text, lines: 2 };
  const labels = wrapped(reason, text, told.size, told.lines, {
    key: 'told',
    bold: true,
    tone: 'bad',
  });
  const height = Math.max(size, labels.length * lineHeight(told.size)) + 2 * pad;
  return { rect: { ...place, height }, shape, identity: row.identity, labels };
}
