/** The page of each design, by its name: a thread looks its own up. */

import type { Sockets } from '../sockets/api.ts';
import type { Assignment } from './assignment.ts';
import { echo } from './echo.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { selectServer } from './select.ts';
import { threadPerClient } from './thread-per-client.ts';

/** Runs until its thread is stopped. */
export type Page = (sockets: Sockets, assignment: Assignment) => never;

export const pages: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['one-at-a-time', oneAtATime],
  ['thread-per-client', threadPerClient],
  ['select', selectServer],
  ['echo', echo],
]);
