/** The keys of the page. */

export const keyHelp: readonly { keys: readonly string[]; does: string }[] = [
  { keys: ['1', '2', '3', '4'], does: 'go to a server' },
  { keys: ['a'], does: 'add a browser client to it' },
  { keys: ['/', 'Enter'], does: 'type an expression' },
  { keys: ['Esc'], does: 'back from the input to the server' },
  { keys: ['?'], does: 'this list' },
];

export type KeyAction =
  { do: 'focus server'; number: number } | { do: 'add client' } | { do: 'type' } | { do: 'help' };

/** What a key does while nothing is being typed; null for keys that are the browser's own. */
export function keyAction(key: string, onControl: boolean): KeyAction | null {
  if (/^[1-4]$/.test(key)) return { do: 'focus server', number: Number(key) };
  if (key === 'a') return { do: 'add client' };
  if (key === '/') return { do: 'type' };
  // On a button Enter presses it.
  if (key === 'Enter') return onControl ? null : { do: 'type' };
  if (key === '?') return { do: 'help' };
  return null;
}
