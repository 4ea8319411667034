/** Where the keyboard is: the server that the page's keys mean, and the focus in its panel. */

import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { tick } from 'svelte';

export class PanelFocus {
  /** The server that the keys mean; the one on the stage, or whose panel had the focus last. */
  server: ServerId;

  constructor(server: ServerId) {
    this.server = server;
  }

  /** To the panel itself, or the stage. */
  toPanel(): void {
    panelOf(this.server)?.focus();
  }

  /** To the field where a client of the server speaks, or to the one for all; without any to its panel. */
  toInput(server: ServerId = this.server): void {
    const panel = panelOf(server);
    const own = panel?.querySelector<HTMLElement>('[data-expression]');
    (own ?? document.querySelector<HTMLElement>('[data-ask-all]') ?? panel)?.focus();
  }

  /** To the field to find something in the log with, if it is open; one that opens takes the focus itself. */
  toFind(): void {
    document.querySelector<HTMLElement>('[data-find]')?.focus();
  }

  /** Where the page scrolls, what has the focus may be elsewhere in it after another layout. */
  async keepInSight(): Promise<void> {
    await tick();
    const { activeElement } = document;
    if (activeElement !== document.body) activeElement?.scrollIntoView({ block: 'nearest' });
  }

  /** The button that had the focus may be gone with what it did. */
  async keep(): Promise<void> {
    await tick();
    if (document.activeElement === document.body) this.toPanel();
  }
}

function panelOf(server: ServerId): HTMLElement | null {
  return document.getElementById(server);
}
