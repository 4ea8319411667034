/** What is new of a server that listens again: that it was restarted, and how it is set up now. */

import type { LabEvent } from '@sockscope/tcp-core/trace/events';
import { serverWithId, type LabState } from '@sockscope/tcp-core/trace/lab-state';
import {
  defaultSettings,
  settingNames,
  type BusyPolicy,
  type Settings,
} from '@sockscope/tcp-core/trace/settings';

const policies: Record<BusyPolicy, string> = {
  busy: 'says busy to newcomers',
  refuse: 'has the kernel refuse newcomers',
  queue: 'leaves newcomers in the queue',
};

/**
 * "was restarted: it leaves newcomers in the queue"; null if this is no restart, as far as the last events
 * in `lab` tell. A stop and a later start are none: then it says "was started again".
 */
export function restartWords(event: LabEvent, lab: LabState): string | null {
  const ours = lab.log.filter(({ server, seq }) => server === event.server && seq < event.seq);
  const start = ours.findLast(({ type }) => type === 'starting');
  const end = ours.findLast(({ type }) => type === 'stopped' || type === 'crashed');
  if (start?.type !== 'starting') return null;
  // Since it was started it has listened already: server 1 does so between two clients.
  if (ours.some(({ type, seq }) => type === 'listening' && seq > start.seq)) return null;
  if (!end || end.seq > start.seq) return null;
  const was = ours.findLast(({ type, seq }) => type === 'starting' && seq < start.seq);
  const before = was?.type === 'starting' ? was.settings : defaultSettings;
  const can = serverWithId(lab, event.server)?.design.settings ?? [];
  const changed = settingNames
    .filter((name) => can.includes(name) && before[name] !== start.settings[name])
    .map((name) => settingWords(name, start.settings))
    .filter((words) => words !== null);
  const again = start.t - end.t < AT_ONCE ? 'was restarted' : 'was started again';
  return changed.length === 0 ? again : `${again}: it ${changed.join(' and ')}`;
}

/** Microseconds from the end to the next start that make it one act. */
const AT_ONCE = 3_000_000;

function settingWords(name: keyof Settings, settings: Settings): string | null {
  switch (name) {
    case 'policy':
      return policies[settings.policy];
    case 'slowMs':
      return settings.slowMs === 0
        ? 'calculates at full speed'
        : `takes ${settings.slowMs / 1000} s to calculate`;
    case 'maxThreads':
      return `has at most ${settings.maxThreads} client threads`;
    case 'backlog':
      return `lets ${settings.backlog} wait to be accepted`;
    case 'idleMs':
      return null;
  }
}
