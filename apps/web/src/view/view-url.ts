/** The view as the URL's query: `?server=3&mode=projector&speed=500&axis=order&code=python`. */

export interface ViewSettings {
  /** The number of the server on the stage; null: the wall. */
  server: number | null;
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
  const server = asked.get('server') ?? '';
  const speed = Number(asked.get('speed'));
  const code = asked.get('code');
  return {
    server: /^[1-9]\d{0,3}$/.test(server) ? Number(server) : null,
    projector: asked.get('mode') === 'projector',
    speed: speeds.find((each) => each === speed) ?? null,
    axis: asked.get('axis') === 'order' ? 'order' : 'clock',
    code: code === 'python' || code === 'none' ? code : 'typescript',
  };
}

/** The query for a view, empty for the plain wall. */
export function writeView({ server, projector, speed, axis, code }: ViewSettings): string {
  const asked = new URLSearchParams();
  if (server !== null) asked.set('server', String(server));
  if (projector) asked.set('mode', 'projector');
  if (speed !== null) asked.set('speed', String(speed));
  if (axis !== 'clock') asked.set('axis', axis);
  if (code !== 'typescript') asked.set('code', code);
  const query = asked.toString();
  return query === '' ? '' : `?${query}`;
}
