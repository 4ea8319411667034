/** A connection as the kernel holds it: its descriptor, TCP state and the bytes in its two queues. */

import type { TcpState } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { monoWidth, type Rect, type ShapePlace } from '../../geometry.ts';
import { count } from '../../words/words.ts';
import type { Candidate, FoldedRows } from '../choose-rows.ts';
import { lineHeight, stack, TextLine, type Label, type StageType } from '../label.ts';
import { bytesShort, receiveBar, sendBar, type QueueBar } from './kernel-socket.ts';

interface BarView {
  queue: 'receive' | 'send';
  rect: Rect;
  /** 0 to 1. */
  fill: number;
  bytes: number;
  words: string;
}

export interface KernelRowView {
  rect: Rect;
  shape: ShapePlace;
  labels: Label[];
  bars: BarView[];
  /** The sampled state; null before the first sample, and where there are none. */
  tcp: TcpState | null;
  /** It is closed: drawn pale. */
  closed: boolean;
  words: string;
}

/** Null for those that the kernel does not hold as a connection of the server: not accepted, refused. */
export function kernelRowView(
  server: ServerState,
  { connection, row }: Candidate,
  rect: Rect,
  type: StageType,
  projector: boolean,
): KernelRowView | null {
  if (!connection) return null;
  const closed = connection.end !== null;
  const socket = closed || server.unobservable !== null ? null : connection.kernel;
  const pad = 0.4 * type.tiny;
  const tall = rect.height >= 2.1 * lineHeight(type.small) + pad && !closed;
  const size = tall
    ? rect.height >= lineHeight(type.large) + lineHeight(type.text) + 2 * pad
      ? type.large * 0.95
      : type.small
    : ([type.text, type.small].find((each) => lineHeight(each) <= rect.height) ?? type.tiny);
  const second = tall ? (size > type.text ? type.text : type.small) : size;
  const shapeSize = Math.min(rect.height, 1.15 * size);
  const middle = rect.y + rect.height / 2;
  const shape = { x: rect.x + pad + shapeSize / 2, y: middle, size: shapeSize };
  const x = shape.x + shapeSize / 2 + pad;
  const width = Math.max(0, rect.x + rect.width - pad - x);
  const height = lineHeight(size) + (tall ? lineHeight(second) : 0);
  const top = middle - height / 2;

  const first = new TextLine({ x, y: top, width }, size);
  if (!projector) {
    const name = width < monoWidth(20, size) ? `${connection.fd}` : `fd ${connection.fd}`;
    first.left(name, { key: 'fd', bold: true, term: 'fd', least: 99 });
  }
  const stateWords = closed ? 'closed' : (socket?.tcp ?? (server.unobservable === null ? '…' : ''));
  const short =
    first.room < (tall ? 0 : 1) * monoWidth(30, size) ? shortState(stateWords) : stateWords;
  first.left(short, {
    key: 'state',
    tone: socket === null ? 'soft' : 'ink',
    ...(socket ? { term: socket.tcp } : {}),
    bold: socket !== null && socket.tcp !== 'ESTABLISHED',
    least: 4,
  });

  if (server.unobservable !== null && !closed) {
    const term = 'not observable here';
    const small = { font: 'sans', tone: 'soft', size: type.small, least: 99 } as const;
    first.left(term, { ...small, key: 'unobservable', term });
  }

  const bars: BarView[] = [];
  const barLabels: Label[] = [];
  if (socket) {
    const line = tall
      ? { x, y: top + lineHeight(size), width }
      : { x: first.at, y: top, width: first.room };
    const barSize = tall ? second : type.tiny;
    const barY = line.y + (tall ? 0 : 0.5 * (lineHeight(size) - lineHeight(barSize)));
    const both = [
      { queue: 'receive', short: 'recv', bar: receiveBar(socket, connection.peerClosed) },
      { queue: 'send', short: 'send', bar: sendBar(socket) },
    ] as const;
    // Where there is no room for two, an empty queue is not drawn.
    const cramped = line.width < monoWidth(12, barSize);
    const full = both.filter(({ bar }) => bar.fill > 0);
    const listed = cramped && full.length > 0 ? full : both;
    const part = (line.width - (listed.length - 1) * pad) / listed.length;
    listed.forEach(({ queue, short: name, bar }, index) => {
      const at = { x: line.x + index * (part + pad), y: barY, width: part };
      const drawn = drawBar(at, barSize, queue, name, bar);
      bars.push(...drawn.bars);
      barLabels.push(...drawn.labels);
    });
  }
  const queues = bars.map(({ words }) => words).join(', ');
  const words = [
    `fd ${connection.fd}, client ${row.from}: ${stateWords || 'not observable here'}`,
    queues,
  ]
    .filter((text) => text !== '')
    .join('; ');
  return {
    rect,
    shape,
    labels: [...first.labels, ...barLabels],
    bars,
    tcp: socket?.tcp ?? null,
    closed,
    words,
  };
}

function drawBar(
  at: { x: number; y: number; width: number },
  size: number,
  queue: 'receive' | 'send',
  name: string,
  bar: QueueBar,
): { bars: BarView[]; labels: Label[] } {
  const line = new TextLine(at, size, 0.35 * size);
  // The name becomes an arrow where it is narrow, in the direction of the bytes; the figure stays.
  const named = at.width >= monoWidth(10.5, size);
  const arrow = queue === 'receive' ? '→' : '←';
  const term = `${queue} queue`;
  if (named || at.width >= monoWidth(4, size)) {
    line.left(named ? name : arrow, { key: `${queue}-name`, tone: 'soft', term });
  }
  const most = line.room - 0.9 * size;
  // "256K" where "256 KiB" has no room, as `ls -h` writes it.
  const brief = bar.text
    .replace(/ ?([KM])iB/, '$1')
    .replace(/ B/, '')
    .replace(' + FIN', '+FIN');
  const text = [bar.text, brief].find((each) => monoWidth(each.length, size) <= most);
  if (text !== undefined) {
    line.right(text, { key: `${queue}-bytes`, bold: bar.text !== '0', term });
  }
  const height = 0.62 * size;
  const rect = {
    x: line.at,
    y: at.y + (lineHeight(size) - height) / 2,
    width: Math.max(0, Math.min(line.room, 6 * size)),
    height,
  };
  const words = `${queue} queue ${bar.text}`;
  return { bars: [{ queue, rect, fill: bar.fill, bytes: bar.bytes, words }], labels: line.labels };
}

/** As `ss` prints it. */
function shortState(words: string): string {
  return words === 'ESTABLISHED' ? 'ESTAB' : words;
}

/** The states and queues of those that are not drawn one by one, added up. */
export function foldedKernelLabels(
  server: ServerState,
  folded: FoldedRows,
  rect: Rect,
  type: StageType,
): Label[] {
  const pad = 0.6 * type.tiny;
  const place = { x: rect.x + pad, width: rect.width - 2 * pad };
  if (server.unobservable !== null) {
    return stack(place, rect, [
      { text: 'not observable here', size: type.text, bold: false, term: 'not observable here' },
    ]);
  }
  return stack(place, rect, [
    ...folded.states.slice(0, 3).map(({ tcp, count: many }) => ({
      text: `${count(many)} ${tcp}`,
      size: type.large,
      bold: true,
      term: tcp,
    })),
    ...(folded.unsampled > 0
      ? [
          {
            text: `${count(folded.unsampled)} not sampled yet`,
            size: type.text,
            bold: false,
            term: 'not sampled yet',
          },
        ]
      : []),
    // Of those that nothing is known of, nothing is said.
    ...(folded.unsampled > 0 && folded.states.length === 0 ? [] : queueLines(folded, type)),
  ]);
}

function queueLines(folded: FoldedRows, type: StageType) {
  return [
    {
      text: `receive queues ${bytesShort(folded.receive)}`,
      size: type.text,
      bold: false,
      term: 'receive queue',
    },
    {
      text: `send queues ${bytesShort(folded.send)}`,
      size: type.text,
      bold: false,
      term: 'send queue',
    },
  ];
}
