import { describe, expect, it } from 'vitest';
import { defaultSettings } from '@sockscope/tcp-core/trace/settings';
import { logLines } from '../src/view/panel/log-lines.ts';
import { panelView } from '../src/view/panel/server-panel.ts';
import { commandsFor } from '../src/view/words/commands.ts';
import { clock } from '../src/view/words/words.ts';
import { ALab } from './a-lab.ts';

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

  it('puts the newest first and leaves waiting out until it is asked for', () => {
    const texts = logLines(lab.lab.log, { server: null, everything: false, most: 99 }, lab.lab).map(
      ({ text }) => text,
    );
    expect(texts).toEqual([
      'accept() → fd 24, 127.0.0.1:53001',
      'listen() on 127.0.0.1:5001: fd 20, backlog 511',
    ]);
    const all = logLines(lab.lab.log, { server: null, everything: true, most: 99 }, lab.lab);
    expect(all.map(({ text }) => text)).toContain('blocked in accept() via poll() on fd 20');
  });

  it('can show one server only', () => {
    const lines = logLines(
      lab.lab.log,
      { server: 'server3', everything: false, most: 99 },
      lab.lab,
    );
    expect(lines.map(({ server }) => server)).toEqual([3]);
  });

  it('writes times as minutes, seconds and milliseconds', () => {
    expect(clock(62_345_678)).toBe('1:02.345');
    expect(clock(999)).toBe('0:00.000');
  });
});
