/**
 * What can be set on a server while the lab runs. One entry here is a new setting: events, state, the
 * gateway's schemas and the programs' options follow from it; the page needs a control.
 */

/** What server 1 does with a newcomer while it serves somebody. */
export const busyPolicies = ['busy', 'refuse', 'queue'] as const;
export type BusyPolicy = (typeof busyPolicies)[number];

export interface Settings {
  /** Server 1: what happens to a newcomer while a client is served. */
  policy: BusyPolicy;
  /** Milliseconds of silence after which an unterminated message counts as whole. */
  idleMs: number;
  /** Every calculation is repeated until this many milliseconds are over. */
  slowMs: number;
  /**
   * Server 2: the most client threads at once. The first newcomer beyond it is accepted and waits for a
   * thread, the others wait in the accept queue.
   */
  maxThreads: number;
  /** Connections that the kernel completes ahead of accept (it takes one more, net.core.somaxconn at most). */
  backlog: number;
}

/** What a setting may be: one of these words, or a whole number from one to the other, both included. */
type Values<Value> = [Value] extends [string]
  ? { readonly oneOf: readonly Value[] }
  : { readonly from: number; readonly to: number };

/** Of each setting its values, the one before anybody has set it, and what it does, for `--help`. */
export const settings: {
  readonly [Name in keyof Settings]: Values<Settings[Name]> & {
    readonly initially: Settings[Name];
    readonly says: string;
  };
} = {
  policy: { oneOf: busyPolicies, initially: 'busy', says: 'what a second client meets' },
  idleMs: {
    from: 1,
    to: 60_000,
    initially: 100,
    says: 'silence after which a message without newline counts as whole',
  },
  slowMs: { from: 0, to: 10_000, initially: 0, says: 'make each calculation take this long' },
  maxThreads: { from: 1, to: 256, initially: 64, says: 'the most clients served at once' },
  backlog: { from: 1, to: 4096, initially: 511, says: 'how many may wait to be accepted' },
};

export const settingNames = Object.keys(settings) as readonly (keyof Settings)[];

export const defaultSettings = eachSetting((name) => settings[name].initially);

/** The settings alone, of what may have more. */
export function settingsOf(from: Settings): Settings {
  return eachSetting((name) => from[name]);
}

function eachSetting(valueOf: (name: keyof Settings) => unknown): Settings {
  return Object.fromEntries(
    settingNames.map((name) => [name, valueOf(name)]),
  ) as unknown as Settings;
}
