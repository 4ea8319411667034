/** The lines a server prints, one per connect, message, reply and disconnect, made from its events. */

import type { LabEvent } from '../trace/events.ts';
import { printable } from '../trace/printable.ts';

/** The lines for one event; none for what only the page shows. */
export function logLines(event: LabEvent): string[] {
  switch (event.type) {
    case 'listening':
      return [`${event.server} listening on ${hostAndPort(event.address, event.port)}`];
    case 'accepted':
      return [`Connected with client socket number ${event.fd}`];
    case 'evaluated':
      return [
        `Client socket ${event.fd} sent message: ${shown(event.message)}`,
        `Sending reply: ${shown(event.reply)}`,
      ];
    case 'received': // The other servers' messages are only known once they are complete.
      if (event.server !== 'server4') return [];
      return [`Client socket ${event.fd} sent message: ${shownBytes(event.preview, event.bytes)}`];
    case 'sent':
      if (event.server !== 'server4') return [];
      return [`Sending reply: ${shownBytes(event.preview, event.bytes)}`];
    case 'refused':
      return [`Sending reply: ${shown(event.reason)}`];
    case 'closed':
      return [`Client socket ${event.fd} disconnected${event.how === 'rst' ? ' (reset)' : ''}`];
    case 'crashed':
      return [`${event.server} failed: ${printable(event.error)}`];
    default:
      return [];
  }
}

/** `127.0.0.1:5001`, `[::1]:5001`. */
export function hostAndPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function shown(text: string): string {
  return printable(text);
}

/** Bytes as text, without the newline at their end; cut where the preview is. */
function shownBytes(preview: string, bytes: number): string {
  const text = Buffer.from(preview, 'latin1').toString('utf8');
  if (bytes > preview.length) return `${printable(text)}… (${bytes} bytes)`;
  return printable(text.replace(/\r?\n$/, ''));
}
