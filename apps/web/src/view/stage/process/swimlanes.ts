/** Server 2's process: the thread that accepts at the door, and a lane for each client's thread. */

import type {
  ConnectionState,
  ServerState,
  ThreadState,
} from '@sockscope/tcp-core/trace/lab-state';
import type { Rect, ShapePlace } from '../../geometry.ts';
import { connectionIdentity, type Identity } from '../../identity.ts';
import { describeThread } from '../../words/describe-thread.ts';
import { clientName } from '../../words/names.ts';
import { blockedWords, callWords, sleepOf, waitOf, waitWords } from '../../words/waiting.ts';
import { count, seconds } from '../../words/words.ts';
import {
  firstThatFits,
  lineHeight,
  stack,
  textWidth,
  TextLine,
  type Label,
  type StageType,
} from '../label.ts';
import type { StageLayout } from '../layout.ts';
import { poseOf, poseTerm, poseVia, poseWord, calculated, type ThreadPose } from './threads.ts';

interface LaneView {
  key: string;
  /** Null: there is none (yet, or any more). */
  thread: number | null;
  tid: number | null;
  connection: number | null;
  identity: Identity | null;
  /** Where the shape of whom it serves stands; null where there is no room for a name. */
  shape: ShapePlace | null;
  /** The lane, and the thread in it. */
  rect: Rect;
  block: Rect;
  pose: ThreadPose | 'gone';
  labels: Label[];
  term: string;
  /** The event that brought the thread here, or null. */
  seq: number | null;
  words: string;
}

export interface LanesView {
  /** First the thread that accepts. */
  lanes: LaneView[];
  folded: Label[];
  /** How many are in `recv` and drawn without words, or not at all. */
  idle: number;
  /** How many wait for a client. */
  spare: number;
}

/** More threads than this that only wait in recv are counted instead of named. */
export const MOST_IDLE = 12;

export function lanesView(server: ServerState, layout: StageLayout, projector: boolean): LanesView {
  const { type } = layout;
  const threads = Object.values(server.threads);
  const serving = new Map<number, ThreadState>();
  let acceptor: ThreadState | null = null;
  let spare = 0;
  for (const thread of threads) {
    if (thread.role === 'acceptor') acceptor = thread;
    else if (thread.call === 'parked') spare += 1;
    if (thread.role !== 'client' || thread.connection === null) continue;
    serving.set(thread.connection, thread);
  }

  const lanes: LaneView[] = [];
  if (acceptor) {
    const place = { key: 'acceptor', rect: layout.door.process, now: layout.now };
    lanes.push(lane(server, acceptor, place, type, projector));
  }
  let named = 0;
  const undrawn = new Set(serving.values());
  for (const { connection, lane: rect, key } of layout.rows) {
    if (connection === null) continue;
    const thread = serving.get(connection);
    if (!thread) {
      lanes.push(emptyLane(server, connection, { key, rect, now: layout.now }, type));
      continue;
    }
    if (thread.call === 'recv' && named === MOST_IDLE) continue;
    if (thread.call === 'recv') named += 1;
    undrawn.delete(thread);
    lanes.push(lane(server, thread, { key, rect, now: layout.now }, type, projector));
  }

  let idle = 0;
  let busy = 0;
  /** The idle ones by what they are told to be blocked in. */
  const inRecv = new Map<string, number>();
  for (const thread of undrawn) {
    const sleep = sleepOf(thread);
    if (sleep?.call === 'recv') {
      const inCall = blockedWords(sleep);
      inRecv.set(inCall, (inRecv.get(inCall) ?? 0) + 1);
      idle += 1;
    } else if (thread.call !== 'parked') busy += 1;
  }
  const words = [
    ...Array.from(inRecv, ([inCall, number]) => ({
      text: `+${count(number)} ${inCall}`,
      term: inCall,
    })),
    busy > 0 ? { text: `+${count(busy)} at work`, term: 'working' } : null,
    spare > 0 ? { text: `+${count(spare)} ${callWords('parked')}`, term: 'thread' } : null,
  ].filter((each) => each !== null);
  return { lanes, folded: foldedLabels(words, layout), idle, spare };
}

/** Counted threads are told where the counted clients are, else at the bottom of the door's strip. */
function foldedLabels(
  words: readonly { text: string; term: string }[],
  { folded, door, type }: StageLayout,
): Label[] {
  if (folded) {
    const pad = 0.6 * type.tiny;
    const place = { x: folded.process.x + pad, width: folded.process.width - 2 * pad };
    return stack(
      place,
      folded.process,
      words.map((each) => ({ ...each, size: type.large, bold: true })),
    );
  }
  const rect = door.process;
  const line = new TextLine(
    {
      x: rect.x + type.tiny,
      y: rect.y + rect.height - lineHeight(type.text),
      width: rect.width - 2 * type.tiny,
    },
    type.text,
  );
  for (const { text, term } of words) {
    line.left(text, { font: 'sans', tone: 'soft', term, least: text.length });
  }
  return line.labels;
}

interface LanePlace {
  key: string;
  rect: Rect;
  /** The lab's clock, microseconds. */
  now: number;
}

/** Whom the thread that accepts has no thread for; null while it does not wait for one. */
function withoutThread(server: ServerState): ConnectionState | null {
  const open = Object.values(server.connections);
  return open.find((connection) => waitOf(server, connection)?.for === 'thread') ?? null;
}

function lane(
  server: ServerState,
  thread: ThreadState,
  { key, rect, now }: LanePlace,
  type: StageType,
  projector: boolean,
): LaneView {
  const pose = poseOf(thread);
  const atDoor = thread.role === 'acceptor';
  const connection = atDoor ? null : thread.connection;
  const height = atDoor ? rect.height - lineHeight(type.text) - 0.5 * type.tiny : rect.height;
  const size =
    [type.large, type.text, type.small].find((each) => lineHeight(each) <= height) ?? type.tiny;
  const tall = height >= lineHeight(size) + 0.6 * size;
  const blockHeight = Math.min(height, lineHeight(size) + (tall ? 0.6 * size : 0));
  const y = rect.y + (height - blockHeight) / 2;
  const crossing = pose === 'blocked' || pose === 'writing';
  // Blocked: at the line, in front of the call. At work: away from it, in the process.
  const handsOver = thread.call === 'handoff';
  const away = crossing ? 0 : Math.min((handsOver ? 1 : 3) * size, 0.15 * rect.width);
  const pad = 0.5 * size;
  const line = new TextLine(
    {
      x: rect.x + away + pad,
      y: y + (blockHeight - lineHeight(size)) / 2,
      width: Math.max(0, rect.width - away - 2 * pad),
    },
    size,
    pad,
  );
  const serves = connection === null ? undefined : server.connections[connection];
  const shape = serves ? nameFirst(line, clientName(server, serves), pose) : null;
  line.left(handsOver ? noThreadWords(server, 'starts a thread') : poseWord(thread), {
    key: 'call',
    ...(handsOver ? { font: 'sans', size: type.text } : {}),
    bold: true,
    tone: pose === 'working' ? 'inverse' : 'ink',
    term: poseTerm(thread),
  });
  const block = {
    x: rect.x + away,
    y,
    width: Math.max(0, line.at - rect.x - away),
    height: blockHeight,
  };
  line.skip(0);
  const tid = projector ? '' : `tid ${thread.tid}`;
  const expression = calculated(thread);
  const waiting = handsOver ? withoutThread(server) : null;
  const name = waiting ? clientName(server, waiting) : '';
  if (waiting) {
    const waited = seconds(now - waiting.openedAt);
    const text = firstThatFits(
      [`${name} waits ${waited}`, `${name}: ${waited}`],
      line.room,
      Math.min(size, type.text),
      'sans',
      true,
    );
    if (text !== null)
      line.left(text, { key: 'waits', font: 'sans', bold: true, tone: 'bad', size: type.text });
  } else if (expression !== null)
    line.left(expression, { key: 'expression', bold: true, least: 3 });
  else if (crossing) {
    const word = pose === 'writing' ? 'writing' : 'blocked';
    const via = poseVia(thread);
    const words = via === '' ? [word] : [`${word} ${via}`, via];
    const tone = pose === 'writing' ? ('ink' as const) : ('soft' as const);
    const bold = pose === 'writing';
    // Beside the tid, if that is possible.
    const text = [line.room - textWidth(tid, type.small, 'mono') - pad, line.room]
      .map((room) => firstThatFits(words, room, type.text, 'sans', bold))
      .find((fitting) => fitting !== null);
    if (text !== undefined)
      line.left(text, { key: 'pose', font: 'sans', tone, bold, size: type.text });
  }
  if (tid !== '') {
    line.right(tid, {
      key: 'tid',
      tone: 'soft',
      term: 'tid',
      least: 99,
      size: type.small,
    });
  }
  return {
    key,
    thread: thread.id,
    tid: thread.tid,
    connection,
    identity: connection === null ? null : connectionIdentity(server.id, connection),
    shape,
    rect: { ...rect, height },
    block,
    pose,
    labels: line.labels,
    term: poseTerm(thread),
    seq: thread.last?.seq ?? null,
    words: [
      serves ? `${clientName(server, serves)}, thread ${thread.tid}` : `thread ${thread.tid}`,
      ...(atDoor ? [', accepts'] : []),
      `: ${describeThread(thread)}`,
      ...(waiting ? [`; ${name} has none`] : []),
    ].join(''),
  };
}

/** The shape and the name of whom a thread serves, at the left end of its line. */
function nameFirst(line: TextLine, name: string, pose: ThreadPose): ShapePlace | null {
  const { size } = line;
  const options = {
    key: 'name',
    font: 'sans',
    bold: true,
    tone: pose === 'working' ? 'inverse' : 'ink',
    most: 0.25 * line.room,
    least: 2,
  } as const;
  // With so little room the row's own name has to do.
  if (line.room < 14 * size) return null;
  const x = line.skip(size);
  line.left(name, options);
  return { x: x + 0.5 * size, y: line.y + 0.5 * lineHeight(size), size };
}

/** Where every thread that may be is busy, that; while one more may start, `starts`. */
function noThreadWords({ threads, settings }: ServerState, starts: string): string {
  const there = Object.values(threads).filter(({ role }) => role === 'client').length;
  return there < settings.maxThreads ? starts : 'no free thread';
}

/** A connection without a thread: it is still to get one, or the thread has left it. */
function emptyLane(
  server: ServerState,
  connection: number,
  { key, rect, now }: LanePlace,
  type: StageType,
): LaneView {
  const open = server.connections[connection];
  const wait = open ? waitOf(server, open) : null;
  const noThread = noThreadWords(server, 'no thread yet');
  const why = wait?.for === 'thread' ? `${noThread}: ${waitWords(wait, now)}` : 'no thread yet';
  const size = lineHeight(type.text) <= rect.height ? type.text : type.tiny;
  const pad = 0.5 * size;
  const y = rect.y + (rect.height - lineHeight(size)) / 2;
  const line = new TextLine({ x: rect.x + pad, y, width: rect.width - 2 * pad }, size);
  line.left(open ? why : 'gone', {
    key: 'call',
    font: 'sans',
    tone: wait ? 'bad' : 'soft',
    bold: wait !== null,
    term: 'thread',
    least: 4,
  });
  return {
    key,
    thread: null,
    tid: null,
    connection,
    identity: connectionIdentity(server.id, connection),
    shape: null,
    rect,
    block: { x: rect.x, y, width: line.at - rect.x, height: lineHeight(size) },
    pose: 'gone',
    labels: line.labels,
    term: 'thread',
    seq: null,
    words: !open ? 'its thread has left it' : wait ? why : 'has no thread yet',
  };
}
