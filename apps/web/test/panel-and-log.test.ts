import { describe, expect, it } from 'vitest';
import { assignment } from '@sockscope/tcp-core/designs/all';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { defaultSettings } from '@sockscope/tcp-core/trace/settings';
import { LogClients } from '../src/view/panel/log-clients.ts';
import {
  eventsAround,
  logLines,
  type LogFilter,
  type LogLineView,
} from '../src/view/panel/log-lines.ts';
import { panelView } from '../src/view/panel/server-panel.ts';
import { commandsFor } from '../src/view/words/commands.ts';
import { clock } from '../src/view/words/words.ts';
import { ALab, EPOCH } from './a-lab.ts';

describe('commandsFor', () => {
  it('is what reaches the server from this machine', () => {
    expect(commandsFor({ address: '127.0.0.1', port: 5001 }, '127.0.0.1')).toEqual({
      nc: 'nc 127.0.0.1 5001',
      telnet: 'telnet 127.0.0.1 5001',
    });
    expect(commandsFor({ address: '0.0.0.0', port: 5001 }, '127.0.0.1')?.nc).toBe(
      'nc 127.0.0.1 5001',
    );
    expect(commandsFor({ address: '::1', port: 5001 }, '127.0.0.1')?.nc).toBe('nc ::1 5001');
    expect(commandsFor({ address: null, port: null }, '127.0.0.1')).toBeNull();
  });

  it('is what reaches it from a student’s machine, if anything does', () => {
    const page = '192.168.1.5';
    expect(commandsFor({ address: '127.0.0.1', port: 5001 }, page)).toBeNull();
    expect(commandsFor({ address: '0.0.0.0', port: 5001 }, page)?.nc).toBe('nc 192.168.1.5 5001');
    expect(commandsFor({ address: page, port: 5001 }, page)?.nc).toBe('nc 192.168.1.5 5001');
    expect(commandsFor({ address: '::', port: 5001 }, '[fd00::5]')?.nc).toBe('nc fd00::5 5001');
  });
});

describe('panelView', () => {
  it('offers no command to a server that is stopped, and says what the kernel does then', () => {
    const lab = new ALab();
    lab.start('server2', 5002);
    expect(panelView(lab.lab.servers.server2!, 'localhost')).toMatchObject({
      status: 'listening',
      commands: { nc: 'nc 127.0.0.1 5002' },
      problem: null,
    });
    lab.happen('server2', null, { type: 'stopped' });
    expect(panelView(lab.lab.servers.server2!, 'localhost')).toMatchObject({
      commands: null,
      running: false,
    });
    expect(panelView(lab.lab.servers.server2!, 'localhost').problem).toContain('ECONNREFUSED');
  });

  it('counts who is connected and who was turned away', () => {
    const lab = new ALab();
    lab.start('server1');
    lab.connect('server1', 1, 24);
    lab.turnAway('server1', 2, 25);
    expect(panelView(lab.lab.servers.server1!, 'localhost')).toMatchObject({
      connected: '1',
      besides: ' · 1 turned away',
    });
  });

  it('says what server 1 does with newcomers as it is set up now', () => {
    const lab = new ALab();
    lab.happen('server1', null, {
      type: 'starting',
      settings: { ...defaultSettings, policy: 'queue' },
    });
    expect(panelView(lab.lab.servers.server1!, 'localhost').profile.idea).toBe(
      'One chair. You wait in the queue.',
    );
  });
});

describe('logLines', () => {
  const lab = new ALab();
  lab.start('server1');
  lab.connect('server3', 1, 24);
  const listed = (filter: Partial<LogFilter> = {}, of = lab) =>
    logLines(
      eventsAround(of.lab, null, { server: null, everything: false, ...filter }, 99),
      of.lab,
      new LogClients(of.lab),
    );
  const text = ({ who, what, how }: LogLineView): string =>
    `${who === null ? '' : `${who}: `}${what}${how === '' ? '' : ` | ${how}`}`;

  it('puts the newest first and leaves waiting out until it is asked for', () => {
    expect(listed().map(text)).toEqual([
      'A: accepted, from 127.0.0.1:53001 | accept() → fd 24',
      'listens on 127.0.0.1:5001 | listen(), fd 20, backlog 511',
    ]);
    expect(listed({ everything: true }).map(text)).toContain(
      'blocked in accept() via poll() on listener',
    );
  });

  it('can show one server only', () => {
    expect(listed({ server: 'server3' }).map(({ server }) => server)).toEqual([3]);
  });

  it('says who it was by name, and the numbers in the whole sentence', () => {
    const talk = new ALab();
    talk.start('server3');
    talk.connect('server3', 1, 24);
    talk.connect('server3', 2, 25);
    talk.say('server3', 2, 25, '7/2', '3.5');
    talk.happen('server3', 1, {
      type: 'selected',
      read: [20, 24, 25],
      write: [],
      own: [],
      readable: [20, 25],
      writable: [],
      micros: 3,
    });
    const lines = listed({}, talk);
    expect(lines.map(text).slice(0, 4)).toEqual([
      'select() returned: listener, B readable of 3 watched',
      'B: sent 3.5\\n | send(), 4 bytes',
      'B: 7/2 → 3.5 | 40 µs',
      'B: received 7/2\\n | recv(), 4 bytes',
    ]);
    expect(lines[3]?.full).toBe('B: received 7/2\\n · recv(), 4 bytes (fd 25, :53002)');
  });

  it('calls clients of an earlier run as they were called then, and by their given names', () => {
    const runs = new ALab();
    runs.start('server1');
    runs.connect('server1', 1, 24);
    runs.connect('server1', 2, 25);
    runs.happen('server1', null, { type: 'stopped' });
    runs.start('server1');
    runs.connect('server1', 3, 24);
    runs.connect('server1', 4, 25);
    runs.happen('server1', null, {
      type: 'identified',
      connection: 4,
      client: 'browser',
      session: 's',
      name: 'Ada',
    });
    const accepted = listed({}, runs).filter(({ what }) => what.startsWith('accepted'));
    expect(accepted.map(({ who }) => who)).toEqual(['Ada', 'A', 'B', 'A']);
  });

  it('says the descriptor where nobody knows who it was', () => {
    const late = new ALab();
    late.start('server1');
    late.connect('server1', 1, 24);
    late.say('server1', 1, 24, '7/2', '3.5');
    const { log } = late.lab;
    late.happen('server1', null, { type: 'starting', settings: defaultSettings });
    // Its run began before what is known: whether it was A, nobody can say.
    const rest = { ...late.lab, log: log.filter(({ type }) => type === 'received') };
    expect(logLines(rest.log, rest, new LogClients(rest)).map(text)).toEqual([
      'received 7/2\\n | recv(fd 24), 4 bytes',
    ]);
  });

  it('lists some of what comes after the shown moment', () => {
    const long = new ALab();
    long.start('server1');
    long.connect('server1', 1, 24);
    const { lab: then } = long;
    for (let i = 0; i < 9; i += 1) long.say('server1', 1, 24, `${i}`, `${i}`);
    const history = new LabHistory(emptyLab(EPOCH, assignment));
    history.push(long.events);
    const around = eventsAround(then, history, { server: null, everything: false }, 2);
    expect(around.slice(0, 2).map(({ type }) => type)).toEqual(['listening', 'accepted']);
    expect(around).toHaveLength(2 + 12);
    expect(around.map(({ seq }) => seq)).toEqual(
      around.map(({ seq }) => seq).toSorted((a, b) => a - b),
    );
  });

  it('writes times as minutes, seconds and milliseconds', () => {
    expect(clock(62_345_678)).toBe('1:02.345');
    expect(clock(999)).toBe('0:00.000');
  });
});
