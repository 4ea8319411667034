/** What a thread of the stage is doing, as it is drawn: at the system-call line or off it. */

import type { ThreadState } from '@sockscope/tcp-core/trace/lab-state';
import { blockedWords, callWords, isSocketCall, sleepOf, viaWords } from '../../words/waiting.ts';
import { said } from '../../words/words.ts';

/**
 * `blocked` in a call at the line; `writing`: blocked in send; `working`: in the process;
 * `idle`: waits in the process, in no call of a socket.
 */
export type ThreadPose = 'blocked' | 'writing' | 'working' | 'idle';

export function poseOf({ call }: ThreadState): ThreadPose {
  if (call === null) return 'working';
  if (!isSocketCall(call)) return 'idle';
  return call === 'send' ? 'writing' : 'blocked';
}

/** What is written on the thread: the call at the crossing, or what it does. */
export function poseWord(thread: ThreadState): string {
  if (thread.call === null) {
    return thread.last?.type === 'evaluating' ? 'calculating' : 'working';
  }
  return callWords(thread.call);
}

/** "via poll()" where it sleeps in another function than that call, else "". */
export function poseVia(thread: ThreadState): string {
  const sleep = sleepOf(thread);
  return sleep ? viaWords(sleep) : '';
}

/** The glossary's term for it. */
export function poseTerm(thread: ThreadState): string {
  const sleep = sleepOf(thread);
  if (!sleep) return 'working';
  return isSocketCall(sleep.call) ? blockedWords(sleep) : 'thread';
}

/** What it calculates, cut for the stage; null while it does not. */
export function calculated({ call, last }: ThreadState): string | null {
  if (call !== null || last?.type !== 'evaluating' || last.message === null) return null;
  return said(last.message, 40);
}
