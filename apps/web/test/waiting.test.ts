import type { BlockingCall } from '@sockscope/tcp-core/trace/events';
import { describe, expect, it } from 'vitest';
import { poseWord } from '../src/view/stage/process/threads.ts';
import { threadsView } from '../src/view/words/describe-thread.ts';
import { blockedWords, callWords, describeWait } from '../src/view/words/waiting.ts';
import { ALab } from './a-lab.ts';

const none = { read: [], write: [], timeoutMs: null };

describe('a wait in words', () => {
  it('names the call of a socket, and else what is waited for', () => {
    const calls: BlockingCall[] = ['accept', 'recv', 'send', 'select', 'handoff', 'parked'];
    expect(calls.map((call) => [callWords(call), blockedWords(call)])).toEqual([
      ['accept()', 'blocked in accept()'],
      ['recv()', 'blocked in recv()'],
      ['send()', 'blocked in send()'],
      ['select()', 'blocked in select()'],
      ['waiting for a free thread', 'waiting for a free thread'],
      ['waiting for a client', 'waiting for a client'],
    ]);
  });

  it('is the same in the panel, on the stage and in the log', () => {
    const lab = new ALab();
    lab.happen(
      'server2',
      1,
      { type: 'threadStarted', tid: 100, role: 'acceptor' },
      { type: 'blocked', own: [], call: 'handoff', ...none },
    );
    const server2 = lab.lab.servers.server2!;
    const words = 'waiting for a free thread';
    expect(threadsView(server2).lines).toMatchObject([{ call: words, words, inCall: false }]);
    expect(poseWord(server2.threads[1]!)).toBe(words);
    expect(describeWait({ call: 'handoff', ...none })).toBe(words);
  });
});
