/**
 * What a lecturer does with one key: to this page's clients of what is shown, to the chosen one of them, to the
 * server. Real clients and the gateway's own controls; nothing here is only drawn.
 */

import type { ServerId } from '@sockscope/tcp-core/trace/events';
import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { busyPolicies, settings, type Settings } from '@sockscope/tcp-core/trace/settings';
import { profileOf } from '../view/words/servers.ts';
import type { BrowserClient, BrowserClients } from './browser-clients.svelte.ts';
import type { ServerControl } from './server-control.ts';

/** Clients that come with one key. */
const HANDFUL = 5;
/** A calculation that can be watched, in milliseconds. */
const WATCHABLE_MS = 5_000;
/** An accept queue that a handful of clients fills: the kernel takes one more than this. */
const SHORT_BACKLOG = 2;

/** The log tells of a change at most so many milliseconds after the gateway has made it. */
const LOG_LATE_MS = 1_000;

interface Wish {
  changes: Partial<Settings>;
  /** Requests that have not been answered. */
  pending: number;
  /** performance.now() of the last answer. */
  doneAt: number;
}

export class Demonstration {
  readonly #clients: BrowserClients;
  readonly #control: ServerControl;
  /** What was wished of a server's settings, while the log still tells those from before. */
  #wishes: Record<ServerId, Wish | undefined> = {};
  /** Ends with the last wish to a server. */
  #done: Promise<void> = Promise.resolve();
  /** Why the last wish to a server was not fulfilled; null if it was. */
  problem = $state<string | null>(null);
  /** The clients of this page whose rows are not drawn, by their ids. */
  hidden = $state.raw<readonly string[]>([]);

  constructor(clients: BrowserClients, control: ServerControl) {
    this.#clients = clients;
    this.#control = control;
  }

  /** Connects a handful of clients to the server, as soon as it has done what it was told. */
  async addHandful(server: ServerState): Promise<void> {
    await this.#done;
    for (let added = 0; added < HANDFUL; added += 1) this.#clients.add(server);
  }

  /** Everybody asks at once: what is in his input, or one of the samples. */
  askAll(servers: readonly ServerState[]): void {
    for (const server of servers) {
      const { samples } = profileOf(server);
      const able = this.#clients.of(server.id).filter(({ canSend }) => canSend);
      for (const [index, client] of able.entries()) {
        client.send(client.draft || (samples[index % samples.length] ?? ''));
        client.draft = '';
      }
    }
  }

  /**
   * Sends the next piece of what is in the client's input, without a newline: up to the first `|`, which is
   * where the message is cut; without one, its first half. What is left stays in the input.
   */
  sendPiece(client: BrowserClient, sample: string): void {
    if (!client.canSend) return;
    const { piece, rest } = firstPiece(client.draft || sample);
    client.sendRaw(piece);
    client.draft = rest;
  }

  toggleReading(client: BrowserClient): void {
    if (client.reading) client.stopReading();
    else client.readAgain();
  }

  /** Makes the next client of the server the one that speaks. */
  chooseNext(server: ServerId): void {
    const present = this.#clients.of(server).filter(({ isOpen }) => isOpen);
    const chosen = this.#clients.chosenOf(server);
    const next = present[(present.findIndex((each) => each === chosen) + 1) % present.length];
    if (next) this.#clients.choose(next);
  }

  hide(client: string): void {
    this.hidden = [...this.hidden, client];
  }

  showAll(): void {
    this.hidden = [];
  }

  /** Everybody leaves and each server begins a new run: nobody is listed, nothing is counted. */
  async clear(servers: readonly ServerState[]): Promise<void> {
    this.showAll();
    for (const { id } of servers)
      for (const client of this.#clients.of(id)) this.#clients.dismiss(client);
    await this.restart(servers.filter(({ status }) => status !== 'stopped'));
  }

  /** A new run of each; one that was stopped starts. */
  async restart(servers: readonly ServerState[]): Promise<void> {
    await this.#ask(() => servers.map(({ id }) => this.#control.tell(id, 'restart')));
  }

  /** Server 1: the next thing that a newcomer can meet while somebody is served. */
  async nextPolicy(server: ServerState): Promise<void> {
    const { policy } = this.#settingsOf(server);
    const next = busyPolicies[(busyPolicies.indexOf(policy) + 1) % busyPolicies.length];
    if (next) await this.#set(server, { policy: next });
  }

  /** Calculations that can be watched, or no longer than they must take. */
  async toggleSlow(server: ServerState): Promise<void> {
    await this.#set(server, { slowMs: this.#settingsOf(server).slowMs > 0 ? 0 : WATCHABLE_MS });
  }

  /** An accept queue that is soon full, or as long as at first. */
  async toggleBacklog(server: ServerState): Promise<void> {
    const isShort = this.#settingsOf(server).backlog === SHORT_BACKLOG;
    const backlog = isShort ? settings.backlog.initially : SHORT_BACKLOG;
    await this.#set(server, { backlog });
  }

  /** What is set, or was wished a moment ago: a key may be pressed again before the log has told. */
  #settingsOf({ id, settings: set }: ServerState): Settings {
    const wish = this.#wishes[id];
    const counts = wish && (wish.pending > 0 || performance.now() - wish.doneAt < LOG_LATE_MS);
    return counts ? { ...set, ...wish.changes } : set;
  }

  /** Nothing happens where the server's design has no such setting. */
  async #set(server: ServerState, changes: Partial<Settings>): Promise<void> {
    const known: readonly string[] = server.design.settings;
    if (!Object.keys(changes).every((name) => known.includes(name))) return;
    const { changes: earlier = {}, pending = 0 } = this.#wishes[server.id] ?? {};
    const wish = { changes: { ...earlier, ...changes }, pending: pending + 1, doneAt: 0 };
    this.#wishes[server.id] = wish;
    await this.#ask(() => [this.#control.change(server.id, changes)]);
    const last = this.#wishes[server.id] ?? wish;
    last.pending -= 1;
    last.doneAt = performance.now();
    if (this.problem !== null) this.#wishes[server.id] = undefined;
  }

  /** One wish after the other. */
  #ask(wish: () => readonly Promise<void>[]): Promise<void> {
    return (this.#done = this.#done.then(() => this.#try(wish())));
  }

  async #try(work: readonly Promise<void>[]): Promise<void> {
    this.problem = null;
    for (const outcome of await Promise.allSettled(work)) {
      if (outcome.status === 'fulfilled') continue;
      const error: unknown = outcome.reason;
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }
}

/**
 * "22 +| 44" → "22 +" and " 44"; a text without a mark is cut in the middle, and what is left ends with a
 * mark: the rest goes in one piece.
 */
export function firstPiece(text: string): { piece: string; rest: string } {
  const mark = text.indexOf('|');
  if (mark >= 0) return { piece: text.slice(0, mark), rest: text.slice(mark + 1) };
  const characters = Array.from(text);
  if (characters.length < 2) return { piece: text, rest: '' };
  const half = Math.ceil(characters.length / 2);
  return { piece: characters.slice(0, half).join(''), rest: `${characters.slice(half).join('')}|` };
}
