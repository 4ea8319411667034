/**
 * Which of the gateway's own sockets accept may have returned, for one server and one address pair.
 *
 * Several sockets can have the same address and port one after the other: when a client resets, its
 * pair is free at once, while the dead connection stays in the accept queue. So a port alone says
 * nothing. What is certain is this: the queue is first in, first out; a pair has one living owner at a
 * time; and whatever was alive when accept returned it has the pair from then on. All assignments
 * that agree with that are gone through; what they have in common is known.
 *
 * Times are microseconds on the lab's clock.
 */

/** A socket of the gateway. Infinity: not so far. */
export interface OwnTimes {
  /** When connect(2) was called. */
  readonly began: number;
  /** When the kernel had given it its port. */
  boundAt: number;
  /** When it was known to be connected. */
  connectedAt: number;
  /** The first sign that it may be gone: its end was seen, or is about to be made here. */
  leftAt: number;
  /** When its RST had been sent. */
  resetAt: number;
  /** When a listener was closed, so that it may be dead, though the gateway has not seen it. */
  resetFrom: number;
  /** When the listener that it is queued at was closed. */
  doomedAt: number;
  /** The accept queue was seen to be without it, or the server to have ended it, by then. */
  acceptedBy: number;
  /** It may never have come into the queue, or have been thrown out with it. */
  mayBeLost: boolean;
}

/** What accept returned. `label` is what has been decided: null for somebody else's. */
export interface AcceptedTimes<Own extends OwnTimes> {
  readonly t: number;
  /** It was reset before accept returned it. */
  readonly reset: boolean;
  /** Times at which its client had not reset it, oldest first. */
  readonly aliveAt: number[];
  label: Own | null | undefined;
}

/** How far two threads' readings of the clock may be apart. */
const CLOCK_US = 50;

/** An RST crosses the loopback in microseconds, on a busy machine when the kernel gets to it. */
const RST_US = 100_000;

/** A handshake that took longer had to send its SYN again (after one second, RFC 6298). */
const SYN_AGAIN_US = 900_000;

/**
 * For each accepted connection, in the order of accept, all that it can be: one of `owns`, which are
 * in the order of their connects, or null. An empty set means that the facts contradict each other.
 */
export function possibleLabels<Own extends OwnTimes>(
  owns: readonly Own[],
  accepts: readonly AcceptedTimes<Own>[],
): Set<Own | null>[] {
  const strict = labelsOf(owns, accepts, (own) => own.mayBeLost || own.doomedAt < Infinity);
  if (strict.every((labels) => labels.size > 0)) return strict;
  return labelsOf(owns, accepts, () => true);
}

/**
 * Walks a grid: at (i, j) the first i connections have their labels, and the first j of `owns` are
 * accepted or lost. A step on the way from (0, 0) to an end that is possible is a label that is.
 */
function labelsOf<Own extends OwnTimes>(
  owns: readonly Own[],
  accepts: readonly AcceptedTimes<Own>[],
  mayBeLost: (own: Own) => boolean,
): Set<Own | null>[] {
  const rows = accepts.length;
  const columns = owns.length;
  // Not if somebody was alive while the address pair was its own: that was itself, accepted.
  const isLost = owns.map(
    (own) =>
      own.connectedAt === Infinity ||
      (mayBeLost(own) && !accepts.some(({ aliveAt }) => aliveAt.some((t) => isOwner(own, t)))),
  );
  const grid = (): boolean[][] =>
    Array.from({ length: rows + 1 }, () => Array<boolean>(columns + 1).fill(false));

  const mayBeExternal = (i: number, j: number): boolean => isExternal(accepts[i]!, owns, j);
  const mayBeOwn = (i: number, j: number): boolean => isOwn(accepts[i]!, owns, j);

  // From the end: can (i, j) be completed? What is left of `owns` waits in the queue.
  const ends = grid();
  for (let i = rows; i >= 0; i--)
    for (let j = columns; j >= 0; j--)
      ends[i]![j] =
        (i === rows && owns.slice(j).every(({ acceptedBy }) => acceptedBy === Infinity)) ||
        (j < columns && isLost[j]! && ends[i]![j + 1]!) ||
        (i < rows && mayBeExternal(i, j) && ends[i + 1]![j]!) ||
        (i < rows && j < columns && mayBeOwn(i, j) && ends[i + 1]![j + 1]!);

  // From the beginning: can (i, j) be reached?
  const labels = accepts.map(() => new Set<Own | null>());
  const begins = grid();
  begins[0]![0] = true;
  for (let i = 0; i <= rows; i++)
    for (let j = 0; j <= columns; j++) {
      if (!begins[i]![j] || !ends[i]![j]) continue;
      if (j < columns && isLost[j]) begins[i]![j + 1] = true;
      if (i === rows) continue;
      if (mayBeExternal(i, j) && ends[i + 1]![j]) {
        begins[i + 1]![j] = true;
        labels[i]!.add(null);
      }
      if (j < columns && mayBeOwn(i, j) && ends[i + 1]![j + 1]) {
        begins[i + 1]![j + 1] = true;
        labels[i]!.add(owns[j]!);
      }
    }
  return labels;
}

/** Whether it can be somebody else's, with `owns` from `next` on still to be accepted. */
function isExternal<Own extends OwnTimes>(
  { label, aliveAt }: AcceptedTimes<Own>,
  owns: readonly Own[],
  next: number,
): boolean {
  return !label && isBefore(aliveAt, owns.slice(next));
}

/** Whether it can be `owns[j]`, with the later ones still to be accepted. */
function isOwn<Own extends OwnTimes>(
  { label, t, reset, aliveAt }: AcceptedTimes<Own>,
  owns: readonly Own[],
  j: number,
): boolean {
  const own = owns[j]!;
  if (label !== undefined && label !== own) return false;
  if (t < own.began - CLOCK_US || t > own.acceptedBy + CLOCK_US || t >= own.doomedAt) return false;
  if (reset && own.leftAt > t) return false;
  return aliveAt.every((at) => at <= own.resetAt + RST_US) && isBefore(aliveAt, owns.slice(j + 1));
}

/** Whether it can have been in the queue before all of these: it was dead when they had its pair. */
function isBefore(aliveAt: readonly number[], owns: readonly OwnTimes[]): boolean {
  return owns.every((own) => aliveAt.every((t) => t <= surelyFrom(own)));
}

/** Whether the address pair was this socket's at that time, and no other's. */
function isOwner(own: OwnTimes, t: number): boolean {
  return t > surelyFrom(own) && t < Math.min(own.leftAt, own.resetFrom) - CLOCK_US;
}

/** From when on the address pair was surely its own; Infinity while it is not connected. */
function surelyFrom({ began, boundAt, connectedAt }: OwnTimes): number {
  if (connectedAt === Infinity) return Infinity;
  // Else the server still had an older connection with the pair when the port was given out.
  const isQuick = connectedAt - began < SYN_AGAIN_US;
  return (isQuick ? Math.min(boundAt, connectedAt) : connectedAt) + CLOCK_US;
}
