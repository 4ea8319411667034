/** The keys of the page. Presenters' clickers send PageUp, PageDown and the full stop. */

export const keyHelp: readonly { keys: readonly string[]; does: string }[] = [
  { keys: ['1', '2', '3', '4'], does: 'open a server’s stage' },
  { keys: ['w', '0'], does: 'the wall: all four servers' },
  { keys: ['a'], does: 'add a browser client' },
  { keys: ['/', 'Enter'], does: 'type an expression' },
  { keys: ['.', 'Space'], does: 'freeze the picture, and go on live' },
  { keys: ['←', '→'], does: 'one event back or forth (also PageUp, PageDown)' },
  { keys: ['Shift ←', '→'], does: 'one turn of the loop' },
  { keys: ['s'], does: 'slow motion: every event for the same time' },
  { keys: ['End', 'l'], does: 'back to live' },
  { keys: ['p'], does: 'projector mode' },
  { keys: ['c'], does: 'code: TypeScript, Python, none' },
  { keys: ['t'], does: 'timeline: by the clock or by events' },
  { keys: ['f'], does: 'find in the log: text, client, kind of event' },
  { keys: ['d'], does: 'dark or light' },
  { keys: ['Esc'], does: 'from the input back to the server' },
  { keys: ['?'], does: 'this list' },
];

export type KeyAction =
  | { do: 'open stage'; number: number }
  | { do: 'step' | 'step turn'; direction: 1 | -1 }
  | {
      do:
        | 'wall'
        | 'add client'
        | 'type'
        | 'freeze'
        | 'slow'
        | 'live'
        | 'projector'
        | 'code'
        | 'axis'
        | 'find'
        | 'theme'
        | 'help';
    };

const simple: Readonly<Record<string, Exclude<KeyAction['do'], 'open stage' | `step${string}`>>> = {
  w: 'wall',
  '0': 'wall',
  a: 'add client',
  '/': 'type',
  '.': 'freeze',
  s: 'slow',
  l: 'live',
  End: 'live',
  p: 'projector',
  c: 'code',
  t: 'axis',
  f: 'find',
  d: 'theme',
  '?': 'help',
};

/** What a key does while nothing is being typed; null for keys that are the browser's own. */
export function keyAction(
  { key, shiftKey }: { key: string; shiftKey: boolean },
  onControl: boolean,
): KeyAction | null {
  if (/^[1-9]$/.test(key)) return { do: 'open stage', number: Number(key) };
  const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[key] as 1 | -1 | undefined;
  if (step) return { do: shiftKey ? 'step turn' : 'step', direction: step };
  // On a button Enter and Space press it.
  if (key === 'Enter') return onControl ? null : { do: 'type' };
  if (key === ' ') return onControl ? null : { do: 'freeze' };
  const action = simple[key.length === 1 ? key.toLowerCase() : key];
  return action === undefined ? null : { do: action };
}
