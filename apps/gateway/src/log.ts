/** The gateway's log: one JSON object a line on stderr. It may lose lines; the gateway goes on. */

import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { PatientWriter } from './patient-writer.ts';

/** Opens the log. Whoever reads it may stall or go away, its disk may be full. */
export function openLog(level: string): FastifyBaseLogger {
  const stderr = new PatientWriter(2, (lost) => {
    log.warn({ lost }, 'lines of this log were lost, because it could not be written');
  });
  const log = pino({ level }, stderr);
  return log;
}
