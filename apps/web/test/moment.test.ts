import { describe, expect, it } from 'vitest';
import { momentOf, weightier, type Moment } from '../src/view/words/moment.ts';
import { ALab } from './a-lab.ts';

function told(lab: ALab): Moment | null {
  return lab.events.map((event) => momentOf(event, lab.lab)).reduce(weightier, null);
}

describe('the sentence of the moment', () => {
  it('tells of a refusal that somebody was turned away, not that a descriptor was closed', () => {
    const lab = new ALab();
    lab.turnAway('server1', 2, 25);
    expect(told(lab)).toMatchObject({
      sentence: 'Server 1 turned fd 25 away: “busy: try again later”',
      bad: true,
    });
  });

  it('tells an answer rather than the calls that it took', () => {
    const lab = new ALab();
    lab.connect('server3', 1, 24);
    lab.say('server3', 1, 24, '22 + 44', '66');
    expect(told(lab)?.sentence).toBe('Server 3 answered 22 + 44 with 66');
  });

  it('tells the latest of equal ones', () => {
    const lab = new ALab();
    lab.connect('server2', 1, 24);
    lab.connect('server2', 2, 25);
    expect(told(lab)?.sentence).toBe('Server 2 accepted 127.0.0.1:53002: it is fd 25 now');
  });

  it('blames the kernel only for what it refused', () => {
    const failed = (errno: string) => {
      const lab = new ALab();
      lab.happen('server1', null, { type: 'connectFailed', session: 's', errno });
      return told(lab)?.sentence;
    };
    expect(failed('ECONNREFUSED')).toBe('The kernel refused a client of server 1: ECONNREFUSED');
    expect(failed('EMFILE')).toBe('A browser client could not connect to server 1: EMFILE');
  });

  it('does not say that a server which stops still serves', () => {
    const lab = new ALab();
    lab.happen('server3', 1, { type: 'listenerClosed', fd: 20 });
    expect(told(lab)?.sentence).toBe(
      'Server 3 closed its listening socket: the kernel refuses newcomers',
    );
  });

  it('is silent about waiting', () => {
    const lab = new ALab();
    lab.happen('server1', 1, {
      type: 'blocked',
      own: [],
      call: 'accept',
      in: 'poll',
      read: [20],
      write: [],
      timeoutMs: null,
    });
    expect(told(lab)).toBeNull();
  });
});
