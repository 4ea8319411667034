/** What the page shows of the lab, held in its URL so that it can be bookmarked. */

import { readView, writeView, type ViewSettings } from '../view/view-url.ts';

export class PageView {
  #settings = $state.raw<ViewSettings>(readView(location.search));

  constructor() {
    addEventListener('popstate', this.#read);
  }

  get settings(): ViewSettings {
    return this.#settings;
  }

  /** Changes some of it. Another server is a page of its own in the browser's history. */
  change(changes: Partial<ViewSettings>): void {
    const before = this.#settings;
    this.#settings = { ...before, ...changes };
    const url = location.pathname + writeView(this.#settings);
    if (this.#settings.server === before.server) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
  }

  close(): void {
    removeEventListener('popstate', this.#read);
  }

  readonly #read = (): void => {
    this.#settings = readView(location.search);
  };
}
