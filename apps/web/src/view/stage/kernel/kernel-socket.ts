/** A socket in the kernel's table as the stage draws it: its state, and its queues as bars. */

import type { KernelSocket, TcpState } from '@sockscope/tcp-core/trace/events';
import { countsFin } from '@sockscope/tcp-core/trace/reducer';

export interface QueueBar {
  /** How much of the bar is filled, 0 to 1. */
  fill: number;
  /** "0", "12 B", "256 KiB", "FIN", "12 B + FIN". */
  text: string;
  /** Bytes of the stream, without the FIN. */
  bytes: number;
}

/** The bar is full at so many bytes. */
const BAR_FULL = 4 * 1024 * 1024;

/** The states in which our FIN is not acknowledged. */
const OWN_FIN: ReadonlySet<TcpState> = new Set<TcpState>(['FIN_WAIT1', 'LAST_ACK', 'CLOSING']);

/** What arrived and no recv has taken; `finRead`: recv has already returned 0. */
export function receiveBar(socket: KernelSocket, finRead: boolean): QueueBar {
  return queueBar(socket.receive, countsFin(socket, finRead));
}

/** What send handed over and the client has not acknowledged. */
export function sendBar(socket: KernelSocket): QueueBar {
  return queueBar(socket.send, OWN_FIN.has(socket.tcp));
}

/** A FIN takes a sequence number: the kernel's figure counts it as one byte. */
function queueBar(figure: number, withFin: boolean): QueueBar {
  const fin = withFin && figure > 0;
  const bytes = fin ? figure - 1 : figure;
  const text = fin ? (bytes === 0 ? 'FIN' : `${bytesShort(bytes)} + FIN`) : bytesShort(bytes);
  // Logarithmic, so that 8 bytes and 256 KiB can both be seen.
  const fill = Math.min(1, Math.log1p(figure) / Math.log1p(BAR_FULL));
  return { fill, text, bytes };
}

/** "0", "12 B", "4.1 KiB", "256 KiB", "3.0 MiB". */
export function bytesShort(bytes: number): string {
  if (bytes === 0) return '0';
  if (bytes < 1024) return `${bytes} B`;
  const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, 'KiB'] : [bytes / 1024 ** 2, 'MiB'];
  const digits = value < 10 && !Number.isInteger(value) ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`;
}
