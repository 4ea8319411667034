/**
 * What the clients of an audit will do: plain data, the same for the same seed. Acts follow each other;
 * within one, each client begins at its time and does one step after the other.
 */

import { Random } from '../random.mjs';

/** @typedef {import('../../packages/tcp-core/src/trace/events.ts').ServerId} ServerId */
/** @typedef {import('./traced-lab.mjs').Options} Options */

/**
 * `answers` and `bytes` wait until so much has come in all; `stop` reads no more until `read`; `end` waits for
 * the server's FIN.
 *
 * @typedef {{ do: 'send', text: string }
 *   | { do: 'bulk', bytes: number }
 *   | { do: 'answers', lines: number }
 *   | { do: 'bytes', bytes: number }
 *   | { do: 'pause', ms: number }
 *   | { do: 'stop' | 'read' | 'fin' | 'reset' | 'end' }} Step
 */

/**
 * A client. `from` is where it connects from: port 0 is a free one.
 *
 * @typedef {{ number: number, server: ServerId, atMs: number, from: { address: string, port: number }, steps: Step[] }} Client
 */

/**
 * `settings`: these servers are restarted first. `restarts`: and these while clients are there.
 *
 * @typedef {{
 *   name: string,
 *   settings: Partial<Record<ServerId, Options>>,
 *   restarts: { server: ServerId, atMs: number }[],
 *   clients: Client[],
 * }} Act
 */

/** @typedef {Omit<Client, 'number'>} Plan */

/** What a maker of clients is given: its random choices, how many to make. @typedef {{ random: Random, count: number }} Cast */

const calculators = /** @type {const} */ (['server1', 'server2', 'server3']);
const all = /** @type {const} */ (['server1', 'server2', 'server3', 'server4']);
const threaded = /** @type {const} */ (['server2', 'server3', 'server4']);

/** Clients start from these addresses, so that no other program has their ports. */
const ADDRESSES = ['127.0.0.11', '127.0.0.12', '127.0.0.13'];
const ANYWHERE = { address: '127.0.0.1', port: 0 };
/** Below those that the kernel picks itself. */
const FIXED_PORT = 21_000;

const messages = ['22 + 44\n', '1/3\r\n', '2^64\n', 'x\n', '(1\n', '0.1+0.2\n', '7 // 2\r\n'];

/** The parts of an audit: a name, a share of the clients, and who they are. */
const acts = [
  act('calm', 3, calm),
  act('resets at every point', 3, resets),
  act('one chair, the others turned away', 3, turnedAway, { server1: { policy: 'busy' } }),
  act('rush', 3, rush),
  act('the queue of server 1', 2, queueOfServer1, { server1: { policy: 'queue' } }),
  act('few threads', 3, fewThreads, { server2: { maxThreads: 3, spareThreads: 1 } }),
  act('connection refused', 1, connectionRefused, { server1: { policy: 'refuse' } }),
  act('few source ports', 2, fewPorts, {
    server1: { policy: 'busy' },
    server2: { maxThreads: 16, spareThreads: 4 },
  }),
  act('bulk', 1, bulk),
  act('restarts', 2, calm, { server1: { policy: 'queue' } }, [
    { server: 'server3', atMs: 150 },
    { server: 'server2', atMs: 250 },
    { server: 'server1', atMs: 300 },
    { server: 'server4', atMs: 350 },
    { server: 'server2', atMs: 700 },
    { server: 'server3', atMs: 900 },
  ]),
];

/** A long audit goes through all acts again and again; one has at most so many clients. */
const CLIENTS_AT_ONCE = 100;

/**
 * @param {string} name
 * @param {number} share
 * @param {(cast: Cast) => Plan[]} cast
 * @param {Act['settings']} settings
 * @param {Act['restarts']} restarts
 */
function act(name, share, cast, settings = {}, restarts = []) {
  return { name, share, cast, settings, restarts };
}

/** @param {number} seed @param {number} connections @returns {Act[]} */
export function makeScript(seed, connections) {
  const shares = acts.reduce((sum, { share }) => sum + share, 0);
  const largest = Math.max(...acts.map(({ share }) => share)) / shares;
  const rounds = Math.max(1, Math.ceil((connections * largest) / CLIENTS_AT_ONCE));
  /** @type {Act[]} */
  const script = [];
  let number = 0;
  let due = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { name, share, cast, settings, restarts } of acts) {
      due += (connections * share) / shares / rounds;
      const random = new Random(seed, script.length);
      const plans = cast({ random, count: Math.round(due) - number });
      const clients = plans.map((plan) => ({ number: ++number, ...plan }));
      script.push({ name, settings, restarts, clients });
    }
  }
  return script;
}

/** @param {number} count @param {(i: number) => Plan} make */
function times(count, make) {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** A few clients that say something each 12 ms or so, and leave in one of the ways there are. @param {Cast} cast */
function calm({ random, count }) {
  return times(count, (i) => {
    const server = all[i % 4] ?? 'server4';
    // Server 1 has one chair: its clients come one after the other, and the last is expected to wait.
    const turn = Math.floor(i / 4);
    const said = 5 + random.below(30);
    return plan(server, turn * (server === 'server1' ? 120 : 40) + random.below(30), [
      ...conversation(random, server, server === 'server1' ? 5 : said, 12),
      ...leave(random),
    ]);
  });
}

/** @param {Cast} cast */
function resets({ random, count }) {
  return times(count, (i) => {
    const server = all[i % 4] ?? 'server4';
    const before = random.chance(0.5) ? conversation(random, server, 2, 2) : [];
    const points = /** @type {Step[][]} */ ([
      [],
      [{ do: 'send', text: '1+1\n' }],
      [
        { do: 'send', text: '1+1\n' },
        { do: 'pause', ms: random.below(4) },
      ],
      [{ do: 'send', text: '1 + ' }],
      [
        { do: 'send', text: '1 + ' },
        { do: 'pause', ms: random.below(150) },
      ],
      [{ do: 'send', text: '1+1\n'.repeat(40) }],
      [{ do: 'send', text: '1+1' }, { do: 'fin' }],
      [{ do: 'fin' }, { do: 'pause', ms: random.below(3) }],
      [{ do: 'stop' }, { do: 'send', text: '2^99\n'.repeat(500) }, { do: 'pause', ms: 5 }],
    ]);
    const steps = [...before, ...random.of(points), /** @type {const} */ ({ do: 'reset' })];
    return plan(server, i * 8 + random.below(30), steps);
  });
}

/** @param {Cast} cast */
function turnedAway({ random, count }) {
  return times(count, (i) => {
    const atMs = Math.floor(i / 5) * 150;
    // The first of five takes the chair.
    if (i % 5 === 0)
      return plan('server1', atMs, [...conversation(random, 'server1', 6, 12), ...leave(random)]);
    const first = random.chance(0.5) ? [{ do: /** @type {const} */ ('send'), text: '1+1\n' }] : [];
    const ways = /** @type {Step[][]} */ ([
      [{ do: 'end' }, { do: 'fin' }],
      [
        { do: 'end' },
        { do: 'pause', ms: random.below(30) },
        { do: 'send', text: 'oh\n' },
        { do: 'fin' },
      ],
      [{ do: 'pause', ms: random.below(8) }, { do: 'reset' }],
      [{ do: 'reset' }],
      [{ do: 'end' }, { do: 'reset' }],
      [{ do: 'fin' }],
    ]);
    return plan('server1', atMs + 20 + random.below(100), [...first, ...random.of(ways)]);
  });
}

/** Who asks as fast as it is answered. @param {Cast} cast */
function rush({ random, count }) {
  return times(count, (i) => {
    const server = threaded[i % 3] ?? 'server4';
    const pipelined = random.chance(0.5);
    const rounds = 20 + random.below(60);
    /** @type {Step[]} */
    const steps = [];
    for (let round = 1; round <= rounds; round++) {
      const each = pipelined ? 1 + random.below(8) : 1;
      steps.push({ do: 'send', text: '22 + 44\n'.repeat(each) });
      steps.push({ do: 'answers', lines: answersDue(steps) });
    }
    return plan(server, random.below(200), [...steps, ...leave(random)]);
  });
}

/** @param {Cast} cast */
function queueOfServer1({ random, count }) {
  return times(count, () => waits(random, 'server1', random.below(Math.max(300, 30 * count))));
}

/** @param {Cast} cast */
function fewThreads({ random, count }) {
  return times(count, () => waits(random, 'server2', random.below(Math.max(300, 15 * count))));
}

/** A client that will often find nobody who accepts it at once. @param {Random} random @param {ServerId} server @param {number} atMs */
function waits(random, server, atMs) {
  const ways = /** @type {Step[][]} */ ([
    [...conversation(random, server, 3, 10), ...leave(random)],
    [...conversation(random, server, 3, 10), ...leave(random)],
    [{ do: 'send', text: '1+1\n' }, { do: 'pause', ms: random.below(60) }, { do: 'reset' }],
    [{ do: 'pause', ms: random.below(60) }, { do: 'reset' }],
    [{ do: 'send', text: '1+1\n' }, { do: 'fin' }, { do: 'end' }],
  ]);
  return plan(server, atMs, random.of(ways));
}

/** @param {Cast} cast */
function connectionRefused({ random, count }) {
  return times(count, (i) =>
    plan('server1', i * 25, [...conversation(random, 'server1', 2, 10), ...leave(random)]),
  );
}

/** Clients that come again from a port from which one just was there. @param {Cast} cast */
function fewPorts({ random, count }) {
  return times(count, (i) => ({
    ...plan(i % 2 === 0 ? 'server2' : random.of(calculators), i * 20, [
      { do: 'send', text: '1+1\n' },
      ...(random.chance(0.5) ? [{ do: /** @type {const} */ ('answers'), lines: 1 }] : []),
      { do: 'pause', ms: random.below(10) },
      { do: 'reset' },
    ]),
    from: { address: random.of(ADDRESSES), port: FIXED_PORT + random.below(2) },
  }));
}

/** @param {Cast} cast */
function bulk({ random, count }) {
  return times(count, (i) => {
    const bytes = 100_000 + random.below(1_500_000);
    const ways = /** @type {Step[][]} */ ([
      [{ do: 'bulk', bytes }, { do: 'bytes', bytes }, ...leave(random)],
      [{ do: 'bulk', bytes }, { do: 'fin' }, { do: 'end' }],
      [
        { do: 'stop' },
        { do: 'bulk', bytes },
        { do: 'pause', ms: 300 },
        { do: 'read' },
        { do: 'bytes', bytes },
        { do: 'fin' },
      ],
      [{ do: 'stop' }, { do: 'bulk', bytes }, { do: 'pause', ms: 100 }, { do: 'reset' }],
    ]);
    return plan('server4', i * 60 + random.below(50), random.of(ways));
  });
}

/** @param {ServerId} server @param {number} atMs @param {Step[]} steps @returns {Plan} */
function plan(server, atMs, steps) {
  return { server, atMs, from: ANYWHERE, steps };
}

/**
 * A message, its answer, a pause, and so on.
 *
 * @param {Random} random
 * @param {ServerId} server
 * @param {number} count
 * @param {number} pauseMs
 */
function conversation(random, server, count, pauseMs) {
  /** @type {Step[]} */
  const steps = [];
  for (let i = 0; i < count; i++) {
    steps.push({ do: 'send', text: server === 'server4' ? '22 + 44\n' : random.of(messages) });
    steps.push({ do: 'answers', lines: answersDue(steps) });
    steps.push({ do: 'pause', ms: pauseMs + random.below(3) });
  }
  return steps;
}

/** How many lines were sent, and so how many must come back. @param {readonly Step[]} steps */
function answersDue(steps) {
  return steps.reduce(
    (lines, step) => lines + (step.do === 'send' ? step.text.split('\n').length - 1 : 0),
    0,
  );
}

/** @param {Random} random @returns {Step[]} */
function leave(random) {
  return random.of(
    /** @type {Step[][]} */ ([
      [{ do: 'fin' }, { do: 'end' }],
      [{ do: 'fin' }, { do: 'end' }],
      [{ do: 'send', text: '5 * 5' }, { do: 'fin' }, { do: 'end' }],
      [{ do: 'reset' }],
      [{ do: 'pause', ms: random.below(40) }, { do: 'fin' }],
    ]),
  );
}
