/** An answer where there is little room: no number is ever cut. */

import { count } from './words.ts';

/** Stands for "error: " where that word has no room. */
const ERROR = '✗ ';

/**
 * As much of an answer as fits `most` characters: errors lose the place of the mistake before they lose a
 * word, and a number that does not fit says how long it is: "78 digits".
 */
export function shortAnswer(answer: string, most: number): string {
  if (answer.length <= most) return answer;
  const [, digits] = /^-?(\d+)$/.exec(answer) ?? [];
  if (digits !== undefined) return inDigits(digits);
  if (!answer.startsWith('error: ')) return cut(answer, most);
  const shorter = withoutPlace(answer);
  return shorter.length <= most ? shorter : cut(shorter.replace('error: ', ERROR), most);
}

/** What is said of a number that has no room: "20 digits". */
export function inDigits(number: string): string {
  return `${count(number.replace(/\D/g, '').length)} digits`;
}

/** An error without the place of the mistake. */
export function withoutPlace(error: string): string {
  return error.replace(/,? at character \d+$/, '');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}
