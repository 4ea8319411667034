/**
 * Random states of a server on screens of lectures: no text outside of its band, none over another, and no number
 * that is cut. `STATES=10000` looks at more of them.
 */

import type { LabFact, ServerId } from '@sockscope/tcp-core/trace/events';
import { expect, it } from 'vitest';
import type { StageSize } from '../src/view/geometry.ts';
import { clientRows } from '../src/view/panel/client-rows.ts';
import { stageLayout } from '../src/view/stage/layout.ts';
import { processPicture, type ProcessPicture } from '../src/view/stage/process/process-picture.ts';
import { aStage, socketOf } from './a-stage.ts';
import { isInside, isOver, lettersOf, textsIn } from './stage-texts.ts';

const STATES = Number(process.env['STATES'] ?? 240);

/** The picture on each of these screens, as the page gives it a size. */
const sizes: readonly StageSize[] = [
  { width: 893, height: 384, unit: 16, projector: false }, // 1280 × 720
  { width: 656, height: 430, unit: 14.6, projector: false }, // 1024 × 768
  { width: 1340, height: 640, unit: 22, projector: false }, // 1920 × 1080
  { width: 820, height: 384, unit: 16, projector: false }, // 844 × 390
  { width: 1246, height: 328, unit: 26.4, projector: true },
  { width: 990, height: 328, unit: 25.6, projector: true },
  { width: 1870, height: 560, unit: 37.6, projector: true },
];

/** What clients say, and what they are answered. */
const talk: readonly (readonly [string, string])[] = [
  ['22 + 44', '66'],
  ['2^64', '18446744073709551616'],
  ['7/2', '3.5'],
  ['1/0', 'error: division by zero'],
  ['x', 'error: unknown name x at character 1'],
  ['(((1)', 'error: a ) is missing at character 6'],
  ['1'.repeat(70), '1'.repeat(70)],
  ['9^9^9^9', 'error: the result is too large'],
  ['grüß dich, hier ist viel Text', 'error: unknown name grüß at character 1'],
  ['-0.000000001', '-0.000000001'],
];

/** Numbers from 0 up to `below`, the same for the same seed (a linear congruential generator). */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function aPicture(seed: number): { picture: ProcessPicture; size: StageSize; what: string } {
  const pick = random(seed);
  const one = <T>(of: readonly T[]): T => of[pick(of.length)]!;
  for (let skipped = 0; skipped < 8; skipped += 1) pick(2);
  const id = one(['server1', 'server2', 'server3', 'server4'] as const);
  const clients = id === 'server1' ? pick(2) : one([0, 1, 2, 3, 5, 8, 12, 30, 60, 300]);
  const words = ['refused', 'reset', 'waiting', 'slow', 'spare', 'unsampled', 'queue', 'refuse'];
  // An echo calculates nothing.
  const chosen = words.filter((word) => pick(4) === 0 && (word !== 'slow' || id !== 'server4'));
  // Only the policy that says busy turns somebody away with words.
  const more = chosen
    .filter(
      (word) => word !== 'refused' || !chosen.some((each) => each === 'queue' || each === 'refuse'),
    )
    .join(' ');
  const { lab } = aStage(id, clients, more);
  const thread = id === 'server2' ? 11 : 1;
  for (let said = pick(8); said > 0 && clients > 0; said -= 1) {
    const [message, reply] = one(talk);
    const connection = 1 + pick(Math.min(clients, 12));
    lab.say(id, connection, 23 + connection, message, reply);
  }
  if (clients > 0 && id !== 'server4' && pick(3) === 0) {
    const [message] = one(talk);
    lab.happen(id, thread, { type: 'evaluating', connection: 1, fd: 24, message });
  }
  if (pick(3) === 0) lab.happen(id, null, unread(clients, pick));
  if (pick(6) === 0) lab.happen(id, 1, { type: 'listenerClosed', fd: 20 });
  if (clients > 0 && pick(4) === 0) name(lab, id, 1 + pick(Math.min(clients, 4)));
  lab.t += one([0, 400_000, 12_000_000, 700_000_000]);
  const server = lab.lab.servers[id]!;
  const size = one(sizes);
  const layout = stageLayout(server, clientRows(server, [], lab.t), size);
  const what = `seed ${seed}: ${id}, ${clients} clients, ${more}, ${size.width}`;
  return { picture: processPicture(server, layout, size.projector), size, what };
}

function name(lab: ReturnType<typeof aStage>['lab'], id: ServerId, connection: number): void {
  const called = 'Ada Lovelace, Countess of';
  const whose = { connection, client: 'browser', session: 's', name: called } as const;
  lab.happen(id, null, { type: 'identified', ...whose });
}

function unread(clients: number, pick: (below: number) => number): LabFact {
  return {
    type: 'sampled',
    acceptQueue: 0,
    waiting: [],
    timeWait: pick(400),
    connections: Array.from({ length: Math.min(clients, 9) }, (_, index) => ({
      ...socketOf(index + 1),
      connection: index + 1,
      receive: pick(300_000),
    })),
  };
}

function faultsOf({ picture, size, what }: ReturnType<typeof aPicture>): string[] {
  const texts = textsIn(picture);
  const { bands } = picture.layout;
  const screen = { x: 0, y: 0, width: size.width, height: picture.layout.height };
  const faults: string[] = [];
  for (const [index, { band, label }] of texts.entries()) {
    if (!isInside(label, band === null ? screen : bands[band]))
      faults.push(`${what}: outside ${band ?? 'the picture'}: ${label.text}`);
    // A number that goes on behind the dots is another number.
    if (/^-?[\d.]+…$/.test(label.text)) faults.push(`${what}: a number is cut: ${label.text}`);
    for (const { label: other } of texts.slice(index + 1))
      if (isOver(lettersOf(label), lettersOf(other)))
        faults.push(`${what}: ${label.text} / ${other.text}`);
  }
  return faults;
}

it(`in ${STATES} random states no text is outside, over another, or a cut number`, () => {
  const faults = Array.from({ length: STATES }, (_, seed) => faultsOf(aPicture(seed))).flat();
  expect(faults.slice(0, 20)).toEqual([]);
}, 600_000);
