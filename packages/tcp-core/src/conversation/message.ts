/** What a client said, and what is answered: the vocabulary of servers 1 to 3. */

import type { Connection } from '../sockets/api.ts';

/** The longest message that is read, in bytes without its terminator. */
export const MAX_MESSAGE_BYTES = 4096;

/** The longest reply, in bytes with its terminator: students' clients read with one recv. */
export const MAX_REPLY_BYTES = 255;

export type Terminator = '' | '\n' | '\r\n';

export interface Message {
  text: string;
  /** How the message ended; '' when silence or FIN ended it. Its reply ends the same way. */
  terminator: Terminator;
  /** Why it cannot be read at all (too long, not UTF-8), or null. */
  problem: string | null;
}

/** Answers one message of a client: the bytes of the reply, at most MAX_REPLY_BYTES. */
export type Calculate = (client: Connection, message: Message) => Uint8Array;
