/** The TCP clients that this page opened: one WebSocket to the gateway is one client socket. */

import { nearestName } from '@sockscope/tcp-core/trace/client-name';
import type { Design } from '@sockscope/tcp-core/trace/design';
import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import type { Joined, ServerState } from '@sockscope/tcp-core/trace/lab-state';
import { openSocket, type OpenSocket } from '../browser/web-socket.ts';
import type { OwnClient } from '../view/panel/client-rows.ts';
import type { ClientEnding } from '../view/words/describe-ending.ts';
import { Transcript, type TranscriptLine } from './transcript.ts';

type Control =
  | { type: 'connected'; session: string; localAddress: string; localPort: number }
  | {
      type: 'ended';
      session?: string;
      how: Exclude<ClientEnding['how'], 'gateway'>;
      errno: string | null;
      missing?: number;
    };

/** What changes about a client, but for what it says. */
type Facts = Pick<OwnClient, 'phase' | 'ending' | 'endedAt' | 'halfClosed' | 'reading' | 'name'>;

const beforeAll: Facts = {
  phase: 'absent',
  ending: null,
  endedAt: null,
  halfClosed: false,
  reading: true,
  name: null,
};

/** Changes of a client that are remembered, the newest. */
const CHANGES_KEPT = 200;
/** Characters kept of an answer that is not whole yet. */
const PARTIAL_KEPT = 4_096;

const NEWLINE = 0x0a;

/** Ended clients of a server that are remembered until they are dismissed. */
const ENDED_KEPT = 6;
const IDENTIFIED_KEPT = 200;
/** Clients that one page may have open at a time. */
export const MOST_CLIENTS = 40;

/** Is told what a client got back, as it came. */
type HeardListener = (client: BrowserClient, text: string) => void;

export class BrowserClient implements OwnClient {
  readonly id: string;
  session = $state<string | null>(null);
  connection = $state<number | null>(null);
  readonly server: ServerId;
  localAddress = $state<string | null>(null);
  localPort = $state<number | null>(null);
  draft = $state('');

  readonly #speaks: Design['speaks'];
  readonly #now: () => number;
  readonly #onheard: HeardListener;
  readonly #socket: WebSocket;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #partial = '';
  /** Bytes that came back. */
  #received = 0;
  #talk = $state.raw(new Transcript());
  /** What was true from when on, oldest first. */
  #changes = $state.raw<readonly { t: number; facts: Facts }[]>([]);
  /** The name that the gateway knows. */
  #toldName: string | null;

  /** `now` is the lab's clock in microseconds. */
  constructor(
    { id: server, design }: Joined,
    id: string,
    now: () => number,
    open: OpenSocket,
    onheard: HeardListener,
    name: string | null = null,
  ) {
    this.server = server;
    this.#speaks = design.speaks;
    this.id = id;
    this.#now = now;
    this.#onheard = onheard;
    this.#toldName = nearestName(name ?? '');
    this.#change({ phase: 'connecting', name: this.#toldName });
    const query = this.#toldName === null ? '' : `?name=${encodeURIComponent(this.#toldName)}`;
    this.#socket = open(`/ws/client/${server}${query}`);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') this.#control(JSON.parse(data) as Control);
      else this.#take(new Uint8Array(data as ArrayBuffer));
    };
    this.#socket.onclose = () => this.#ended({ how: 'gateway', errno: null });
  }

  get phase(): OwnClient['phase'] {
    return this.#present.phase;
  }

  get ending(): ClientEnding | null {
    return this.#present.ending;
  }

  get endedAt(): number | null {
    return this.#present.endedAt;
  }

  /** It has sent its FIN and still reads. */
  get halfClosed(): boolean {
    return this.#present.halfClosed;
  }

  /** False: what the server sends waits in the kernel. */
  get reading(): boolean {
    return this.#present.reading;
  }

  get name(): string | null {
    return this.#present.name;
  }

  /** The last lines of what was said, oldest first. */
  get transcript(): readonly TranscriptLine[] {
    return this.#talk.lines;
  }

  get lastSent(): string | null {
    return this.#talk.upTo(Infinity).lastSent;
  }

  get lastReceived(): string | null {
    return this.#talk.upTo(Infinity).lastReceived;
  }

  get sentBytes(): number {
    return this.#talk.upTo(Infinity).sentBytes;
  }

  /** It has not ended; it may still be connecting. */
  get isOpen(): boolean {
    return this.phase !== 'ended';
  }

  get canSend(): boolean {
    return this.phase === 'connected' && !this.halfClosed;
  }

  /**
   * What the page knew of it at the lab's time `t`, in microseconds. `returned` is how many bytes the server
   * had sent it by then, where the log tells: that is exact, while this page's reading of the lab's clock is
   * some milliseconds behind, so that an answer may seem to have come before its question was read.
   */
  at(t: number, returned?: number): OwnClient {
    const { id, session, connection, localAddress, localPort } = this;
    const { facts } = this.#changes.findLast((each) => each.t <= t) ?? { facts: beforeAll };
    return {
      id,
      session,
      connection,
      localAddress,
      localPort,
      ...facts,
      ...this.#talk.upTo(t, returned),
    };
  }

  /** Sends the text, with the newline that ends a message. */
  send(text: string): void {
    if (text !== '') this.#send(`${text}\n`, text, true);
  }

  /** Sends the text as it is: a piece of a message, or one with its newline. */
  sendRaw(text: string): void {
    const isLine = this.#speaks === 'lines' && text.endsWith('\n');
    const isWhole = isLine || this.#speaks === 'bytes';
    if (text !== '') this.#send(text, isLine ? text.replace(/\r?\n$/, '') : text, isWhole);
  }

  /** shutdown(SHUT_WR): FIN to the server; replies still arrive. */
  shutdown(): void {
    if (!this.canSend) return;
    this.#tell({ type: 'shutdown' });
    this.#change({ halfClosed: true });
  }

  /** RST to the server; what it sent and the gateway has not read is lost. Its end is told by the gateway. */
  reset(): void {
    if (this.phase === 'connected') this.#tell({ type: 'reset' });
  }

  /** From now on what the server sends waits in the kernel, and its send in the end. */
  stopReading(): void {
    if (this.phase !== 'connected' || !this.reading) return;
    this.#tell({ type: 'stopReading' });
    this.#change({ reading: false });
  }

  readAgain(): void {
    if (this.phase !== 'connected' || this.reading) return;
    this.#tell({ type: 'readAgain' });
    this.#change({ reading: true });
  }

  /** Calls it so, or the nearest that is allowed, for all who watch; '' takes its name away. */
  rename(name: string): void {
    const nearest = nearestName(name);
    if (!this.isOpen || nearest === this.name) return;
    this.#change({ name: nearest });
    this.#tellName();
  }

  close(): void {
    this.#socket.close();
  }

  get #present(): Facts {
    return this.#changes.at(-1)?.facts ?? beforeAll;
  }

  #change(changed: Partial<Facts>): void {
    const change = { t: this.#now(), facts: { ...this.#present, ...changed } };
    this.#changes = [...this.#changes, change].slice(-CHANGES_KEPT);
  }

  #tell(frame: { type: string; name?: string }): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Until it is connected, its WebSocket may not be open. */
  #tellName(): void {
    const { name, phase } = this;
    if (phase !== 'connected' || name === this.#toldName) return;
    this.#toldName = name;
    this.#tell({ type: 'name', name: name ?? '' });
  }

  #send(text: string, shown: string, isWhole: boolean): void {
    if (!this.canSend) return;
    const bytes = new TextEncoder().encode(text);
    this.#socket.send(bytes);
    this.#talk = this.#talk.withSent(shown, this.#now(), bytes.length, isWhole);
  }

  #control(control: Control): void {
    this.session = control.session ?? this.session;
    if (control.type === 'connected') {
      this.localAddress = control.localAddress;
      this.localPort = control.localPort;
      this.#change({ phase: 'connected' });
      this.#tellName();
    } else {
      const { how, errno, missing } = control;
      this.#ended({ how, errno, ...(missing !== undefined && { missing }) });
    }
  }

  #take(bytes: Uint8Array<ArrayBuffer>): void {
    const before = this.#received;
    this.#received += bytes.length;
    const text = this.#decoder.decode(bytes, { stream: true });
    if (this.#speaks === 'bytes') {
      this.#heard(text, this.#received);
      return;
    }
    const lines = (this.#partial + text).split(/\r?\n/);
    this.#partial = (lines.pop() ?? '').slice(0, PARTIAL_KEPT);
    let end = 0;
    for (const line of lines) {
      end = bytes.indexOf(NEWLINE, end) + 1;
      this.#heard(line, before + end);
    }
  }

  /** `total`: so many bytes had come back with the end of this. */
  #heard(text: string, total: number): void {
    this.#talk = this.#talk.withReceived(text, this.#now(), total);
    this.#onheard(this, text);
  }

  #ended(ending: ClientEnding): void {
    if (!this.isOpen) return;
    if (this.#partial !== '') this.#heard(this.#partial, this.#received);
    this.#change({ phase: 'ended', ending, endedAt: this.#now() });
  }
}

export class BrowserClients {
  /** In the order in which they were added; ended ones stay until dismissed. */
  all = $state.raw<readonly BrowserClient[]>([]);
  /** The client whose input each server's panel shows. */
  #chosen = $state<Partial<Record<ServerId, string>>>({});
  readonly #now: () => number;
  readonly #open: OpenSocket;
  readonly #onheard: HeardListener;
  #added = 0;
  /** What the log told last of browser clients, of all pages. */
  #identified: readonly Extract<LabEvent, { type: 'identified' }>[] = [];

  /** `now` is the lab's clock in microseconds. */
  constructor(
    now: () => number,
    open: OpenSocket = openSocket,
    onheard: HeardListener = () => undefined,
  ) {
    this.#now = now;
    this.#open = open;
    this.#onheard = onheard;
  }

  of(server: ServerId): BrowserClient[] {
    return this.all.filter((client) => client.server === server);
  }

  /**
   * What the page knew of them at the lab's time `t`, with the server's state at that time. Of a `photograph`, the
   * page's own present when it was taken, it is all that it knew then; else the log says what had come back.
   */
  at(server: ServerState, t: number, photograph: boolean): OwnClient[] {
    const known = [...Object.values(server.connections), ...server.ended];
    return this.of(server.id).map((client) => {
      const connection = known.find(
        ({ session }) => session !== null && session === client.session,
      );
      return client.at(t, photograph ? undefined : connection?.sent.bytes);
    });
  }

  /** Learns from the log which connection is whose; a session may be told here before its client knows it. */
  observe(events: readonly LabEvent[]): void {
    for (const event of events) {
      if (event.type === 'identified' && event.session !== null)
        this.#identified = [...this.#identified, event].slice(-IDENTIFIED_KEPT);
    }
    this.#learn();
  }

  #learn(): void {
    for (const client of this.all) {
      if (client.connection !== null || client.session === null) continue;
      const told = this.#identified.find(({ session }) => session === client.session);
      if (told) client.connection = told.connection;
    }
  }

  /** Some are open. */
  get some(): boolean {
    return this.all.some(({ isOpen }) => isOpen);
  }

  chosenOf(server: ServerId): BrowserClient | null {
    const clients = this.of(server);
    return clients.find(({ id }) => id === this.#chosen[server]) ?? clients.at(-1) ?? null;
  }

  choose(client: BrowserClient): void {
    this.#chosen[client.server] = client.id;
  }

  get full(): boolean {
    return this.all.filter(({ isOpen }) => isOpen).length >= MOST_CLIENTS;
  }

  /** Connects one more client, with a name or without; null when the page has as many as it may. */
  add(server: Joined, name: string | null = null): BrowserClient | null {
    if (this.full) return null;
    const id = String((this.#added += 1));
    const client = new BrowserClient(server, id, this.#now, this.#open, this.#onheard, name);
    const ended = this.of(server.id).filter(({ isOpen }) => !isOpen);
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
