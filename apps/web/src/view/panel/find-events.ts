/** What is looked for in the log: text, a client by name, port or descriptor, a kind of event. */

import type { LabEvent, LabFact } from '@sockscope/tcp-core/trace/events';
import type { LabHistory } from '@sockscope/tcp-core/trace/history';
import { describeEvent } from '../words/describe-event.ts';
import { clientsOf, type LogClient, type LogClients } from './log-clients.ts';
import { isListed, type LogFilter } from './log-lines.ts';

/** Whether one word of a query is true of an event. */
interface Wanted {
  word: string;
  /** A single letter is what a client is called, or nothing would be told apart. */
  isName: boolean;
  /** "fd 2" is not "fd 24". */
  isNumber: boolean;
}

/** What else a kind of event is called than its own sentence says. */
const alsoCalled: Partial<Record<LabFact['type'], string>> = {
  accepted: 'accept()',
  peerClosed: 'half-close',
  refused: 'refused',
  selected: 'select()',
  evaluated: 'answered',
  summed: 'received sent',
  connectFailed: 'connect() refused',
  listenerClosed: 'close()',
};

/** The words of a query, all of which must be true; "fd 24" is one of them. */
export function wordsToFind(query: string): Wanted[] {
  const words = query.toLowerCase().match(/fd\s*\d+|\S+/g) ?? [];
  return words.map((word) => ({
    word: word.replace(/^fd\s*(?=\d)/, 'fd '),
    isName: /^\p{L}$/u.test(word),
    isNumber: /^(fd\s*|:)\d+$/.test(word),
  }));
}

/** An event in lower-case words, made when it is first looked at. */
const wordsOfEvents = new WeakMap<LabEvent, string>();

function wordsOf(event: LabEvent): string {
  let words = wordsOfEvents.get(event);
  if (words === undefined) {
    const fd = 'fd' in event ? ` fd ${event.fd}` : '';
    const also = alsoCalled[event.type] ?? '';
    words = `${describeEvent(event)} ${event.type} ${also}${fd}${readyFds(event)}`.toLowerCase();
    wordsOfEvents.set(event, words);
  }
  return words;
}

/** Descriptors that select returned, which its sentence may only count. */
function readyFds(event: LabEvent): string {
  if (event.type !== 'selected') return '';
  return [...event.readable, ...event.writable].map((fd) => ` fd ${fd}`).join('');
}

/** The events of a history that a query fits; it goes along with the history. */
export class FoundEvents {
  readonly #history: LabHistory;
  readonly #clients: LogClients;
  readonly #words: readonly Wanted[];
  readonly #filter: LogFilter;
  readonly #names = new Map<LogClient, string>();
  #seqs: number[] = [];
  #seen: number;

  constructor(history: LabHistory, query: string, filter: LogFilter) {
    this.#history = history;
    this.#clients = clientsOf(history);
    this.#words = wordsToFind(query);
    this.#filter = filter;
    this.#seen = history.first;
  }

  /** Their numbers up to the newest event, oldest first; none for a query without a word. */
  seqs(): readonly number[] {
    const { first, last } = this.#history;
    if (this.#words.length === 0) return [];
    if (this.#seen < last) {
      this.#clients.follow();
      for (const event of this.#history.events(this.#seen))
        if (isListed(event, this.#filter) && this.#fits(event)) this.#seqs.push(event.seq);
      this.#seen = last;
    }
    const forgotten = this.#seqs.findIndex((seq) => seq > first);
    if (forgotten !== 0) this.#seqs = forgotten < 0 ? [] : this.#seqs.slice(forgotten);
    return this.#seqs;
  }

  #fits(event: LabEvent): boolean {
    const words = wordsOf(event);
    const client =
      'connection' in event ? this.#clients.client(event.server, event.connection) : null;
    for (const wanted of this.#words) {
      if (!wanted.isName && contains(words, wanted)) continue;
      if (client === null) return false;
      const name = this.#lower(client);
      if (wanted.isName ? name === wanted.word : name.includes(wanted.word)) continue;
      if (wanted.isName || !contains(client.endpoint, wanted)) return false;
    }
    return true;
  }

  #lower(client: LogClient): string {
    let name = this.#names.get(client);
    if (name === undefined) this.#names.set(client, (name = client.name?.toLowerCase() ?? ''));
    return name;
  }
}

function contains(text: string, { word, isNumber }: Wanted): boolean {
  if (!isNumber) return text.includes(word);
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/\d/.test(text[at + word.length] ?? '')) return true;
  }
  return false;
}

/** The match to go to from a moment: the next older or newer one, beyond the last again the first. */
export function nextFound(
  seqs: readonly number[],
  from: number,
  direction: 'older' | 'newer',
): number | undefined {
  return direction === 'older'
    ? (seqs.findLast((seq) => seq < from) ?? seqs.at(-1))
    : (seqs.find((seq) => seq > from) ?? seqs[0]);
}
