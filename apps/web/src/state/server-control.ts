/** The gateway's controls of a server. */

import type { ServerId } from '@sockscope/tcp-core/trace/events';
import type { Settings } from '@sockscope/tcp-core/trace/settings';
import { presenter } from './presenter.svelte.ts';

/** Rejects with the gateway's own words: what went wrong and what to do. */
export function controlServer(
  server: ServerId,
  action: 'start' | 'stop' | 'restart',
): Promise<void> {
  return ask(`/api/servers/${server}/${action}`, { method: 'POST' });
}

/** Restarts the server with these settings. */
export function changeServer(server: ServerId, changes: Partial<Settings>): Promise<void> {
  return ask(`/api/servers/${server}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(changes),
  });
}

async function ask(path: string, init: RequestInit): Promise<void> {
  const response = await fetch(path, init).catch(() => {
    throw new Error('The gateway does not answer. Is it still running?');
  });
  if (response.ok) return;
  // The gateway may have been started anew, with another token.
  if (response.status === 403) void presenter.ask();
  const answer = (await response.json().catch(() => ({}))) as { error?: string; hint?: string };
  const words = [answer.error ?? `The gateway answered ${response.status}`, answer.hint];
  throw new Error(words.filter(Boolean).join('. '));
}
