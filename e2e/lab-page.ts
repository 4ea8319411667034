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

  constructor(page: Page, number: 1 | 2 | 3 | 4) {
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
    await this.root.getByRole('button', { name: 'close', exact: true }).click();
  }
}

/** The mark in the page's head that says whether it is live. */
export function feedStatus(page: Page): Locator {
  return page.getByRole('banner').getByRole('status');
}
