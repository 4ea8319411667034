/**
 * Reads what strace wrote. Strict: a line that is not understood is an error, because what was not
 * read could not be compared.
 *
 * Source: strace(1), "OUTPUT FORMAT".
 */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * One system call. Times are in microseconds since the second in which the trace began, on the machine's
 * clock; `exit` is Infinity if the call never returned. `lines` are strace's own.
 *
 * @typedef {{
 *   tid: number,
 *   name: string,
 *   args: string,
 *   result: number | null,
 *   errno: string | null,
 *   after: string,
 *   entry: number,
 *   exit: number,
 *   lines: string[],
 * }} Call
 */

/** All calls, in the order in which they were made; `zero` is that second. @typedef {{ calls: Call[], zero: number }} Trace */

const LINE = /^(\d+) +(\d+)\.(\d{9}) (.*)$/s;
const CALL = /^(\w+)\((.*)$/s;
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)$/s;
const UNFINISHED = ' <unfinished ...>';
/** What comes behind the arguments: the result, the name of the error, what strace adds, the time. */
const RESULT =
  /^(.*?)\) += (-?\d+|0x[\da-f]+|\?)(?: (E[A-Z0-9]+) \([^)]*\))?(?: \((.*)\))?(?: <(\d+\.\d+)>)?$/s;
/** strace's own words about a process. */
const NOTE = /^(\+\+\+|---) /;

/** @param {string} file @returns {Promise<Trace>} */
export async function readTrace(file) {
  const reader = new TraceReader();
  const lines = createInterface({ input: createReadStream(file, 'latin1') });
  for await (const line of lines) reader.add(line);
  return reader.end();
}

export class TraceReader {
  /** @type {Call[]} */
  #calls = [];
  /** Of each thread the call that it is in. @type {Map<number, Call>} */
  #begun = new Map();
  #zero = NaN;

  /** @param {string} line */
  add(line) {
    const [, pid, seconds, nanos, text] = LINE.exec(line) ?? notUnderstood(line);
    if (Number.isNaN(this.#zero)) this.#zero = Number(seconds);
    const at = (Number(seconds) - this.#zero) * 1e6 + Number(nanos) / 1000;
    const tid = Number(pid);
    const what = text ?? '';
    if (NOTE.test(what)) {
      this.#begun.delete(tid);
      return;
    }
    const resumed = RESUMED.exec(what);
    if (resumed) {
      this.#resume(tid, resumed, at, line);
      return;
    }
    const [, name = '', rest = ''] = CALL.exec(what) ?? notUnderstood(line);
    /** @type {Call} */
    const call = {
      ...{ tid, name, args: '', result: null, errno: null, after: '' },
      ...{ entry: at, exit: Infinity, lines: [line] },
    };
    this.#calls.push(call);
    if (rest.endsWith(UNFINISHED)) {
      call.args = rest.slice(0, -UNFINISHED.length);
      this.#begun.set(tid, call);
    } else finish(call, rest, at, line);
  }

  /** @returns {Trace} */
  end() {
    return { calls: this.#calls, zero: this.#zero };
  }

  /** @param {number} tid @param {RegExpExecArray} resumed @param {number} at @param {string} line */
  #resume(tid, [, name = '', rest = ''], at, line) {
    const call = this.#begun.get(tid);
    // The end of a call that was begun before strace looked (a thread that was just made).
    if (!call) return;
    if (call.name !== name) notUnderstood(line);
    this.#begun.delete(tid);
    call.lines.push(line);
    finish(call, call.args + rest, at, line);
    // When strace saw it return. Its own measure of the time may end some 100 µs before.
    if (call.exit < Infinity) call.exit = at;
  }
}

/**
 * @param {Call} call
 * @param {string} rest its arguments and what came of it
 * @param {number} at when strace wrote the line
 * @param {string} line
 */
function finish(call, rest, at, line) {
  const [, args = '', result = '', errno, after = '', took] =
    RESULT.exec(rest) ?? notUnderstood(line);
  call.args = args;
  call.result = result === '?' ? null : Number(result);
  call.errno = errno ?? null;
  call.after = after;
  if (took !== undefined) call.exit = call.entry + Number(took) * 1e6;
  else if (call.result !== null) call.exit = at;
}

/** @param {string} line @returns {never} */
function notUnderstood(line) {
  throw new Error(`a line of strace's that was not understood: ${line}`);
}

/** The bytes of a string in strace's hexadecimal writing. @param {string} text */
export function bytesOf(text) {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}

/** The descriptor that is a call's first argument. @param {Call} call */
export function firstArgument({ args }) {
  return parseInt(args, 10);
}

/** The address in an argument of type sockaddr. @param {string} args */
export function addressOf(args) {
  const port = /sin6?_port=htons\((\d+)\)/.exec(args)?.[1];
  const address = /inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]*)"/.exec(args)?.[1];
  if (port === undefined || address === undefined) return undefined;
  return { address: bytesOf(address).toString('latin1'), port: Number(port) };
}

/**
 * What a call that waits for descriptors asked and was told: select, pselect6, poll, ppoll. `limitMs` is
 * null for ever.
 *
 * @typedef {{ read: number[], write: number[], readable: number[], writable: number[], limitMs: number | null }} Watch
 */

/** @param {Call} call @returns {Watch} */
export function watchOf(call) {
  return call.name.endsWith('poll') ? pollOf(call) : selectOf(call);
}

/** @param {Call} call @returns {Watch} */
function selectOf({ args, result, after, name }) {
  const sets = /^\d+, (NULL|\[[^\]]*\]), (NULL|\[[^\]]*\]), (?:NULL|\[[^\]]*\]), (.*)$/s.exec(args);
  if (!sets) throw new Error(`${name} with arguments that were not understood: ${args}`);
  const ready = (/** @type {string} */ which) =>
    (result ?? 0) > 0 ? numbers(new RegExp(`\\b${which} \\[([^\\]]*)\\]`).exec(after)?.[1]) : [];
  return {
    read: numbers(sets[1]),
    write: numbers(sets[2]),
    readable: ready('in'),
    writable: ready('out'),
    limitMs: limitOf(sets[3] ?? ''),
  };
}

/** @param {Call} call @returns {Watch} */
function pollOf({ args, result, after, name }) {
  const all = /^\[(.*)\], \d+, (.*)$/s.exec(args);
  if (!all) throw new Error(`${name} with arguments that were not understood: ${args}`);
  const asked = [...(all[1] ?? '').matchAll(/\{fd=(-?\d+), events=([A-Z|0-9a-z]+)/g)];
  const told = (result ?? 0) > 0 ? [...after.matchAll(/\{fd=(-?\d+), revents=([A-Z|]+)/g)] : [];
  const of = (/** @type {RegExpExecArray[]} */ list, /** @type {RegExp} */ events) =>
    list
      .filter(([, fd, flags]) => Number(fd) >= 0 && events.test(flags ?? ''))
      .map(([, fd]) => Number(fd));
  const watch = { read: of(asked, /POLLIN/), write: of(asked, /POLLOUT/) };
  const rest = all[2] ?? '';
  return {
    ...watch,
    readable: of(told, /./).filter((fd) => watch.read.includes(fd)),
    writable: of(told, /./).filter((fd) => watch.write.includes(fd)),
    limitMs: /^-?\d+$/.test(rest) ? (Number(rest) < 0 ? null : Number(rest)) : limitOf(rest),
  };
}

/** @param {string} text */
function limitOf(text) {
  const limit = /^\{tv_sec=(\d+), tv_(usec|nsec)=(\d+)\}/.exec(text);
  if (!limit) return null;
  return Number(limit[1]) * 1000 + Number(limit[3]) / (limit[2] === 'usec' ? 1000 : 1e6);
}

/** @param {string | undefined} text */
function numbers(text) {
  return (text?.match(/\d+/g) ?? []).map(Number);
}
