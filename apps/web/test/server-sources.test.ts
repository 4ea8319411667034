/** The servers' files as the page's build highlights them. */

import { afterEach, expect, it, vi } from 'vitest';
import { serverSources } from '../server-sources.ts';

afterEach(() => vi.restoreAllMocks());

async function load(): Promise<unknown> {
  const { load } = serverSources();
  if (typeof load !== 'function') throw new Error('the plugin loads by a function');
  const context = { addWatchFile: () => undefined } as unknown as ThisParameterType<typeof load>;
  return await load.call(context, '\0virtual:server-sources');
}

it('highlights them whole however slow the machine is', async () => {
  const usual = await load();
  // Every look at the clock is ten seconds after the one before.
  let now = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => (now += 10_000));
  expect(await load()).toBe(usual);
});
