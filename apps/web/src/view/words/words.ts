/** Numbers, times, descriptors and client text in the words that the page uses. */

import { endpoint, isLoopback } from '@sockscope/tcp-core/trace/addresses';
import { printable, printableLine } from '@sockscope/tcp-core/trace/printable';
import { cutText } from '../geometry.ts';

const integers = new Intl.NumberFormat('en');

/** 1234567 → "1,234,567". */
export function count(value: number): string {
  return integers.format(value);
}

/** 1, "byte" → "1 byte"; 12, "byte" → "12 bytes". */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** "fd 24", "fd 24, fd 26"; beyond `most` only how many there are. */
export function descriptors(fds: readonly number[], most = 3): string {
  if (fds.length === 0) return 'no descriptor';
  if (fds.length > most) return `${count(fds.length)} descriptors`;
  return fds.map((fd) => `fd ${fd}`).join(', ');
}

/** Microseconds since the lab began → "1:02.345" (minutes, seconds, milliseconds). */
export function clock(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const minutes = Math.floor(millis / 60_000);
  const seconds = ((millis % 60_000) / 1000).toFixed(3).padStart(6, '0');
  return `${minutes}:${seconds}`;
}

/** Microseconds → "8 µs", "3.1 ms", "2.40 s". */
export function duration(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1_000_000) return `${(micros / 1000).toFixed(1)} ms`;
  return `${(micros / 1_000_000).toFixed(2)} s`;
}

/** Microseconds of waiting → "3.4 s", "12 s", "2 min 5 s". */
export function seconds(micros: number): string {
  const passed = Math.max(0, micros) / 1_000_000;
  if (passed < 9.95) return `${passed.toFixed(1)} s`;
  if (passed < 60) return `${Math.floor(passed)} s`;
  return `${Math.floor(passed / 60)} min ${Math.floor(passed % 60)} s`;
}

/** How long ago something was, in microseconds → "just now", "12 s ago", "58 min ago", "3 h ago". */
export function ago(micros: number): string {
  const passed = Math.floor(micros / 1_000_000);
  if (passed < 10) return 'just now';
  if (passed < 60) return `${passed} s ago`;
  const minutes = Math.floor(passed / 60);
  return minutes < 60 ? `${minutes} min ago` : `${count(Math.floor(minutes / 60))} h ago`;
}

/** A client's end in few characters: on this machine the port says it all, as in `ss`. */
export function shortEndpoint(address: string, port: number): string {
  return isLoopback(address) ? `:${port}` : endpoint(address, port);
}

/**
 * Text from a client, safe to show: invisible characters become escapes; cut after `most`
 * characters. The line end at the very end is left out, unless there is nothing else: every line has one.
 */
export function said(text: string, most = 120): string {
  return cutWords(printableLine(text), most);
}

/** Bytes of a preview (one character a byte) as UTF-8 text; every byte stays visible. */
export function bytesSaid(preview: string, most = 120): string {
  const bytes = Uint8Array.from(preview, (character) => character.charCodeAt(0) & 0xff);
  return cutWords(printable(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)), most);
}

/** What is said of a number that has no room: "20 digits". */
export function inDigits(number: string): string {
  return `${count(number.replace(/\D/g, '').length)} digits`;
}

/** Of a number that does not fit, and that nothing stands before, is told how long it is. */
function cutWords(text: string, most: number): string {
  const cut = cutText(text, most);
  const [, digits] = cut === '…' ? (/^-?(\d+)/.exec(text) ?? []) : [];
  return digits === undefined
    ? cut
    : `(${inDigits(digits)})${digits.length < text.length ? '…' : ''}`;
}
