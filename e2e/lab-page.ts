/** The page, as a person finds things on it: by their roles and names. */

import type { Locator, Page } from '@playwright/test';

/** The panel of one server. */
export class Panel {
  readonly root: Locator;
  /** One item for each client, present or gone. */
  readonly clients: Locator;
  /** One item for each thread that serves a client (server 2). */
  readonly clientThreads: Locator;
  /** One item for each descriptor in select's sets (servers 1, 3 and 4). */
  readonly watched: Locator;
  /** The whole server process: its threads and the calls they are in. */
  readonly process: Locator;
  readonly message: Locator;
  readonly #page: Page;

  constructor(page: Page, number: number) {
    this.root = page.getByRole('region', { name: new RegExp(`^Server ${number}:`) });
    this.clients = this.root.getByRole('list', { name: 'Clients' }).getByRole('listitem');
    this.clientThreads = this.root
      .getByRole('list', { name: 'Threads of clients' })
      .getByRole('listitem');
    this.watched = this.root
      .getByRole('list', { name: 'Descriptors that select() watches' })
      .getByRole('listitem');
    this.process = this.root.getByRole('group', { name: 'Server process' });
    this.#page = page;
    this.message = this.root.getByRole('textbox', { name: /^Message from/ });
  }

  /**
   * The clients of one kind: `you` are this page's browser clients, `browser` another page's,
   * `external` all other programs. Small rows say it only in their tooltip.
   */
  clientsThatAre(kind: 'you' | 'browser' | 'external'): Locator {
    return this.clients.filter({ has: this.#page.getByTitle(new RegExp(`, ${kind} client `)) });
  }

  /** Adds a browser client and waits until it can speak. */
  async addClient(): Promise<void> {
    await this.root.getByRole('button', { name: 'Add a browser client' }).first().click();
    await this.root.locator('button:enabled', { hasText: 'Send' }).last().waitFor();
  }

  /** Sends a message from the browser client whose input is shown. */
  async send(text: string): Promise<void> {
    await this.message.fill(text);
    await this.message.press('Enter');
  }

  /** Closes the browser client whose input is shown. */
  async closeClient(): Promise<void> {
    await this.root.getByRole('button', { name: /^close client/ }).click();
  }
}

/** The stage: one server from the inside. */
export class Stage {
  readonly root: Locator;
  readonly clients: Locator;
  /** One item for each connection, with its TCP state and its queues. */
  readonly sockets: Locator;
  readonly acceptQueue: Locator;
  /** Servers 1 and 2. */
  readonly threads: Locator;
  /** Servers 3 and 4: one item for each column of the grid. */
  readonly descriptors: Locator;
  readonly process: Locator;
  readonly log: Locator;
  readonly moment: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.root = page.getByRole('main', { name: /^Stage of server/ });
    const list = (name: string): Locator =>
      this.root.getByRole('list', { name, exact: true }).getByRole('listitem');
    this.clients = list('Clients on the stage');
    this.sockets = list('Connections in the kernel');
    this.threads = list('Threads');
    this.descriptors = list('Descriptors that select() watches');
    this.acceptQueue = this.root.getByRole('group', { name: /accept queue/ });
    this.process = this.root.getByRole('group', { name: 'Server process', exact: true });
    this.log = this.root.getByRole('list', { name: 'Events, newest first' });
    this.moment = this.root.locator('[data-moment]');
  }

  /** Opens the stage of a server, with more of the view in the query. */
  async open(url: string, server: number, query = ''): Promise<void> {
    await this.#page.goto(`${url}?server=${server}${query}`);
    await feedStatus(this.#page)
      .filter({ hasText: /live|slow/ })
      .waitFor();
  }

  /** The line of the log whose event is shown, while time stands still. */
  get shownLine(): Locator {
    return this.log.locator('[aria-current=step]');
  }

  /** The line of the server's source that is lit. */
  get litLines(): Locator {
    return this.root.locator('[data-line][data-lit]');
  }
}

/**
 * Everything that the page's live region says from now on, oldest first; in `texts` as soon as it is said.
 * Its element is another one for each of them.
 */
export async function readOut(page: Page): Promise<{ texts: () => Promise<string[]> }> {
  await page.evaluate(() => {
    const region = document.querySelector('[aria-live=polite]');
    const heard: string[] = [];
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes) if (node.textContent) heard.push(node.textContent.trim());
    }).observe(region!, { childList: true });
    Object.assign(globalThis, { heard });
  });
  return { texts: () => page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard) };
}

/** Pairs of texts in the picture whose boxes meet, in words. */
export function overlaps(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const texts = [...document.querySelectorAll('main.stage .picture > svg text')]
      .map((text) => ({ words: text.textContent, box: text.getBoundingClientRect() }))
      .filter(({ words, box }) => words.trim() !== '' && box.width > 0);
    return texts.flatMap((a, i) =>
      texts
        .slice(i + 1)
        .filter(
          (b) =>
            Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left) > 1 &&
            // A line of text has room above and below its letters.
            Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top) >
              0.35 * Math.min(a.box.height, b.box.height),
        )
        .map((b) => `“${a.words}” and “${b.words}”`),
    );
  });
}

/** The mark in the page's head that says whether it is live. */
export function feedStatus(page: Page): Locator {
  return page.getByRole('banner').getByRole('status');
}
