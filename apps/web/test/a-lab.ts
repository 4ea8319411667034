/** A lab for tests: facts numbered as the gateway does it and folded by the real reducer. */

import { assignment } from '@sockscope/tcp-core/designs/all';
import type {
  BlockingCall,
  LabEvent,
  LabFact,
  ServerId,
  SleepingCall,
} from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { applyAll, emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { defaultSettings } from '@sockscope/tcp-core/trace/settings';

export const EPOCH = 'epoch-1';

/** In which function a thread sleeps for a call, without a time limit or sockets to drain. */
export function sleepsIn(call: BlockingCall): SleepingCall {
  if (call === 'select' || call === 'recv') return call;
  return call === 'parked' || call === 'handoff' ? 'futex' : 'poll';
}

export class ALab {
  lab: LabState = emptyLab(EPOCH, assignment);
  readonly events: LabEvent[] = [];
  /** Microseconds; each event takes a millisecond. */
  t = 0;

  happen(server: ServerId, thread: number | null, ...facts: LabFact[]): LabEvent[] {
    const events = facts.map((fact, index) => {
      this.t += 1_000;
      const stamp = { epoch: EPOCH, seq: this.lab.seq + index + 1, t: this.t, server, thread };
      return { ...fact, ...stamp } satisfies LabEvent;
    });
    this.lab = applyAll(this.lab, events);
    this.events.push(...events);
    return events;
  }

  start(server: ServerId, port = 5001): void {
    this.happen(server, null, {
      type: 'starting',
      settings: defaultSettings,
    });
    this.happen(
      server,
      1,
      { type: 'threadStarted', tid: 4711, role: 'server' },
      { type: 'listening', fd: 20, address: '127.0.0.1', port, backlog: 511 },
      {
        type: 'blocked',
        own: [],
        call: 'accept',
        in: 'poll',
        read: [20],
        write: [],
        timeoutMs: null,
      },
    );
  }

  connect(server: ServerId, connection: number, fd: number, session: string | null = null): void {
    this.happen(server, 1, {
      type: 'accepted',
      connection,
      fd,
      address: '127.0.0.1',
      port: 53_000 + connection,
    });
    this.happen(server, null, {
      type: 'identified',
      connection,
      client: session === null ? 'external' : 'browser',
      session,
    });
  }

  say(server: ServerId, connection: number, fd: number, message: string, reply: string): void {
    this.happen(
      server,
      1,
      { type: 'received', connection, fd, bytes: message.length + 1, preview: `${message}\n` },
      {
        type: 'evaluated',
        connection,
        fd,
        message,
        reply,
        error: reply.startsWith('error: '),
        micros: 40,
      },
      {
        type: 'sent',
        connection,
        fd,
        bytes: reply.length + 1,
        requested: reply.length + 1,
        preview: `${reply}\n`,
      },
    );
  }

  turnAway(server: ServerId, connection: number, fd: number): void {
    this.connect(server, connection, fd);
    this.happen(
      server,
      1,
      { type: 'refused', sent: 10, connection, fd, reason: 'busy: try again later' },
      { type: 'shutdown', connection, fd },
      {
        type: 'closed',
        drained: 0,
        connection,
        fd,
        how: 'local',
        errno: null,
        received: 0,
        sent: 22,
      },
    );
  }
}
