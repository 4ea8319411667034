/** The gateway's controls of a server. */

import type { Control } from '@sockscope/tcp-core/trace/control';
import type { ServerId } from '@sockscope/tcp-core/trace/events';
import type { Settings } from '@sockscope/tcp-core/trace/settings';
import type { Presenter } from './presenter.svelte.ts';

/** Each rejects with the gateway's own words: what went wrong and what to do. */
export class ServerControl {
  readonly #presenter: Presenter;

  constructor(presenter: Presenter) {
    this.#presenter = presenter;
  }

  tell(server: ServerId, action: Exclude<Control['do'], 'set'>): Promise<void> {
    return this.#ask(`/api/servers/${server}/${action}`, { method: 'POST' });
  }

  /** Restarts the server with these settings. */
  change(server: ServerId, changes: Partial<Settings>): Promise<void> {
    return this.#ask(`/api/servers/${server}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(changes),
    });
  }

  async #ask(path: string, init: RequestInit): Promise<void> {
    const response = await fetch(path, init).catch(() => {
      throw new Error('The gateway does not answer. Is it still running?');
    });
    if (response.ok) return;
    // The gateway may have been started anew, with another token.
    if (response.status === 403) void this.#presenter.ask();
    const answer = (await response.json().catch(() => ({}))) as { error?: string; hint?: string };
    const words = [answer.error ?? `The gateway answered ${response.status}`, answer.hint];
    throw new Error(words.filter(Boolean).join('. '));
  }
}
