/** The gateway's log: one JSON object a line on stderr. It may fail; the gateway goes on. */

import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';

/** What waits while it cannot be written, such as on a full disk; lines beyond it are dropped. */
const WAITING_BYTES = 256 * 1024;

/** Opens the log. Whoever reads it may go away (EPIPE), its disk may be full (ENOSPC). */
export function openLog(level: string): FastifyBaseLogger {
  const stderr = pino.destination({ fd: 2, sync: true, maxLength: WAITING_BYTES });
  stderr.on('error', () => undefined);
  return pino({ level }, stderr);
}
