/** An answer where there is little room: no number is ever cut. */

import { count } from './words.ts';

/**
 * As much of an answer as fits `most` characters: errors lose the place of the mistake before they lose a
 * word, and a number that does not fit says how long it is: "78 digits".
 */
export function shortAnswer(answer: string, most: number): string {
  if (answer.length <= most) return answer;
  const [, digits] = /^-?(\d+)$/.exec(answer) ?? [];
  if (digits !== undefined) return `${count(digits.length)} digits`;
  const shorter = answer.startsWith('error: ')
    ? answer.replace(/,? at character \d+$/, '')
    : answer;
  return shorter.length <= most ? shorter : `${shorter.slice(0, Math.max(1, most - 1))}…`;
}
