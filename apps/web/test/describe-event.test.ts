import { describe, expect, it } from 'vitest';
import type { LabEvent, LabFact } from '@sockscope/tcp-core/trace/events';
import { describeEvent, eventWords, toneOf } from '../src/view/words/describe-event.ts';

const stamp = { epoch: 'e', seq: 1, t: 1, server: 'server3', thread: 1 } as const;
const event = (fact: LabFact): LabEvent => ({ ...fact, ...stamp });
const words = (fact: LabFact): string => describeEvent(event(fact));

describe('describeEvent', () => {
  it('says what accept returned', () => {
    expect(
      words({ type: 'accepted', connection: 1, fd: 24, address: '127.0.0.1', port: 53140 }),
    ).toBe('accepted, from 127.0.0.1:53140 · accept() → fd 24');
    expect(words({ type: 'accepted', connection: 1, fd: 24, address: '::1', port: 53140 })).toBe(
      'accepted, from [::1]:53140 · accept() → fd 24',
    );
  });

  it('says which descriptors select found ready, of how many', () => {
    const selected = { type: 'selected' as const, own: [], write: [26], writable: [], micros: 3 };
    expect(words({ ...selected, read: [20, 24, 25, 26, 27], readable: [24, 26] })).toBe(
      'select() returned: fd 24, fd 26 readable of 5 watched',
    );
    expect(words({ ...selected, read: [20], readable: [20], writable: [26] })).toBe(
      'select() returned: fd 20 readable, fd 26 writable of 2 watched',
    );
    expect(words({ ...selected, read: [20], readable: [] })).toBe(
      'select() returned: time is up, none of 2 ready',
    );
  });

  it('says why a client was turned away and who closed', () => {
    expect(words({ type: 'refused', sent: 10, connection: 1, fd: 24, reason: 'busy: later' })).toBe(
      'turned away: busy: later',
    );
    expect(words({ type: 'peerClosed', connection: 1, fd: 24 })).toBe(
      'FIN from the client · recv(fd 24) → 0',
    );
    const closed = {
      type: 'closed',
      drained: 0,
      connection: 1,
      fd: 24,
      received: 8,
      sent: 1234,
    } as const;
    expect(words({ ...closed, how: 'rst', errno: 'ECONNRESET' })).toBe(
      'closed: reset (RST), ECONNRESET · close(fd 24), 8 bytes in, 1,234 out',
    );
  });

  it('shows hostile bytes as escapes and cuts what is long', () => {
    const received = { type: 'received', connection: 1, fd: 24, bytes: 9 } as const;
    expect(words({ ...received, preview: '\x1b[2J\r\n' })).toBe(
      'received \\x1b[2J\\r\\n · recv(fd 24), 9 bytes',
    );
    // U+202E as UTF-8, which would turn the rest of the line around.
    expect(words({ ...received, preview: '\xe2\x80\xaeabc' })).toContain('\\u202eabc');
    expect(words({ ...received, preview: 'x'.repeat(256) }).length).toBeLessThan(160);
  });

  it('calls clients by their names where they have one, and then leaves their descriptor out', () => {
    const named = {
      client: 'A',
      descriptor: (fd: number) => ({ 20: 'listener', 24: 'A' })[fd] ?? null,
    };
    const told = (fact: LabFact): string => describeEvent(event(fact), named);
    expect(told({ type: 'received', connection: 1, fd: 24, bytes: 4, preview: '7/2\n' })).toBe(
      'A: received 7/2\\n · recv(), 4 bytes',
    );
    const selected: LabFact = {
      type: 'selected',
      own: [],
      read: [20, 24, 25],
      write: [],
      readable: [20, 24, 25],
      writable: [],
      micros: 3,
    };
    expect(describeEvent(event(selected), { ...named, client: null })).toBe(
      'select() returned: listener, A, fd 25 readable of 3 watched',
    );
  });

  it('cuts what was said with "…", but through no number: a long one is how many digits it has', () => {
    const evaluated = {
      type: 'evaluated',
      connection: 1,
      fd: 24,
      error: false,
      micros: 40,
    } as const;
    const what = (message: string, reply: string): string =>
      eventWords(event({ ...evaluated, message, reply }), undefined, 20).what;
    expect(what('2^200', '1606938044258990275541962092341162602522202993782792835301376')).toBe(
      '2^200 → (61 digits)',
    );
    expect(what('1 + 22 + 333 + 4444 + 55555', '60355')).toBe('1 + 22 + 333 + … → 60355');
    expect(what('x'.repeat(21), '1')).toBe(`${'x'.repeat(19)}… → 1`);
    expect(what('1', '9'.repeat(256))).toBe('1 → (256+ digits)');
  });

  it('sums up a busy stretch with exact totals', () => {
    const flow = { calls: 406, bytes: 4872 };
    const connection = { fd: 24, received: flow, sent: flow, messages: 406, errors: 0 };
    const connections = [
      { connection: 1, ...connection },
      { connection: 2, ...connection },
    ];
    expect(words({ type: 'summed', waited: 190_000, micros: 250_000, turns: 9, connections })).toBe(
      'recv() ×812, 9,744 bytes from 2 clients, 812 messages answered in 250.0 ms, of which the thread slept 190.0 ms',
    );
  });

  it('lets an error stand out and waiting step back', () => {
    const evaluated = {
      type: 'evaluated',
      connection: 1,
      fd: 24,
      message: '1/0',
      reply: 'error: division by zero',
      micros: 40,
    } as const;
    expect(toneOf(event({ ...evaluated, error: true }))).toBe('bad');
    expect(toneOf(event({ ...evaluated, error: false }))).toBe('good');
    expect(
      toneOf(
        event({
          type: 'blocked',
          own: [],
          call: 'recv',
          in: 'recv',
          read: [24],
          write: [],
          timeoutMs: null,
        }),
      ),
    ).toBe('quiet');
  });
});
