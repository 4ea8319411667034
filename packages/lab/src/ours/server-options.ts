/** What a server is started with: its settings, and what only the program that runs it decides. */

import { defaultSettings, type Settings } from '@sockscope/tcp-core/trace/settings';

export interface ServerOptions extends Settings {
  /** An IPv4 or IPv6 address of this machine. */
  address: string;
  /** 0 to 65535; 0 lets the kernel pick a free one. */
  port: number;
  /** Server 2: threads started ahead of their client. 0 to 64. */
  spareThreads: number;
  /** Sum calls up at a high rate instead of listing each. */
  sumUp: boolean;
}

export const defaultOptions: ServerOptions = {
  ...defaultSettings,
  address: '127.0.0.1',
  port: 0,
  spareThreads: 4,
  sumUp: true,
};
