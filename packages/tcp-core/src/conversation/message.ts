/** What a client said, and what is answered: the vocabulary of servers 1 to 3. */

import type { Connection } from '../sockets/api.ts';

/** The longest message that is read, in bytes without its terminator. */
export const MAX_MESSAGE_BYTES = 4096;

/** The longest reply, in bytes with its terminator: students' clients read with one recv. */
export const MAX_REPLY_BYTES = 255;

export type Terminator = '' | '\n' | '\r\n' | '\0';

/** A message to calculate and to log. */
export interface Said {
  type: 'said';
  /** What it says; with a problem, what the log shows of it, never nothing. */
  text: string;
  /** What its reply ends with; '' when silence or FIN ended it. */
  terminator: Terminator;
  /** Why it cannot be read at all (too long, not UTF-8 …), or null. */
  problem: string | null;
  /** What is added to an error, or ''. */
  advice: string;
}

/** A request of telnet's own, with its answer: no words, so nothing to calculate or to log. */
export interface Negotiated {
  type: 'negotiated';
  answer: Uint8Array;
}

export type Message = Said | Negotiated;

/** Answers one message of a client: the bytes of the reply, at most MAX_REPLY_BYTES. */
export type Calculate = (client: Connection, message: Message) => Uint8Array;
