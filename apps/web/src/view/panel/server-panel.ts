/** What the head of a server's panel says. */

import type { ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { commandsFor, type Commands } from '../words/commands.ts';
import { profileOf, type ServerProfile } from '../words/servers.ts';
import { count, said } from '../words/words.ts';

export interface PanelView {
  profile: ServerProfile;
  /** "listening", "refusing", "stopped" … */
  status: string;
  tone: 'good' | 'quiet' | 'bad';
  /** A client can be connected to it. */
  listening: boolean;
  /** Null while it does not listen, or not for other machines. */
  commands: Commands | null;
  /** Why nobody can connect, or null. */
  problem: string | null;
  /** How many are connected, and what else counts: " · 1 turned away". */
  connected: string;
  besides: string;
  running: boolean;
}

/** `pageHost` is the host in the page's address. */
export function panelView(server: ServerState, pageHost: string): PanelView {
  const running = server.status !== 'stopped' && server.status !== 'crashed';
  return {
    profile: profileOf(server),
    // Without a listener the kernel refuses; server 1 does this on purpose.
    status: server.status === 'not listening' ? 'refusing' : server.status,
    tone: server.status === 'listening' ? 'good' : server.status === 'crashed' ? 'bad' : 'quiet',
    listening: running && server.port !== null,
    commands: running ? commandsFor(server, pageHost) : null,
    problem: problemOf(server),
    // Somebody turned away may still be reading that line.
    connected: count(Object.values(server.connections).filter(({ refused }) => !refused).length),
    besides: besidesOf(server),
    running,
  };
}

function problemOf(server: ServerState): string | null {
  switch (server.status) {
    case 'stopped':
      return 'It is stopped: the kernel refuses newcomers (ECONNREFUSED).';
    case 'crashed':
      return `It crashed: ${said(server.error ?? 'no reason given')}`;
    default:
      return null;
  }
}

function besidesOf({ settings: { slowMs }, totals }: ServerState): string {
  const refused = totals.refused + totals.connectFailures;
  if (refused > 0) return ` · ${count(refused)} turned away`;
  if (slowMs > 0) return ` · ${slowMs / 1000} s a calculation`;
  return totals.messages > 0 ? ` · ${count(totals.messages)} answered` : '';
}
