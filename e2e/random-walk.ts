/** A walk through the lab and its page, by chance: the same steps for the same seed. */

import { connect, type Socket } from 'node:net';
import type { Page } from '@playwright/test';
import { Random } from '../scripts/random.mjs';
import type { Gateway, ServerName } from './gateway.ts';

const servers: readonly ServerName[] = ['server1', 'server2', 'server3', 'server4'];

/** What clients say: samples, errors, numbers that are too long for any row, other scripts. */
const messages: readonly string[] = [
  '22 + 44',
  '2^64',
  '7/2',
  '1/0',
  'x',
  '(((1)',
  '1234567890'.repeat(7),
  '9^9^9^9',
  '100!',
  '-0.000000001',
  '2 ^ 200 - 123456789012345678901234567890',
  'grüß dich, hier ist viel Text ohne jede Zahl',
  '日本語のとても長い文字列です、三十文字ぐらい',
  '🦀🦀🦀 = ?',
  'W'.repeat(90),
  '1 + '.repeat(60),
];

const names: readonly string[] = [
  'Ada Lovelace, Countess of',
  'Bo',
  'WWWWWWWWWWWWWWWWWWWWWWWW',
  '',
];

/** What a key of the page does to the lab, to what is shown, to how it looks. */
const labKeys = ['c', 'a', 'A', 'e', 'e', 'n', 'h', 'r', 'i', 'o', 'v', 'y', 'k', 'q', 'R'];
const timeKeys = ['.', 'j', 's', 'End', 'PageUp', 'PageUp', 'PageDown', 'Shift+ArrowLeft', 'l'];
const lookKeys = ['c', 't', 'd', 'f', '?', 'Escape', 'Tab', 'Tab', 'Shift+Tab', 'Home', 'Enter'];
const pageKeys = ['1', '2', '3', '4', 'w', 'w', 'x', 'p'];

const shortly = (message: string): string =>
  message.length > 20 ? `${message.slice(0, 20)}…` : message;

export class RandomWalk {
  /** What was done, oldest first. */
  readonly done: string[] = [];
  readonly #page: Page;
  readonly #gateway: Gateway;
  readonly #random: Random;
  #sockets: Socket[] = [];

  constructor(page: Page, gateway: Gateway, seed: number) {
    this.#page = page;
    this.#gateway = gateway;
    this.#random = new Random(seed);
  }

  /** Begins on the wall or a stage, each server as the lab starts it; nobody is there. */
  async begin(projector: boolean): Promise<void> {
    const settings = { slowMs: 0, backlog: 511 };
    await Promise.all([
      this.#set('server1', { ...settings, policy: 'busy' }),
      this.#set('server2', { ...settings, maxThreads: 64 }),
      this.#set('server3', settings),
      this.#set('server4', { backlog: 511 }),
    ]);
    const server = this.#random.below(5);
    const query = [
      server === 0 ? '' : `server=${server}`,
      projector ? 'mode=projector' : '',
      this.#random.below(3) === 0 ? 'code=python' : '',
    ];
    const view = query.filter((each) => each !== '').join('&');
    await this.#page.goto(`${this.#gateway.url}?${view}`);
    await this.#page.getByRole('banner').getByRole('status').filter({ hasText: 'live' }).waitFor();
    this.done.push(`open ?${view}`);
  }

  /** Does one thing. */
  async step(): Promise<void> {
    // A dialog is looked at once.
    if ((await this.#page.locator('dialog[open]').count()) > 0) {
      await this.#press('Escape');
      return;
    }
    await this.#random.of<() => Promise<void> | void>([
      () => this.#press(this.#random.of(labKeys)),
      () => this.#press(this.#random.of(labKeys)),
      () => this.#press(this.#random.of(timeKeys)),
      () => this.#press(this.#random.of(timeKeys)),
      () => this.#press(this.#random.of(lookKeys)),
      () => this.#press(this.#random.of(pageKeys)),
      () => this.#speak(),
      () => this.#speak(),
      () => this.#connect(1 + this.#random.below(4)),
      () => this.#others(),
      () => this.#others(),
      () => this.#clickOne('ol [data-seq]', 'a line of the log'),
      () => this.#clickOne('[aria-label^="Settings of"]', 'settings of a server'),
      () => this.#menu(),
      () => this.#change(),
      () => this.#rare(),
    ])();
  }

  /** Ends the TCP clients. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets = [];
  }

  async #press(key: string): Promise<void> {
    this.done.push(key);
    await this.#page.keyboard.press(key);
  }

  /** A client of the page says something; half of the time the input keeps the focus. */
  async #speak(): Promise<void> {
    const message = this.#random.of(messages);
    await this.#press('/');
    this.done.push(`type “${shortly(message)}”`);
    await this.#page.keyboard.insertText(message);
    if (this.#random.below(4) > 0) await this.#press('Enter');
    if (this.#random.below(2) === 0) await this.#press('Escape');
  }

  #connect(many: number): void {
    const server = this.#random.of(servers);
    this.done.push(`${many} TCP clients to ${server}`);
    for (let added = 0; added < many; added += 1) {
      const socket = connect(this.#gateway.ports[server], '127.0.0.1').resume();
      // It may be refused, or reset.
      socket.on('error', () => undefined);
      this.#sockets.push(socket);
    }
  }

  /** TCP clients speak, or one ends in some way. */
  #others(): void {
    const able = this.#sockets.filter(({ writable, pending }) => writable && !pending);
    if (able.length === 0) {
      this.#connect(2);
      return;
    }
    const socket = this.#random.of(able);
    const does = this.#random.below(6);
    if (does < 4) {
      const message = this.#random.of(messages);
      this.done.push(`a TCP client says “${shortly(message)}”`);
      socket.write(does === 0 ? message.slice(0, 5) : `${message}\n`);
    } else if (does === 4) {
      this.done.push('a TCP client ends');
      socket.end();
    } else {
      this.done.push('a TCP client resets');
      socket.resetAndDestroy();
    }
  }

  /** With the mouse, as far as there is one in sight. */
  async #clickOne(selector: string, what: string): Promise<void> {
    const places = await this.#page.locator(selector).evaluateAll((found) =>
      found
        .map((each) => {
          const { x, y, width, height } = each.getBoundingClientRect();
          return { each, x: x + width / 2, y: y + height / 2 };
        })
        .filter(({ each, x, y }) => each.contains(document.elementFromPoint(x, y)))
        .map(({ x, y }) => ({ x, y })),
    );
    if (places.length === 0) return;
    const { x, y } = this.#random.of(places);
    this.done.push(`click ${what} at ${Math.round(x)} ${Math.round(y)}`);
    await this.#page.mouse.click(x, y);
  }

  /** The menu of a client of the page, and a name for it. */
  async #menu(): Promise<void> {
    await this.#clickOne('[aria-label^="More"]', 'a menu');
    const name = this.#page.locator('.box input').first();
    if (this.#random.below(2) === 0 || (await name.count()) === 0) return;
    const words = this.#random.of(names);
    this.done.push(`name it “${words}”`);
    await name.fill(words);
    await name.press('Enter');
    if (this.#random.below(2) === 0) await this.#press('Escape');
  }

  async #change(): Promise<void> {
    await this.#random.of([
      () => this.#set('server1', { policy: this.#random.of(['busy', 'refuse', 'queue']) }),
      () => this.#set('server2', { maxThreads: this.#random.of([1, 2, 4, 64]) }),
      () =>
        this.#set(this.#random.of(['server1', 'server2', 'server3']), {
          slowMs: this.#random.of([0, 5000]),
        }),
      () => this.#tell(this.#random.of(servers), this.#random.of(['stop', 'start', 'restart'])),
    ])();
  }

  async #rare(): Promise<void> {
    await this.#random.of<() => Promise<void> | void>([
      () => this.#connect(30),
      () => this.#clickOne('[data-term]', 'a term'),
      () => this.#clickOne('.plot', 'the timeline'),
      // Waits grow, and what was turned away leaves.
      () => this.#page.waitForTimeout(this.#random.of([300, 1_500])),
      async () => {
        this.done.push('the mouse goes over the picture');
        await this.#page.mouse.move(100 + this.#random.below(600), 200 + this.#random.below(300));
      },
    ])();
  }

  async #set(server: ServerName, changes: Readonly<Record<string, unknown>>): Promise<void> {
    this.done.push(`${server}: ${JSON.stringify(changes)}`);
    await this.#ask(`/api/servers/${server}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(changes),
    });
  }

  async #tell(server: ServerName, what: string): Promise<void> {
    this.done.push(`${server}: ${what}`);
    await this.#ask(`/api/servers/${server}/${what}`, { method: 'POST' });
  }

  async #ask(path: string, request: RequestInit): Promise<void> {
    const { ok, status } = await fetch(`${this.#gateway.url}${path}`, request);
    if (!ok) throw new Error(`${path}: ${status}`);
  }
}
