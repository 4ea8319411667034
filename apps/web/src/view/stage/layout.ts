/**
 * The stage's picture: three bands, and in them a row for each client that is drawn. A pure function
 * of the state and the size; the components draw what it says.
 *
 * The same client has the same height in each band, so that a straight wire leads from its card to
 * its socket in the kernel and on to the thread that serves it.
 */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import type { Point, Rect, StageSize } from '../geometry.ts';
import type { Identity } from '../identity.ts';
import type { ClientPlace, ClientRows } from '../panel/client-rows.ts';
import {
  chooseInFront,
  foldRest,
  goneOf,
  isConnecting,
  presentOf,
  unlistedIn,
  type Candidate,
  type FoldedRows,
} from './choose-rows.ts';
import {
  cardForm,
  cardView,
  foldedLabels,
  tallyLabels,
  type CardView,
} from './clients/clients-band.ts';
import { sideBySide, stacked, type Bands } from './frame.ts';
import { queueView, type QueueView } from './kernel/accept-queue.ts';
import { foldedKernelLabels, kernelRowView, type KernelRowView } from './kernel/kernel-band.ts';
import { lineHeight, stageType, TextLine, type Label, type StageType } from './label.ts';
import {
  bandInset,
  FIRST_PLACES,
  rowRect,
  type Inset,
  type RowPlan,
  type Scale,
} from './places.ts';

export interface StageRow {
  key: string;
  /** Null while it is not accepted, and for those that the kernel refused. */
  connection: number | null;
  fd: number | null;
  place: ClientPlace;
  identity: Identity | null;
  /** The name in the log of a client that this page opened. */
  session: string | null;
  /** That client's id on the page. */
  client: string | null;
  /** The row in one sentence. */
  words: string;
  /** "A", or the name that it was given; "" while nobody knows. */
  name: string;
  /** The server makes it wait. */
  waits: boolean;
  /** What it was told when it was turned away; null for the others. */
  refusal: string | null;
  card: CardView;
  /** Where things leave its card and arrive at it. */
  at: Point;
  kernel: KernelRowView | null;
  /** Where the thread that serves it is drawn, beside the system-call line. */
  lane: Rect;
}

export interface StageLayout {
  /** The moment that it shows: the lab's clock in microseconds. */
  now: number;
  /** The bands are under each other and there are no wires. */
  narrow: boolean;
  bands: Bands;
  /** The system-call line between kernel and process: its x, or its y where it is narrow. */
  line: number;
  scale: Scale;
  type: StageType;
  /** The strips at the top of the bands: who is there, the listener, the thread that accepts. */
  door: Bands;
  rows: StageRow[];
  folded: { counts: FoldedRows; clients: Rect; kernel: Rect; process: Rect } | null;
  queue: QueueView;
  /** Names of the bands, tallies and notes. */
  labels: Label[];
  foldedLabels: { clients: Label[]; kernel: Label[] };
  wires: Wire[];
  /** Where a chip of this connection starts, rests and arrives, by connection. */
  anchors: ReadonlyMap<number, { client: Point; kernel: Point; process: Point }>;
  /** The y of a free strip of the process, through which what arrives reaches its descriptor; not everywhere. */
  across?: number;
  height: number;
}

/** From a card to its socket, or to the accept queue. */
interface Wire {
  key: string;
  identity: Identity | null;
  points: Point[];
  /** `waiting`: to the accept queue; `gone`: it leads nowhere any more. */
  kind: 'open' | 'waiting' | 'gone';
}

export function stageLayout(server: ServerState, rows: ClientRows, size: StageSize): StageLayout {
  const type = stageType(size);
  const present = presentOf(server, rows);
  const gone = goneOf(server, rows);
  const lists = listings(present, gone);
  const narrow = size.width < (size.projector ? 28 : 40) * size.unit;
  const crowd = {
    wishes: lists.map((list) => Math.max(0, ...list.values()) + 1),
    present: present.length,
    unlisted: unlistedIn(server.kernel),
  };
  const frame = narrow ? stacked(server.design, crowd, size, type) : sideBySide(crowd, size, type);
  const { bands, door, plan, areas } = frame;

  const list = plan.wish === null ? inFront(present, gone, plan.places) : lists[plan.wish];
  const shown = [...(list?.keys() ?? [])];
  const inset = bandInset(type);
  const form = cardForm(plan.pitch - plan.gap, type);
  const stageRows = Array.from(list ?? [], ([candidate, index]): StageRow => {
    const rect = rowRect(plan, index, areas.clients, inset);
    return {
      key: candidate.row.key,
      connection: candidate.connection?.id ?? null,
      fd: candidate.connection?.fd ?? null,
      place: candidate.row.place,
      identity: candidate.row.identity,
      session: candidate.row.session,
      client: candidate.row.client,
      words: candidate.row.words,
      refusal:
        candidate.row.place === 'refused' ? (candidate.row.reply ?? candidate.row.note) : null,
      name: candidate.row.name,
      waits: candidate.row.wait !== null,
      card: cardView(candidate, rect, form, type, size.projector, rows.now),
      at: { x: rect.x + rect.width, y: middleOf(rect) },
      kernel: kernelRowView(
        server,
        candidate,
        rowRect(plan, index, areas.kernel, inset),
        type,
        size.projector,
      ),
      lane: laneRect(plan, index, areas.process, inset),
    };
  });

  const counts = foldRest(server, present, shown);
  const folded =
    counts === null
      ? null
      : {
          counts,
          clients: below(areas.clients, plan, inset),
          kernel: below(areas.kernel, plan, inset),
          process: below(areas.process, plan, inset),
        };
  const waiting = Math.max(
    present.filter(({ row }) => row.place === 'waiting' && !isConnecting(row)).length,
    server.kernel?.acceptQueue ?? 0,
  );
  const wired = !narrow && plan.columns === 1;
  return {
    now: rows.now,
    narrow,
    bands,
    line: narrow ? bands.process.y : bands.process.x,
    scale: plan.scale,
    type,
    door,
    rows: stageRows,
    folded,
    queue: queueView(server, door.kernel, type, size.projector, rows),
    labels: [
      ...bandLabels(server, bands, size, type, narrow),
      ...tallyLabels(server, waiting, within(door.clients, inset), type),
    ],
    foldedLabels: {
      clients: folded ? foldedLabels(folded.counts, folded.clients, type) : [],
      kernel: folded ? foldedKernelLabels(server, folded.counts, folded.kernel, type) : [],
    },
    wires: wired ? wiresOf(stageRows, door.kernel) : [],
    anchors: anchorsOf(stageRows, bands.process, type),
    height: frame.height,
  };
}

/** Who has which place. */
type Listing = Map<Candidate, number>;

/**
 * Who could be listed where: everybody at the position that he has had since he came; without the gaps that
 * others have left, where there are too many; without those that are gone.
 */
function listings(present: readonly Candidate[], gone: readonly Candidate[]): Listing[] {
  const all = [...present, ...gone];
  const positions = new Map(all.map((candidate) => [candidate, candidate.row.position]));
  const isSparse = Math.max(0, ...positions.values()) >= 2 * Math.max(FIRST_PLACES, all.length);
  return [...(isSparse ? [] : [positions]), ranked(all), ranked(present)];
}

function ranked(candidates: readonly Candidate[]): Listing {
  const order = candidates.toSorted((a, b) => a.row.position - b.row.position);
  return new Map(order.map((candidate, rank) => [candidate, rank]));
}

/** Those in front, and the newest of those that are gone. */
function inFront(
  present: readonly Candidate[],
  gone: readonly Candidate[],
  places: number,
): Listing {
  const last = gone.slice(0, places > 2 ? 1 : 0);
  const chosen = chooseInFront(present, places - last.length);
  return new Map([...chosen, ...last].map((candidate, index) => [candidate, index]));
}

/** A lane begins at the system-call line. */
function laneRect(plan: RowPlan, index: number, area: Rect, inset: Inset): Rect {
  const rect = rowRect(plan, index, area, inset);
  if (plan.columns === 2) return rect;
  return { ...rect, x: area.x, width: area.width - inset.right };
}

function within({ x, width, ...rect }: Rect, { left, right }: Inset): Rect {
  return { ...rect, x: x + left, width: width - left - right };
}

function below(area: Rect, plan: RowPlan, inset: Inset): Rect {
  return {
    x: area.x + inset.left,
    y: area.y + area.height - plan.foldedHeight,
    width: area.width - inset.left - inset.right,
    height: plan.foldedHeight,
  };
}

function bandLabels(
  server: ServerState,
  bands: Bands,
  size: StageSize,
  type: StageType,
  narrow: boolean,
): Label[] {
  const { left, right } = bandInset(type);
  const line = (band: Rect): TextLine =>
    new TextLine(
      { x: band.x + left, y: band.y + 0.1 * type.tiny, width: band.width - left - right },
      type.text,
    );
  const name = { bold: true, tone: 'soft' } as const;
  const kernel = line(bands.kernel).left('KERNEL', { key: 'kernel', ...name });
  const process = line(bands.process).left('SERVER PROCESS', { key: 'process', ...name });
  const crossing = 'system calls';
  if (!size.projector && !narrow) {
    kernel.right(`${crossing} ▸`, {
      key: 'crossing',
      tone: 'soft',
      term: 'system call',
      least: 14,
    });
  }
  const timeWait = server.kernel?.timeWait ?? 0;
  const foot = new TextLine(
    {
      x: bands.kernel.x + left,
      y: bands.kernel.y + bands.kernel.height - lineHeight(type.tiny) - 0.15 * type.tiny,
      width: bands.kernel.width - left - right,
    },
    type.tiny,
  );
  if (timeWait > 0 && !size.projector && !narrow) {
    foot.left(`${timeWait} in TIME_WAIT`, { key: 'time-wait', tone: 'soft', term: 'TIME_WAIT' });
  }
  return [
    ...line(bands.clients).left('CLIENTS', { key: 'clients', ...name }).labels,
    ...kernel.labels,
    ...process.labels,
    ...foot.labels,
  ];
}

function wiresOf(rows: readonly StageRow[], listener: Rect): Wire[] {
  return rows.flatMap(({ key, place, identity, at: from, kernel }): Wire[] => {
    if (place === 'waiting') {
      // Up the gap between the bands and into the queue.
      const gutter = (from.x + listener.x) / 2;
      const y = listener.y + 0.75 * listener.height;
      const points = [from, { x: gutter, y: from.y }, { x: gutter, y }, { x: listener.x + 4, y }];
      return [{ key, identity, points, kind: 'waiting' }];
    }
    if (!kernel) return [];
    const kind = place === 'open' ? 'open' : 'gone';
    const to = { x: kernel.shape.x - kernel.shape.size / 2, y: middleOf(kernel.rect) };
    return [{ key, identity, points: [from, to], kind }];
  });
}

function anchorsOf(
  rows: readonly StageRow[],
  process: Rect,
  type: StageType,
): StageLayout['anchors'] {
  const bottom = process.y + process.height - type.large;
  const anchors = new Map<number, { client: Point; kernel: Point; process: Point }>();
  for (const { connection, at, kernel, lane } of rows) {
    if (connection === null || !kernel) continue;
    anchors.set(connection, {
      client: at,
      kernel: { x: kernel.rect.x + 0.55 * kernel.rect.width, y: middleOf(kernel.rect) },
      process: {
        x: lane.x + Math.min(0.5 * lane.width, 3 * type.large),
        y: Math.min(middleOf(lane), bottom),
      },
    });
  }
  return anchors;
}

function middleOf({ y, height }: Rect): number {
  return y + height / 2;
}
