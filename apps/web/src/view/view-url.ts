/** The view as the URL's query: `?server=3&mode=projector&speed=500&axis=order&code=python`. */

import type { ServerId } from '@sockscope/tcp-core/trace/events';
import { profileOf, serverProfiles } from './servers.ts';

export interface ViewSettings {
  /** The server on the stage; null: the wall. */
  server: ServerId | null;
  projector: boolean;
  /** Slow motion: milliseconds for each event; null: live. */
  speed: number | null;
  axis: 'clock' | 'order';
  /** What stands beside the stage. */
  code: 'typescript' | 'python' | 'none';
}

/** Milliseconds that slow motion offers for one event. */
export const speeds = [200, 500, 1000, 2000] as const;

/** Anything that does not fit is left out. */
export function readView(query: string): ViewSettings {
  const asked = new URLSearchParams(query);
  const speed = Number(asked.get('speed'));
  const code = asked.get('code');
  return {
    server: serverProfiles.find(({ number }) => String(number) === asked.get('server'))?.id ?? null,
    projector: asked.get('mode') === 'projector',
    speed: speeds.find((each) => each === speed) ?? null,
    axis: asked.get('axis') === 'order' ? 'order' : 'clock',
    code: code === 'python' || code === 'none' ? code : 'typescript',
  };
}

/** The query for a view, empty for the plain wall. */
export function writeView({ server, projector, speed, axis, code }: ViewSettings): string {
  const asked = new URLSearchParams();
  if (server !== null) asked.set('server', String(profileOf(server).number));
  if (projector) asked.set('mode', 'projector');
  if (speed !== null) asked.set('speed', String(speed));
  if (axis !== 'clock') asked.set('axis', axis);
  if (code !== 'typescript') asked.set('code', code);
  const query = asked.toString();
  return query === '' ? '' : `?${query}`;
}
