/** An answer where there is little room: no number is ever cut. */

import { cutText } from '../geometry.ts';
import { inDigits } from './words.ts';

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
  if (!answer.startsWith('error: ')) return cutText(answer, most);
  const shorter = withoutPlace(answer);
  return shorter.length <= most ? shorter : cutText(shorter.replace('error: ', ERROR), most);
}

/** As much of a message as fits: a number that does not is told by its length, or left out with what follows it. */
export function shortMessage(message: string, most: number): string {
  const isNumber = message.length > most && /^-?\d+$/.test(message);
  const digits = isNumber ? inDigits(message) : '';
  return isNumber && digits.length <= most ? digits : cutText(message, Math.max(1, most));
}

/** An error without the place of the mistake. */
export function withoutPlace(error: string): string {
  return error.replace(/,? at character \d+$/, '');
}
