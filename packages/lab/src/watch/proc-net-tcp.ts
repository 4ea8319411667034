/**
 * Reads the text of /proc/net/tcp and /proc/net/tcp6, the kernel's table of TCP sockets.
 *
 * The table holds every socket of the machine, so a line is looked at closely only if its local port
 * is wanted. Nothing in a line is trusted: one that does not have the known form is left out.
 *
 * Source: Documentation/networking/proc_net_tcp.rst in the kernel's sources; net/ipv4/tcp_ipv4.c,
 * tcp4_seq_show.
 */

import { ipText } from '@sockscope/tcp-core/sockets/calls/sockaddr';
import { type KernelSocket, type TcpState, tcpStates } from '@sockscope/tcp-core/trace/events';

/** One line of the table. */
export interface TableLine extends KernelSocket {
  local: { address: string; port: number };
  remote: { address: string; port: number };
  /**
   * The number that stays with a socket as long as a process has it open. 0: no process has it, not
   * yet (it waits in an accept queue) or no more (it was closed, and the kernel finishes it).
   */
  inode: number;
}

/** Whether this is the table at all: its first line names the columns. */
export function isTable(text: string): boolean {
  return /^ *sl +local_address +rem(ote)?_address /.test(text);
}

/** The lines whose local port is wanted, in the table's order, which means nothing. */
export function parseTable(text: string, ports: ReadonlySet<number>): TableLine[] {
  const wanted = new Set([...ports].map(hexPort));
  const lines: TableLine[] = [];
  const addresses = new Map<string, string | undefined>();
  for (let start = text.indexOf('\n') + 1; start > 0 && start < text.length;) {
    const end = text.indexOf('\n', start);
    if (end < 0) break; // cut off
    // `  12: 0100007F:1389 …`: the second colon of a line stands before the local port.
    const colon = text.indexOf(':', text.indexOf(':', start) + 1);
    if (wanted.has(text.slice(colon + 1, colon + 5))) {
      const line = parseLine(text.slice(start, end), addresses);
      if (line) lines.push(line);
    }
    start = end + 1;
  }
  return lines;
}

const LINE = new RegExp(
  [
    /^ *\d+:/, // sl
    / ((?:[\dA-F]{8}){1,4}):([\dA-F]{4})/, // local_address
    / ((?:[\dA-F]{8}){1,4}):([\dA-F]{4})/, // rem_address
    / ([\dA-F]{2})/, // st
    / ([\dA-F]{8}):([\dA-F]{8})/, // tx_queue rx_queue
    / [\dA-F]{2}:[\dA-F]+ [\dA-F]{8} +\d+ +-?\d+ (\d+)(?: |$)/, // tr tm->when retrnsmt uid timeout inode
  ]
    .map(({ source }) => source)
    .join(''),
);

/** `addresses` holds those that were read before: a thousand clients may have the same. */
function parseLine(
  line: string,
  addresses: Map<string, string | undefined>,
): TableLine | undefined {
  const addressOf = (words = ''): string | undefined => {
    if (!addresses.has(words)) addresses.set(words, decode(words));
    return addresses.get(words);
  };
  const [, localHex, localPort, remoteHex, remotePort, st, tx, rx, inode] = LINE.exec(line) ?? [];
  const local = addressOf(localHex);
  const remote = addressOf(remoteHex);
  const tcp: TcpState | undefined = tcpStates[hex(st) - 1];
  if (!local || !remote || !tcp) return undefined;
  return {
    local: { address: local, port: hex(localPort) },
    remote: { address: remote, port: hex(remotePort) },
    tcp,
    send: hex(tx),
    receive: hex(rx),
    inode: Number(inode),
  };
}

/** Each 32-bit word of an address stands there as this machine reads it from memory. */
function decode(words: string): string | undefined {
  if (words.length !== 8 && words.length !== 32) return undefined;
  const memory = Uint32Array.from(words.match(/.{8}/g) ?? [], hex);
  return ipText(new Uint8Array(memory.buffer));
}

function hex(digits = ''): number {
  return parseInt(digits, 16);
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
