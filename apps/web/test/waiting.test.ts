import { describe, expect, it } from 'vitest';
import { poseWord } from '../src/view/stage/process/threads.ts';
import { threadsView } from '../src/view/words/describe-thread.ts';
import { explain } from '../src/view/words/glossary.ts';
import {
  blockedWords,
  callWords,
  describeWait,
  isSocketCall,
  type Sleep,
} from '../src/view/words/waiting.ts';
import { ALab } from './a-lab.ts';

const none = { read: [], write: [], timeoutMs: null };

describe('a wait in words', () => {
  it('names the call of a socket, and else what is waited for', () => {
    const sleeps: Sleep[] = [
      { call: 'accept', in: 'poll' },
      { call: 'recv', in: 'recv' },
      { call: 'recv', in: 'poll' },
      { call: 'send', in: 'poll' },
      { call: 'close', in: 'poll' },
      { call: 'select', in: 'select' },
      { call: 'handoff', in: 'futex' },
      { call: 'parked', in: 'futex' },
    ];
    expect(sleeps.map((sleep) => [callWords(sleep.call), blockedWords(sleep)])).toEqual([
      ['accept()', 'blocked in accept() via poll()'],
      ['recv()', 'blocked in recv()'],
      ['recv()', 'blocked in recv() via poll()'],
      ['send()', 'blocked in send() via poll()'],
      ['close()', 'blocked in close() via poll()'],
      ['select()', 'blocked in select()'],
      ['waiting for a free thread', 'waiting for a free thread'],
      ['waiting for a client', 'waiting for a client'],
    ]);
    const terms = sleeps.filter(({ call }) => isSocketCall(call)).map(blockedWords);
    expect(terms.filter((term) => explain(term) === undefined)).toEqual([]);
  });

  it('is the same in the panel, on the stage and in the log', () => {
    const lab = new ALab();
    lab.happen(
      'server2',
      1,
      { type: 'threadStarted', tid: 100, role: 'acceptor' },
      { type: 'blocked', own: [], call: 'handoff', in: 'futex', ...none },
    );
    const server2 = lab.lab.servers.server2!;
    const words = 'waiting for a free thread';
    expect(threadsView(server2).lines).toMatchObject([{ call: words, words, inCall: false }]);
    expect(poseWord(server2.threads[1]!)).toBe(words);
    expect(describeWait({ call: 'handoff', in: 'futex', ...none })).toBe(words);
  });
});
