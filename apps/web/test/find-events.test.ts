import { describe, expect, it } from 'vitest';
import { assignment } from '@sockscope/tcp-core/designs/all';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { FoundEvents, nextFound } from '../src/view/panel/find-events.ts';
import { ALab, EPOCH } from './a-lab.ts';

function historyOf(lab: ALab): LabHistory {
  const history = new LabHistory(emptyLab(EPOCH, assignment));
  history.push(lab.events);
  return history;
}

describe('what is found in the log', () => {
  const lab = new ALab();
  lab.start('server3');
  lab.connect('server3', 1, 24);
  lab.connect('server3', 2, 240);
  lab.say('server3', 1, 24, '7/2', '3.5');
  lab.say('server3', 2, 240, 'Bach', 'error: unknown name');
  lab.happen('server3', 1, {
    type: 'selected',
    read: [20, 24],
    write: [],
    own: [],
    readable: [24],
    writable: [],
    micros: 3,
  });
  lab.happen('server3', 1, {
    type: 'closed',
    drained: 0,
    connection: 2,
    fd: 240,
    how: 'rst',
    errno: 'ECONNRESET',
    received: 5,
    sent: 20,
  });
  lab.start('server1');
  lab.turnAway('server1', 1, 24);
  const history = historyOf(lab);
  const find = (query: string, server: string | null = 'server3'): string[] => {
    const seqs = new FoundEvents(history, query, { server, everything: false }).seqs();
    return seqs.map((seq) => history.event(seq)?.type ?? '');
  };

  it('has all the words of the query, in either case', () => {
    expect(find('7/2')).toEqual(['received', 'evaluated']);
    expect(find('7/2 RECEIVED')).toEqual(['received']);
    expect(find('bach')).toEqual(['received', 'evaluated']);
    expect(find('7/2 bach')).toEqual([]);
  });

  it('is of a client by its letter, its port, its descriptor', () => {
    const ofA = ['accepted', 'received', 'evaluated', 'sent'];
    expect(find('a')).toEqual(ofA);
    expect(find(':53001')).toEqual(ofA);
    // Where it was ready, too; and not those of fd 240.
    expect(find('fd 24')).toEqual([...ofA, 'selected']);
    expect(find('fd24 sent')).toEqual(['sent']);
  });

  it('is of a kind: refused, select, RST', () => {
    expect(find('select')).toEqual(['selected']);
    expect(find('rst')).toEqual(['closed']);
    expect(find('refused', 'server1')).toEqual(['refused']);
  });

  it('is of the server that is looked at, or of all', () => {
    expect(find('fd 24 accepted')).toHaveLength(1);
    expect(find('fd 24 accepted', null)).toHaveLength(2);
  });

  it('is nothing as long as nothing is asked, and no line that the log leaves out', () => {
    expect(find('  ')).toEqual([]);
    expect(find('blocked')).toEqual([]);
  });

  it('goes along with the log', () => {
    const live = historyOf(lab);
    const found = new FoundEvents(live, '7/2', { server: 'server3', everything: false });
    expect(found.seqs()).toHaveLength(2);
    lab.say('server3', 1, 24, '7/2', '3.5');
    live.push(lab.events.filter(({ seq }) => seq > live.last));
    expect(found.seqs()).toHaveLength(4);
  });

  it('takes no longer than a frame for the whole history', () => {
    const long = new ALab();
    long.start('server3');
    long.connect('server3', 1, 24);
    while (long.events.length < 9_990) long.say('server3', 1, 24, `${long.t} + 1`, `${long.t + 1}`);
    const all = historyOf(long);
    // Made once; what is asked next is to be fast.
    new FoundEvents(all, 'sent', { server: null, everything: true }).seqs();
    const times = [1, 2, 3, 4, 5].map((n) => {
      const from = performance.now();
      const seqs = new FoundEvents(all, `received a ${n}`, {
        server: null,
        everything: true,
      }).seqs();
      expect(seqs.length).toBeGreaterThan(1_000);
      return performance.now() - from;
    });
    // On a quiet machine 5 ms; of several times the shortest, for other programs take theirs.
    expect(Math.min(...times)).toBeLessThan(40);
  });
});

describe('the next match', () => {
  it('is older or newer, and after the last again the first', () => {
    expect(nextFound([2, 5, 9], Infinity, 'older')).toBe(9);
    expect(nextFound([2, 5, 9], 9, 'older')).toBe(5);
    expect(nextFound([2, 5, 9], 2, 'older')).toBe(9);
    expect(nextFound([2, 5, 9], 5, 'newer')).toBe(9);
    expect(nextFound([2, 5, 9], 9, 'newer')).toBe(2);
    expect(nextFound([], 9, 'newer')).toBeUndefined();
  });
});
