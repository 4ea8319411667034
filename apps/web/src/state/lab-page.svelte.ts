/**
 * The page as long as it is open: the log, the moment that is shown of it, this browser's clients, and what
 * can be done with them. Components get it from the context of the component that they are in.
 */

import { assignment } from '@sockscope/tcp-core/designs/all';
import type { LabEvent, ServerId } from '@sockscope/tcp-core/trace/events';
import {
  serversInOrder,
  type LabState,
  type ServerState,
} from '@sockscope/tcp-core/trace/lab-state';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import { getContext, setContext, tick, untrack } from 'svelte';
import { openSocket, type OpenSocket } from '../browser/web-socket.ts';
import { LiveLog } from '../log/live-log.svelte.ts';
import { Playback } from '../log/playback.svelte.ts';
import { nameOfClient, type OwnClient } from '../view/panel/client-rows.ts';
import type { ViewSettings } from '../view/view-url.ts';
import { profileOf, serverName } from '../view/words/servers.ts';
import { momentAt, momentWords, newRun, type Moment } from '../view/words/moment.ts';
import { isWaitedFor } from '../view/words/waiting.ts';
import { said } from '../view/words/words.ts';
import { Announcer } from './announcer.svelte.ts';
import { BrowserClients, type BrowserClient } from './browser-clients.svelte.ts';
import { Demonstration } from './demonstration.svelte.ts';
import { Moments } from './moments.svelte.ts';
import { PageClock } from './page-clock.svelte.ts';
import { PageView } from './page-view.svelte.ts';
import { PanelFocus } from './panel-focus.ts';
import { Preferences } from './preferences.svelte.ts';
import type { Presenter } from './presenter.svelte.ts';
import { ServerControl } from './server-control.ts';
import { Theme } from './theme.svelte.ts';

const codes = ['typescript', 'python', 'none'] as const satisfies readonly ViewSettings['code'][];

/** Events before the one that is shown, in which a sentence is looked for. */
const LOOKED_BACK = 50;
/** Characters of an answer that are read out. */
const ANSWER_TOLD = 300;

export class LabPage {
  readonly presenter: Presenter;
  readonly control: ServerControl;
  readonly log: LiveLog;
  readonly playback: Playback;
  readonly clients: BrowserClients;
  readonly view = new PageView();
  readonly theme = new Theme();
  readonly clock = new PageClock();
  readonly focus: PanelFocus;
  readonly demonstration: Demonstration;
  readonly preferences = new Preferences();
  readonly announcer = new Announcer();
  /** The field to find something in the log with is open. */
  finding = $state(false);
  readonly #moments = new Moments();
  /** The epoch whose moments are told, and that it is another one than before; null if it is not. */
  #run = '';
  #newRun: Moment | null = null;

  /** The lab at the moment that is shown. */
  readonly lab: LabState = $derived.by(() => this.playback.lab ?? emptyLab('', assignment));
  /** The lab's clock at that moment, in microseconds. */
  readonly now: number = $derived.by(() =>
    // Without the gateway nobody knows what the time does to what is shown.
    this.live ? (this.stale ? this.lab.t : this.log.now(this.clock.now)) : this.playback.t,
  );
  /** The sentence of the moment. */
  readonly moment: Moment | null = $derived.by(() => {
    if (this.live || this.playback.isPhotograph) return this.#moments.current;
    return this.#momentBehind();
  });
  readonly servers: readonly ServerState[] = $derived(serversInOrder(this.lab));
  /** The server on the stage; null: the wall. */
  readonly server: ServerState | null = $derived(
    this.servers.find(({ number }) => number === this.view.settings.server) ?? null,
  );
  /** Its id: unlike its state it does not change with each event. */
  readonly #serverId: ServerId | null = $derived(this.server?.id ?? null);
  readonly #epoch: string = $derived(this.lab.epoch);
  readonly #speed: number | null = $derived(this.view.settings.speed);
  readonly #arrived: boolean = $derived.by(() => this.log.lab !== null);

  /** Makes effects, and ends with them: call this where a component begins. */
  constructor(presenter: Presenter, open: OpenSocket = openSocket) {
    this.presenter = presenter;
    this.control = new ServerControl(presenter);
    this.log = new LiveLog(open);
    this.playback = new Playback(this.log);
    this.clients = new BrowserClients(
      () => this.log.now(performance.now()),
      open,
      (client, text) => this.announcer.answer(() => this.#answerWords(client, text)),
    );
    this.demonstration = new Demonstration(this.clients, this.control);
    this.focus = new PanelFocus(untrack(() => (this.server ?? this.servers[0])?.id ?? ''));
    $effect(() => this.log.onEvents((events) => this.clients.observe(events)));
    $effect(() => () => this.#close());
    this.#tellMoments();
    this.#readOut();
    this.#followServer();
    this.#followSpeed();

    $effect(() => {
      document.documentElement.dataset['mode'] = this.view.settings.projector
        ? 'projector'
        : 'desk';
    });

    // What waits grows older by itself: the clock then ticks faster.
    $effect(() => {
      this.clock.fast = this.live && this.shownServers.some(isWaitedFor);
    });

    // A photograph keeps its sentence; the present has its own again.
    $effect(() => {
      if (this.live) untrack(() => this.#tellLast());
      else this.#moments.pause();
    });
  }

  /** What is shown is the present. */
  get live(): boolean {
    return this.playback.mode === 'live';
  }

  /** The gateway's line is lost: what is shown is the last that is known. */
  get stale(): boolean {
    return this.log.status !== 'live';
  }

  /** What this page knew of its clients of a server at the moment that is shown. */
  knownClients(server: ServerState): OwnClient[] {
    return this.live
      ? this.clients.of(server.id)
      : this.clients.at(server, this.playback.t, this.playback.isPhotograph);
  }

  /** Connects one more client to a server, with this text to send; the focus goes where it speaks. */
  async addClient(to: ServerId, draft = ''): Promise<void> {
    this.focus.server = to;
    const joined = this.lab.servers[to];
    const client = joined && this.clients.add(joined);
    if (!client) return;
    client.draft = draft;
    await tick();
    this.focus.toInput(to);
  }

  /** The focus goes where a client of the server speaks: the chosen one, else another one, else a new one. */
  async speak(to: ServerId): Promise<void> {
    const chosen = this.clients.chosenOf(to);
    const able = chosen?.isOpen ? chosen : this.clients.of(to).findLast(({ isOpen }) => isOpen);
    if (!able) {
      await this.addClient(to);
      return;
    }
    this.clients.choose(able);
    await tick();
    this.focus.toInput(to);
  }

  /** The servers that are looked at: the one on the stage, or all. */
  get shownServers(): readonly ServerState[] {
    return this.server === null ? this.servers : [this.server];
  }

  /** The server that the keys mean: the one on the stage, or the one whose panel has the focus. */
  get meantServer(): ServerState | undefined {
    return this.server ?? this.lab.servers[this.focus.server];
  }

  /** Does something to the server that the keys mean. */
  async onMeantServer(work: (server: ServerState) => Promise<void>): Promise<void> {
    const server = this.meantServer;
    if (server) await work(server);
  }

  /** Lets the client that speaks do something to its connection. */
  tellChosen(what: 'piece' | 'half-close' | 'reset' | 'reading'): void {
    const server = this.meantServer;
    const client = server && this.clients.chosenOf(server.id);
    if (!client) return;
    switch (what) {
      case 'piece':
        this.demonstration.sendPiece(client, profileOf(server).samples[0] ?? '');
        return;
      case 'half-close':
        client.shutdown();
        return;
      case 'reset':
        client.reset();
        return;
      case 'reading':
        this.demonstration.toggleReading(client);
    }
  }

  /** Hides the row of the client that speaks; with none to hide, shows all rows again. */
  hideChosen(): void {
    const chosen = this.clients.chosenOf(this.focus.server);
    if (chosen && !this.demonstration.hidden.includes(chosen.id))
      this.demonstration.hide(chosen.id);
    else this.demonstration.showAll();
  }

  /** Shows the stage of a server; null: the wall. */
  async open(id: ServerId | null): Promise<void> {
    const server = this.servers.find((each) => each.id === id);
    // It belongs to what was looked at; there it would take the focus again.
    this.finding = false;
    this.view.change({ server: server?.number ?? null });
    this.focus.server = id ?? this.focus.server;
    await tick();
    this.focus.toPanel();
  }

  /** Opens the field to find something in the log with, of what is known of it; the focus goes there. */
  find(): void {
    this.finding = true;
    void this.log.loadPast();
    this.focus.toFind();
  }

  /** Closes it; the focus goes back to where it was, or to the panel. */
  endFind(): void {
    this.finding = false;
    void this.focus.keep();
  }

  /** Milliseconds for each event in slow motion; null: as it happens. */
  setSpeed(wanted: number | null): void {
    this.view.change({ speed: wanted });
    if (wanted === null) this.playback.live();
    void this.focus.keep();
  }

  /** Freezes the picture, or goes on live. */
  freeze(): void {
    if (this.playback.mode === 'held') this.setSpeed(null);
    else this.playback.hold();
  }

  toggleProjector(): void {
    this.view.change({ projector: !this.view.settings.projector });
    void this.focus.keepInSight();
  }

  toggleAxis(): void {
    this.view.change({ axis: this.view.settings.axis === 'clock' ? 'order' : 'clock' });
  }

  /** TypeScript, with Python beside it, none of them. */
  nextCode(): void {
    const next = codes[(codes.indexOf(this.view.settings.code) + 1) % codes.length];
    this.view.change({ code: next ?? 'typescript' });
  }

  /** An event of what is looked at. */
  #isOurs({ server }: LabEvent): boolean {
    return this.#serverId === null || server === this.#serverId;
  }

  #tellMoments(): void {
    $effect(() =>
      this.playback.onShown((events, shown) =>
        this.#moments.tell(
          events.filter((event) => this.#isOurs(event)),
          shown,
        ),
      ),
    );

    // A page that comes late tells what happened last.
    $effect(() => {
      if (this.#epoch !== '' && this.log.history) this.#tellLast();
    });
  }

  /** The sentence of what happened last; of a new run, that it is one, until more has happened. */
  #tellLast(): void {
    const isOurs = (event: LabEvent): boolean => this.#isOurs(event);
    const past = this.log.history?.latest(200, isOurs) ?? [];
    const present = untrack(() => this.log.lab ?? this.lab);
    if (this.#run !== '' && this.#run !== present.epoch) this.#newRun = newRun(present);
    this.#run = present.epoch;
    const events = past.length > 0 ? past : present.log.filter(isOurs);
    const begun = this.#newRun;
    const told = begun ? events.filter(({ seq }) => seq > begun.seq) : events;
    this.#moments.begin(told, present, begun);
  }

  /** The sentence of the event that time stands still at, or of the last one before that has one. */
  #momentBehind(): Moment | null {
    const { event, history } = this.playback;
    if (!event || !history) return null;
    const isOurs = (each: LabEvent): boolean => this.#isOurs(each);
    const here = momentAt(event, this.lab);
    if (here) return here;
    for (const before of history.latest(LOOKED_BACK, isOurs, event.seq - 1).reverse()) {
      // Only a sample can be without a sentence: it is not the state of each of them that is made here.
      const told = momentAt(before, history.stateAt(before.seq));
      if (told) return told;
    }
    return null;
  }

  #readOut(): void {
    $effect(() => {
      const { moment } = this;
      if (!moment || !this.preferences.commentary) return;
      const words = momentWords(moment, this.#serverId === null);
      untrack(() => this.announcer.sentence(words));
    });
  }

  /** "A: 66"; of a server that is not on the stage, whose it is: "Server 3, A: 66". */
  #answerWords(client: BrowserClient, answer: string): string {
    const lab = this.log.lab;
    const server = lab?.servers[client.server];
    const known = server && nameOfClient(server, client);
    const name = known ?? `your client ${client.localPort ?? ''}`;
    const whose =
      server && server.id !== this.#serverId ? `${serverName(client, lab)}, ${name}` : name;
    return `${whose}: ${said(answer, ANSWER_TOLD)}`;
  }

  #followServer(): void {
    $effect(() => {
      this.playback.follow(this.#serverId);
      if (this.#serverId !== null) this.focus.server = this.#serverId;
    });

    // What the timeline shows began before this page came, or before it lost the line.
    $effect(() => {
      if (this.#serverId !== null && this.log.history) void this.log.loadPast();
    });

    // The URL may name a server that has not joined: that is the wall.
    $effect(() => {
      const { server } = this.view.settings;
      if (this.#arrived && this.live && this.#serverId === null && server !== null)
        this.view.change({ server: null });
    });
  }

  #followSpeed(): void {
    // The URL may ask for slow motion; it begins with the first state, and ends with a freeze.
    $effect(() => {
      const wanted = this.#speed;
      if (!this.#arrived) return;
      untrack(() => {
        if (wanted !== null) this.playback.slow(wanted);
        else if (this.playback.mode === 'slow') this.playback.live();
      });
    });

    $effect(() => {
      if (this.playback.mode === 'held' && this.#speed !== null) this.view.change({ speed: null });
    });
  }

  #close(): void {
    this.playback.close();
    this.log.close();
    this.view.close();
    this.#moments.close();
    this.announcer.close();
    this.clock.close();
  }
}

const context = Symbol('LabPage');

/** Gives the page to the component that calls it and to all in it. */
export function setLabPage(page: LabPage): LabPage {
  return setContext(context, page);
}

/** The page that the component that calls it is in. */
export function getLabPage(): LabPage {
  const page = getContext<LabPage | undefined>(context);
  if (!page) throw new Error('No LabPage here: call setLabPage in a component around this one.');
  return page;
}
