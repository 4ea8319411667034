import { describe, expect, it } from 'vitest';
import { clientRows } from '../src/view/panel/client-rows.ts';
import { fatesOf } from '../src/view/panel/fates.ts';
import { shortAnswer, shortMessage } from '../src/view/words/answers.ts';
import { said } from '../src/view/words/words.ts';
import { ALab } from './a-lab.ts';

function told(lab: ALab, id: string, now = lab.t, room = { lines: 4, width: 22 }) {
  const server = lab.lab.servers[id]!;
  const view = fatesOf(clientRows(server, [], now), server, now, room);
  const lines = view.fates.map(({ who, more, words }) =>
    [...who.map(({ name }) => name), ...(more > 0 ? [`+${more}`] : []), words]
      .join(' ')
      .replaceAll('\u00a0', ' '),
  );
  return { ...view, lines };
}

function queue(lab: ALab, ports: number[]): void {
  const waiting = ports.map((port, batch) => ({
    ...{ address: '127.0.0.1', port, batch, receive: 0, send: 0 },
    tcp: 'ESTABLISHED' as const,
  }));
  lab.happen('server1', null, {
    ...{ type: 'sampled', acceptQueue: ports.length, waiting, timeWait: 0, connections: [] },
  });
}

describe('fatesOf', () => {
  it('says who is served, who waits and for how long, and draws the queue', () => {
    const lab = new ALab();
    lab.start('server1');
    lab.connect('server1', 1, 24);
    queue(lab, [53_002]);
    queue(lab, [53_002, 53_003, 53_004]);
    const { lines, slots, queueWords } = told(lab, 'server1', lab.t + 6_000_000);
    expect(lines).toEqual(['A is served', 'B C D wait, longest 6.0 s']);
    expect(slots.map(({ taken }) => taken)).toEqual([true, true, true, false, false, false]);
    expect(slots[0]?.identity).not.toBeNull();
    expect(queueWords).toBe('3 wait in the accept queue, longest 6.0 s');
  });

  it('says who was answered what, and who was turned away and why', () => {
    const lab = new ALab();
    lab.start('server1');
    lab.connect('server1', 1, 24);
    lab.say('server1', 1, 24, '22 + 44', '66');
    lab.turnAway('server1', 2, 25);
    expect(told(lab, 'server1').lines).toEqual(['A was answered 66', 'B was turned away: busy']);
  });

  it('tells of one that is calculated since when', () => {
    const lab = new ALab();
    lab.start('server3');
    lab.connect('server3', 1, 24);
    lab.connect('server3', 2, 25);
    lab.happen('server3', 1, { type: 'evaluating', connection: 2, fd: 25, message: '7/2' });
    expect(told(lab, 'server3', lab.t + 1_200_000).lines).toEqual([
      'B is calculated 1.2 s',
      'A is connected',
    ]);
  });

  it('names few of many, and counts all', () => {
    const lab = new ALab();
    lab.start('server3');
    for (let each = 1; each <= 30; each += 1) lab.connect('server3', each, 23 + each);
    expect(told(lab, 'server3').lines).toEqual(['A B +28 are connected']);
  });

  it('tells every answer where there is room, and no number is cut', () => {
    const lab = new ALab();
    lab.start('server2');
    for (const each of [1, 2, 3]) lab.connect('server2', each, 23 + each);
    lab.say('server2', 1, 24, '2^64', '18446744073709551616');
    lab.say('server2', 2, 25, '1+1', '2');
    expect(told(lab, 'server2').lines).toEqual([
      'A was answered 20 digits',
      'B was answered 2',
      'C is connected',
    ]);
    expect(told(lab, 'server2', lab.t, { lines: 3, width: 40 }).lines[0]).toBe(
      'A was answered 18446744073709551616',
    );
    lab.say('server2', 3, 26, '1+2', '3');
    expect(told(lab, 'server2', lab.t, { lines: 2, width: 22 }).lines).toEqual([
      'A B were answered',
      'C was answered 3',
    ]);
    lab.connect('server2', 4, 27);
    expect(told(lab, 'server2', lab.t, { lines: 2, width: 22 }).lines).toEqual([
      'A B C were answered',
      'D is connected',
    ]);
  });

  it('draws no more places of the queue than there are', () => {
    const lab = new ALab();
    lab.start('server1');
    lab.happen('server1', null, {
      type: 'starting',
      settings: { ...lab.lab.servers.server1!.settings, backlog: 2 },
    });
    queue(lab, [53_002]);
    expect(told(lab, 'server1').slots).toHaveLength(3);
  });

  it('says what is true while nobody is there', () => {
    const lab = new ALab();
    lab.start('server1');
    expect(told(lab, 'server1').empty).toBe('Nobody is here: blocked in accept()');
    lab.happen('server1', null, { type: 'stopped' });
    expect(told(lab, 'server1').empty).toBe('It is stopped: the kernel refuses newcomers');
  });
});

describe('shortAnswer', () => {
  it('never cuts a number, and errors lose the place before a word', () => {
    expect(shortAnswer('18446744073709551616', 20)).toBe('18446744073709551616');
    expect(shortAnswer('18446744073709551616', 19)).toBe('20 digits');
    expect(shortAnswer('-123456', 5)).toBe('6 digits');
    const error = 'error: unknown name at character 2';
    expect(shortAnswer(error, 34)).toBe(error);
    expect(shortAnswer(error, 33)).toBe('error: unknown name');
    expect(shortAnswer(error, 18)).toBe('✗ unknown name');
    expect(shortAnswer(error, 10)).toBe('✗ unknown…');
  });
});

describe('shortMessage', () => {
  it('never cuts a number: it is told by its digits, or left out with what follows', () => {
    expect(shortMessage('22 + 44', 7)).toBe('22 + 44');
    expect(shortMessage('22 + 44', 6)).toBe('22 + …');
    expect(shortMessage('1'.repeat(70), 20)).toBe('70 digits');
    expect(shortMessage('2 ^ 200 - 1234567890', 16)).toBe('2 ^ 200 - …');
    expect(said(`2^400 = ${'1'.repeat(200)}`)).toBe('2^400 = …');
    expect(said('1'.repeat(200))).toBe('(200 digits)');
  });
});
