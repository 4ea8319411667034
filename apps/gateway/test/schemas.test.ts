import { assignment } from '@sockscope/tcp-core/designs/all';
import { eventTypes, type LabEvent } from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import type { Static } from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { type Event, events, State } from '../src/schemas/event-schemas.ts';
import { ClientQuery, ServerChanges } from '../src/schemas/schemas.ts';

type Flat<T> = T extends (infer Item)[]
  ? Flat<Item>[]
  : T extends object
    ? { [Key in keyof T]: Flat<T[Key]> }
    : T;

/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the usual exact comparison */
type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/* eslint-enable */
type ByType<T extends { type: string }> = { [Name in T['type']]: Flat<Extract<T, { type: Name }>> };

describe('the schemas', () => {
  it('say the same as the types of the log and the state', () => {
    // These lines fail in the type check, not when they run.
    const eventsAgree: Equal<ByType<Static<typeof Event>>, ByType<LabEvent>> = true;
    const statesAgree: Equal<Flat<Static<typeof State>>['servers'], Flat<LabState>['servers']> =
      true;
    const keysAgree: Equal<keyof Static<typeof State>, keyof LabState> = true;
    expect([eventsAgree, statesAgree, keysAgree]).toEqual([true, true, true]);
  });

  it('know every event type, and no other', () => {
    expect(Object.keys(events).sort()).toEqual([...eventTypes].sort());
  });

  it('take the state of an empty lab', () => {
    expect(Value.Errors(State, emptyLab('one', assignment))).toEqual([]);
  });

  it('take sessions of letters, digits and hyphens only', () => {
    expect(Value.Check(ClientQuery, { session: 'Client-7' })).toBe(true);
    for (const session of ['', 'a b', 'x'.repeat(41), 'a\n', '<b>', 'é'])
      expect(Value.Check(ClientQuery, { session }), session).toBe(false);
  });

  it('bound what can be changed of a server', () => {
    expect(Value.Check(ServerChanges, { slowMs: 10_000, policy: 'queue' })).toBe(true);
    for (const changes of [
      {},
      { slowMs: 10_001 },
      { slowMs: -1 },
      { slowMs: 1.5 },
      { slowMs: '5' },
      { maxThreads: 0 },
      { maxThreads: 257 },
      { idleMs: 0 },
      { policy: 'panic' },
      { port: 80 },
      { address: '0.0.0.0' },
    ])
      expect(Value.Check(ServerChanges, changes), JSON.stringify(changes)).toBe(false);
  });
});
