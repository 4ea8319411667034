/** The lines a server prints, one per connect, message, reply and disconnect, made from its events. */

import { endpoint } from '@sockscope/tcp-core/trace/addresses';
import type { Design } from '@sockscope/tcp-core/trace/design';
import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { printable, printableLine } from '@sockscope/tcp-core/trace/printable';

/** The lines for one event; none for what only the page shows. */
export function logLines(event: LabEvent, { speaks }: Design): string[] {
  switch (event.type) {
    case 'listening':
      return [`${event.server} listening on ${endpoint(event.address, event.port)}`];
    case 'accepted':
      return [`Connected with client socket number ${event.fd}`];
    case 'evaluated':
      return [
        `Client socket ${event.fd} sent message: ${printable(event.message)}`,
        `Sending reply: ${printable(event.reply)}`,
      ];
    case 'received': // A message is only known once it is complete.
      if (speaks === 'lines') return [];
      return [`Client socket ${event.fd} sent message: ${shownBytes(event.preview, event.bytes)}`];
    case 'sent':
      if (speaks === 'lines') return [];
      return [`Sending reply: ${shownBytes(event.preview, event.bytes)}`];
    case 'refused':
      return [`Sending reply: ${printable(event.reason)}`];
    case 'closed':
      return [`Client socket ${event.fd} disconnected${event.how === 'rst' ? ' (reset)' : ''}`];
    case 'crashed':
      return [`${event.server} failed: ${printable(event.error)}`];
    default:
      return [];
  }
}

/** How many lines would have told what this event only counts. */
export function linesNotTold(event: LabEvent, { speaks }: Design): number {
  if (event.type !== 'summed') return 0;
  const lines = event.connections.map(({ received, sent, messages }) =>
    speaks === 'bytes' ? received.calls + sent.calls : 2 * messages,
  );
  return lines.reduce((sum, count) => sum + count, 0);
}

/** Bytes as text, as a message is shown; cut where the preview is. */
function shownBytes(preview: string, bytes: number): string {
  const text = Buffer.from(preview, 'latin1').toString('utf8');
  if (bytes > preview.length) return `${printable(text)}… (${bytes} bytes)`;
  return printableLine(text);
}
