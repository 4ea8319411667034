/** The TCP clients that this page opened: one WebSocket to the gateway is one client socket. */

import type { Design } from '@sockscope/tcp-core/trace/design';
import type { ServerId } from '@sockscope/tcp-core/trace/events';
import type { Joined } from '@sockscope/tcp-core/trace/lab-state';
import { openSocket, type OpenSocket } from '../browser/web-socket.ts';
import type { OwnClient } from '../view/panel/client-rows.ts';
import type { ClientEnding } from '../view/words/describe-ending.ts';

export interface TranscriptLine {
  id: number;
  /** When, in microseconds of the lab's clock. */
  t: number;
  from: 'client' | 'server';
  text: string;
  /** Bytes that the client has sent in all, with this line. */
  sentBytes: number;
}

type Control =
  | { type: 'connected'; session: string; localAddress: string; localPort: number }
  | {
      type: 'ended';
      session?: string;
      how: Exclude<ClientEnding['how'], 'gateway'>;
      errno: string | null;
      missing?: number;
    };

/** Lines of a transcript that are kept, and characters of a line. */
const LINES_KEPT = 50;
const LINE_KEPT = 4_096;
/** Ended clients of a server that are remembered until they are dismissed. */
const ENDED_KEPT = 6;
/** Clients that one page may have open at a time. */
export const MOST_CLIENTS = 40;

export class BrowserClient {
  readonly id: string;
  session = $state<string | null>(null);
  readonly server: ServerId;
  phase = $state<OwnClient['phase']>('connecting');
  localAddress = $state<string | null>(null);
  localPort = $state<number | null>(null);
  ending = $state.raw<ClientEnding | null>(null);
  /** In microseconds of the lab's clock, like all times here. */
  endedAt = $state<number | null>(null);
  /** It has sent its FIN and still reads. */
  halfClosed = $state(false);
  name = $state<string | null>(null);
  reading = $state(true);
  draft = $state('');
  transcript = $state.raw<readonly TranscriptLine[]>([]);

  readonly #speaks: Design['speaks'];
  readonly #socket: WebSocket;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #now: () => number;
  readonly #addedAt: number;
  #partial = '';
  #lines = 0;
  #sentBytes = 0;

  constructor({ id: server, design }: Joined, id: string, open: OpenSocket, now: () => number) {
    this.#now = now;
    this.#addedAt = now();
    this.server = server;
    this.#speaks = design.speaks;
    this.id = id;
    this.#socket = open(`/ws/client/${server}`);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') this.#control(JSON.parse(data) as Control);
      else this.#received(data as ArrayBuffer);
    };
    this.#socket.onclose = () => this.#ended({ how: 'gateway', errno: null });
  }

  /** What it sent last; null before. */
  get lastSent(): string | null {
    return this.transcript.findLast(({ from }) => from === 'client')?.text ?? null;
  }

  /** What came back since it sent last; null before. */
  get lastReceived(): string | null {
    const last = this.transcript.at(-1);
    return last?.from === 'server' ? last.text : null;
  }

  /** What the page knew of it at `t`; null if it was not there yet. */
  at(t: number): OwnClient | null {
    if (t < this.#addedAt) return null;
    const lines = this.transcript.filter((line) => line.t <= t);
    const sent = lines.findLast(({ from }) => from === 'client');
    const last = lines.at(-1);
    const isOver = this.endedAt !== null && this.endedAt <= t;
    return {
      id: this.id,
      session: this.session,
      phase: isOver ? 'ended' : this.localPort === null ? 'connecting' : 'connected',
      localAddress: this.localAddress,
      localPort: this.localPort,
      ending: isOver ? this.ending : null,
      endedAt: isOver ? this.endedAt : null,
      lastSent: sent?.text ?? null,
      lastReceived: last?.from === 'server' ? last.text : null,
      sentBytes: last?.sentBytes ?? 0,
      sentAt: sent?.t ?? null,
      name: this.name,
      reading: this.reading,
      halfClosed: this.halfClosed,
    };
  }

  get canSend(): boolean {
    return this.phase === 'connected' && !this.halfClosed;
  }

  /** Sends the text, with the newline that ends a message. */
  send(text: string): void {
    if (!this.canSend || text === '') return;
    const bytes = new TextEncoder().encode(`${text}\n`);
    this.#socket.send(bytes);
    this.#sentBytes += bytes.length;
    this.#write('client', text);
  }

  /** shutdown(SHUT_WR): FIN to the server; replies still arrive. */
  shutdown(): void {
    if (!this.canSend) return;
    this.#socket.send(JSON.stringify({ type: 'shutdown' }));
    this.halfClosed = true;
  }

  close(): void {
    this.#socket.close();
  }

  #control(control: Control): void {
    this.session = control.session ?? this.session;
    if (control.type === 'connected') {
      this.localAddress = control.localAddress;
      this.localPort = control.localPort;
      this.phase = 'connected';
    } else {
      const { how, errno, missing } = control;
      this.#ended({ how, errno, ...(missing !== undefined && { missing }) });
    }
  }

  #received(bytes: ArrayBuffer): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (this.#speaks === 'bytes') {
      this.#write('server', text);
      return;
    }
    const lines = (this.#partial + text).split(/\r?\n/);
    this.#partial = (lines.pop() ?? '').slice(0, LINE_KEPT);
    for (const line of lines) this.#write('server', line);
  }

  #ended(ending: ClientEnding): void {
    if (this.phase === 'ended') return;
    if (this.#partial !== '') this.#write('server', this.#partial);
    this.phase = 'ended';
    this.ending = ending;
    this.endedAt = this.#now();
  }

  #write(from: TranscriptLine['from'], text: string): void {
    this.#lines += 1;
    const line = {
      id: this.#lines,
      t: this.#now(),
      from,
      text: text.slice(0, LINE_KEPT),
      sentBytes: this.#sentBytes,
    };
    this.transcript = [...this.transcript, line].slice(-LINES_KEPT);
  }
}

export class BrowserClients {
  /** In the order in which they were added; ended ones stay until dismissed. */
  all = $state.raw<readonly BrowserClient[]>([]);
  /** The client whose input each server's panel shows. */
  #chosen = $state<Partial<Record<ServerId, string>>>({});
  readonly #open: OpenSocket;
  readonly #now: () => number;
  #added = 0;

  /** `now` is the lab's clock, in microseconds. */
  constructor(open: OpenSocket = openSocket, now: () => number = () => performance.now() * 1000) {
    this.#open = open;
    this.#now = now;
  }

  of(server: ServerId): BrowserClient[] {
    return this.all.filter((client) => client.server === server);
  }

  /** What the page knew of them at `t`. */
  at(server: ServerId, t: number): OwnClient[] {
    return this.of(server).flatMap((client) => client.at(t) ?? []);
  }

  chosenOf(server: ServerId): BrowserClient | null {
    const clients = this.of(server);
    return clients.find(({ id }) => id === this.#chosen[server]) ?? clients.at(-1) ?? null;
  }

  choose(client: BrowserClient): void {
    this.#chosen[client.server] = client.id;
  }

  /** Some are open. */
  get some(): boolean {
    return this.all.some(({ phase }) => phase !== 'ended');
  }

  get full(): boolean {
    return this.all.filter(({ phase }) => phase !== 'ended').length >= MOST_CLIENTS;
  }

  /** Connects one more client; null when the page has as many as it may. */
  add(server: Joined): BrowserClient | null {
    if (this.full) return null;
    const client = new BrowserClient(server, String((this.#added += 1)), this.#open, this.#now);
    const ended = this.of(server.id).filter(({ phase }) => phase === 'ended');
    const forgotten = ended.slice(0, -ENDED_KEPT);
    this.all = [...this.all.filter((each) => !forgotten.includes(each)), client];
    this.choose(client);
    return client;
  }

  /** Closes the client and takes it out of the page. */
  dismiss(client: BrowserClient): void {
    client.close();
    this.all = this.all.filter((each) => each !== client);
  }
}
