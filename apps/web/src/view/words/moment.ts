/** The sentence of the moment: what just happened, for the last row and for a screen reader. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { connectionIdentity, type Identity } from '../identity.ts';
import { connectionOf } from './describe-event.ts';
import { serverName } from './servers.ts';
import { tellStep } from './tell-step.ts';
import { tellMoment, type Told } from './tell.ts';

export interface Moment {
  seq: number;
  /** When, in microseconds of the lab's clock. */
  t: number;
  /** Two lines at most; the names of clients come first. */
  sentence: string;
  /** Descriptors, ports, calls: for who wants to know them. */
  detail: string;
  /** Whose moment it is, "Server 3", where the sentence does not say it; else null. */
  server: string | null;
  identity: Identity | null;
  bad: boolean;
  /** Of two moments at the same time the higher one is told. */
  rank: number;
}

/** The moment that an event is, or null if it is only a step of one. `lab` says whose it is. */
export function momentOf(event: LabEvent, lab: LabState): Moment | null {
  const told = tellMoment(event, lab);
  return told && moment(event, lab, told);
}

/**
 * The moment to show while time stands still at an event; `lab` is the state after it. Null for a sample
 * that changes nothing of what was told: then the sentence before it stays.
 */
export function momentAt(event: LabEvent, lab: LabState): Moment | null {
  const told = tellStep(event, lab);
  return told && moment(event, lab, told);
}

/** The gateway was started anew: nothing of what was shown before is there any more. */
export function newRun({ seq, t }: Pick<LabState, 'seq' | 't'>): Moment {
  return {
    ...{ seq, t, identity: null, server: null, bad: false, rank: 6 },
    sentence: 'The lab was restarted; this is a new run',
    detail: '',
  };
}

/** It in words; where it may be `ofAll` servers, of which. */
export function momentWords({ server, sentence }: Moment, ofAll: boolean): string {
  return ofAll && server !== null ? `${server}: ${sentence}` : sentence;
}

/** The one to tell of several: the highest rank, and of equals the latest. */
export function weightier(a: Moment | null, b: Moment | null): Moment | null {
  if (!a || !b) return a ?? b;
  return b.rank >= a.rank ? b : a;
}

function moment(event: LabEvent, lab: LabState, told: Told): Moment {
  const { sentence, detail, rank, bad = false } = told;
  const connection = connectionOf(event);
  const server = serverName(event, lab);
  const isNamed = sentence.toLowerCase().includes(server.toLowerCase());
  return {
    ...{ seq: event.seq, t: event.t, sentence, detail, rank, bad },
    server: isNamed ? null : server,
    identity: connection === null ? null : connectionIdentity(event.server, connection),
  };
}
