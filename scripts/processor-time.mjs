/** What a process has had of the processors. */

import { readFileSync } from 'node:fs';

/**
 * Milliseconds of processor time that a process has had until now, all its threads; or one of them
 * (proc_pid_stat(5)). Error: there is no such process.
 *
 * @param {number | undefined} pid
 * @param {number} [tid]
 */
export function processorMs(pid, tid) {
  const folder = tid === undefined ? `/proc/${pid}` : `/proc/${pid}/task/${tid}`;
  // Behind the name, which may hold anything: utime and stime are fields 14 and 15, in 1/100 s.
  const fields = readFileSync(`${folder}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
