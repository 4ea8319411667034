/** The keys of the page. Presenters' clickers send PageUp, PageDown and the full stop. */

export const keyHelp: readonly { keys: readonly string[]; does: string }[] = [
  { keys: ['1', '2', '3', '4'], does: 'open a server’s stage' },
  { keys: ['w', '0'], does: 'the wall: all four servers' },
  { keys: ['a', 'A'], does: 'add a browser client; add five' },
  { keys: ['/', 'Enter'], does: 'type an expression' },
  { keys: ['e'], does: 'everybody asks at once, each a sample or what is in his input' },
  { keys: ['n'], does: 'another of your clients speaks' },
  { keys: ['i'], does: 'send the next piece of a message, cut at each |, without a newline' },
  { keys: ['h'], does: 'half-close: the client sends FIN and still reads' },
  { keys: ['r'], does: 'reset: the client sends RST' },
  { keys: ['o'], does: 'the client stops reading, or reads again' },
  { keys: ['v'], does: 'hide the client’s row; with nobody chosen, show all' },
  { keys: ['y'], does: 'server 1: another policy (restarts it)' },
  { keys: ['k'], does: 'calculations that take 5 s, or no longer than they must (restarts it)' },
  { keys: ['q'], does: 'a short accept queue, or the usual one (restarts it)' },
  { keys: ['x'], does: 'clear the stage: everybody leaves, tallies begin anew' },
  { keys: ['R'], does: 'restart the server; on the wall all of them' },
  { keys: ['.', 'b', 'Space'], does: 'freeze the picture, and go on live' },
  { keys: ['←', '→'], does: 'one event back or forth (also PageUp, PageDown)' },
  { keys: ['Shift ←', '→'], does: 'one turn of the loop' },
  { keys: ['j'], does: 'ten seconds back' },
  { keys: ['s'], does: 'slow motion: every event for the same time' },
  { keys: ['End', 'l'], does: 'back to live' },
  { keys: ['p'], does: 'projector mode' },
  { keys: ['c'], does: 'code: TypeScript, Python, none' },
  { keys: ['t'], does: 'timeline: by the clock or by events' },
  { keys: ['+', '−'], does: 'timeline: zoom in and out, around the moment that is shown' },
  { keys: ['f'], does: 'find in the log: text, client, kind of event' },
  { keys: ['d'], does: 'dark or light' },
  { keys: ['Esc'], does: 'from the input back to the server' },
  { keys: ['?'], does: 'this list' },
];

export type KeyAction =
  | { do: 'open stage'; number: number }
  | { do: 'step' | 'step turn' | 'zoom'; direction: 1 | -1 }
  | {
      do:
        | 'wall'
        | 'add client'
        | 'add five'
        | 'type'
        | 'ask all'
        | 'next client'
        | 'piece'
        | 'half-close'
        | 'reset'
        | 'reading'
        | 'hide'
        | 'policy'
        | 'slow calculation'
        | 'backlog'
        | 'clear'
        | 'restart'
        | 'ten seconds back'
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

type Simple = Exclude<KeyAction['do'], 'open stage' | 'zoom' | `step${string}`>;

const simple: Readonly<Record<string, Simple>> = {
  w: 'wall',
  '0': 'wall',
  a: 'add client',
  e: 'ask all',
  n: 'next client',
  i: 'piece',
  h: 'half-close',
  r: 'reset',
  o: 'reading',
  v: 'hide',
  y: 'policy',
  k: 'slow calculation',
  q: 'backlog',
  x: 'clear',
  j: 'ten seconds back',
  '/': 'type',
  '.': 'freeze',
  b: 'freeze', // some clickers' other key for a black screen
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

/** Letters that mean something else with Shift. */
const shifted: Readonly<Record<string, Simple>> = { A: 'add five', R: 'restart' };

/** The keys that zoom the timeline: nearer (1), further away (-1). `=` is `+` without Shift. */
export const zoomKeys: Readonly<Record<string, 1 | -1 | undefined>> = { '+': 1, '=': 1, '-': -1 };

/** What a clicker sends, and the way back to live: no text needs it where none has been typed. */
const CLICKER = new Set(['PageUp', 'PageDown', '.', 'End']);

/** Whether the page takes this key although a field that it could be typed into has the focus. */
export function isForPage(key: string, isFieldEmpty: boolean): boolean {
  return key.startsWith('Page') || (isFieldEmpty && CLICKER.has(key));
}

/**
 * What a key does while nothing is being typed; null for keys that are the browser's own. Without letters only
 * keys that no speech input or slip of the hand types do something (WCAG 2.1.4).
 */
export function keyAction(
  { key, shiftKey }: { key: string; shiftKey: boolean },
  onControl: boolean,
  withLetters = true,
): KeyAction | null {
  if (!withLetters && key.length === 1 && key !== '.' && key !== ' ') return null;
  if (/^[1-9]$/.test(key)) return { do: 'open stage', number: Number(key) };
  const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[key] as 1 | -1 | undefined;
  if (step) return { do: shiftKey ? 'step turn' : 'step', direction: step };
  const nearer = zoomKeys[key];
  if (nearer) return { do: 'zoom', direction: nearer };
  // On a button Enter and Space press it.
  if (key === 'Enter') return onControl ? null : { do: 'type' };
  if (key === ' ') return onControl ? null : { do: 'freeze' };
  const action = shifted[key] ?? simple[key.length === 1 ? key.toLowerCase() : key];
  return action === undefined ? null : { do: action };
}
