/**
 * What the log says of each thread, held against the kernel: the call in which it sleeps according to
 * /proc/PID/task/TID/syscall (proc_pid_syscall(5)).
 */

import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Lab } from '../src/lab.ts';
import type { LabEvent, ServerId, SleepingCall } from '@sockscope/tcp-core/trace/events';
import { busyPolicies } from '@sockscope/tcp-core/trace/settings';
import { TestLab } from './test-lab.ts';

/** The numbers of the system calls that these functions make. */
const NUMBERS: Partial<Record<NodeJS.Architecture, Record<SleepingCall, number>>> = {
  x64: { poll: 7, select: 23, recv: 45, futex: 202 }, // poll, select, recvfrom, futex
  arm64: { poll: 73, select: 72, recv: 207, futex: 98 }, // ppoll, pselect6, recvfrom, futex
};
const numbers = NUMBERS[process.arch];

/** What was read of a thread, between these two times of the lab's clock, in µs. */
interface Reading {
  thread: number;
  from: number;
  to: number;
  text: string;
}

/** What the log says of a thread, by one of its events, until the next. */
interface Claim {
  from: number;
  to: number;
  event: LabEvent;
}

/** The clocks of two threads may differ by so much, in µs. */
const TOLERANCE = 20;

/** Reads again and again where the lab's threads sleep, until it is stopped. */
class KernelWatch {
  readonly readings: Reading[] = [];
  readonly #lab: Lab;
  readonly #files = new Map<number, number>();
  readonly #text = Buffer.alloc(256);
  readonly #done: Promise<void>;
  #stopped = false;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    for (const file of this.#files.values()) closeSync(file);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      for (const { threads } of Object.values(this.#lab.state.servers))
        for (const { id, tid } of Object.values(threads)) this.#read(id, tid);
      await pause(1);
    }
  }

  #read(thread: number, tid: number): void {
    try {
      const file = this.#files.get(tid) ?? openSync(`/proc/self/task/${tid}/syscall`, 'r');
      this.#files.set(tid, file);
      const from = this.#lab.now();
      const length = readSync(file, this.#text, 0, this.#text.length, 0);
      const text = this.#text.toString('latin1', 0, length).trim();
      this.readings.push({ thread, from, to: this.#lab.now(), text });
    } catch {
      // It has ended, and the log does not say so yet.
    }
  }
}

/** What the log says of each of its threads. In a rush it does not say when they slept. */
function claimsOf(events: readonly LabEvent[]): Map<number, Claim[]> {
  const claims = new Map<number, Claim[]>();
  const before = new Map<number, LabEvent>();
  for (const event of events) {
    if (event.thread === null) continue;
    const last = before.get(event.thread);
    before.set(event.thread, event);
    if (!last || last.type === 'threadStarted' || last.type === 'threadEnded') continue;
    const of = claims.get(event.thread) ?? [];
    claims.set(event.thread, of);
    const to = event.type === 'summed' ? event.t - event.micros : event.t;
    of.push({ from: last.t, to, event: last });
  }
  return claims;
}
/** The readings for which the log says the same before and after, held against what it says. */
class Comparison {
  /** How many agree, by what the log said: "accept in poll". */
  readonly agreed: Record<string, number> = {};
  /** How many say that the engine keeps the thread, on its way into the call or out of it (futex). */
  readonly kept: Record<string, number> = {};
  readonly contradictions: string[] = [];

  constructor(readings: readonly Reading[], events: readonly LabEvent[]) {
    const claims = claimsOf(events);
    for (const reading of readings) {
      const claim = claims
        .get(reading.thread)
        ?.find(({ from, to }) => from < reading.from - TOLERANCE && reading.to + TOLERANCE < to);
      if (claim) this.#compare(claim.event, reading);
    }
  }

  #compare(event: LabEvent, { text }: Reading): void {
    const [call = '', first = ''] = text.split(' ');
    // Awake: it works, or what it waited for has come and it waits for a processor.
    if (call === 'running') return;
    const number = Number(call);
    const isEngine = number === numbers?.futex;
    if (event.type !== 'blocked') {
      // What a thread sleeps in while it works is its engine's, such as the collection of garbage.
      if (!isEngine && Object.values(numbers ?? {}).includes(number)) this.#tell(event, text);
      return;
    }
    const { call: name, in: sleepsIn, read } = event;
    const key = `${name} in ${sleepsIn}`;
    if (number !== numbers?.[sleepsIn]) {
      if (isEngine) this.kept[key] = (this.kept[key] ?? 0) + 1;
      else this.#tell(event, text);
    } else if (sleepsIn === 'recv' && Number(first) !== read[0]) this.#tell(event, text);
    else this.agreed[key] = (this.agreed[key] ?? 0) + 1;
  }

  #tell(event: LabEvent, text: string): void {
    this.contradictions.push(`the log: ${JSON.stringify(event)}\nthe kernel: ${text}`);
  }
}

const test = new TestLab();

const talk = { isOver: false };

/** A client that says this again and again, at most so many ms apart. */
async function converse(port: number, text: string, apartMs: number): Promise<void> {
  const client = await test.connect(port);
  while (!talk.isOver) {
    await client.send(text).line();
    await pause(apartMs * Math.random());
  }
}

/** A client that reads none of its answers, and has sent its FIN behind its questions. */
async function floodAndLeave(port: number): Promise<void> {
  const client = await test.connect(port);
  client.socket.pause();
  client.send('9^200\n'.repeat(50_000)).finish();
}

async function serveUnder(policy: (typeof busyPolicies)[number]): Promise<void> {
  const port = await test.start('server1', { policy });
  await pause(100);
  const { client } = await test.accepted(port);
  for (let i = 0; i < 20; i++) {
    await client.send('1+1\n').line();
    // A second client: turned away, refused, or left in the queue.
    if (i % 5 === 0) await test.connect(port).catch(() => undefined);
    await pause(30 * Math.random());
  }
  client.finish();
  await client.rest();
  await pause(50);
  await test.lab.stop('server1');
}

/** A client that ends no message: each time the server waits for more of it, but not for ever. */
async function converseUnterminated(port: number): Promise<void> {
  const client = await test.connect(port);
  while (!talk.isOver) await client.send('1+1').take(1);
}

it('says of every thread that sleeps what the kernel says', async () => {
  const others: ServerId[] = ['server2', 'server3', 'server4'];
  const watch = new KernelWatch(test.lab);
  const ports = await Promise.all(others.map((id) => test.start(id, { maxThreads: 7 })));
  const talks = ports.flatMap((port) => [converse(port, '1+1\n', 5), converse(port, '2*3\n', 60)]);
  talks.push(converse(ports[0]!, '1+1\n', 0), converseUnterminated(ports[0]!));
  for (const port of ports) await test.connect(port);
  for (const port of ports) await floodAndLeave(port);
  for (const policy of busyPolicies) await serveUnder(policy);
  // More clients than threads: the acceptor waits for one.
  for (let i = 0; i < 4; i++) await test.connect(ports[0]!);
  await pause(200);
  talk.isOver = true;
  await Promise.all(talks);
  await watch.stop();
  // Then the log is complete up to now.
  for (const id of others) await test.lab.stop(id);

  const { agreed, kept, contradictions } = new Comparison(watch.readings, test.events);
  expect(contradictions.slice(0, 3)).toEqual([]);
  for (const each of [
    'accept in poll',
    'recv in poll',
    'recv in recv',
    'send in poll',
    'select in select',
    'handoff in futex',
    'parked in futex',
  ]) {
    expect(agreed[each] ?? 0, each).toBeGreaterThan(10);
    expect(kept[each] ?? 0, each).toBeLessThan(0.2 * agreed[each]!);
  }
  expect(Object.values(agreed).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(1000);
});
