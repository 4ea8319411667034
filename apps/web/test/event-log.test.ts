// @vitest-environment jsdom

import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { assignment } from '@sockscope/tcp-core/designs/all';
import { LabHistory } from '@sockscope/tcp-core/trace/history';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import { emptyLab } from '@sockscope/tcp-core/trace/reducer';
import EventLog from '../src/components/panel/EventLog.svelte';
import { ALab, EPOCH } from './a-lab.ts';

afterEach(cleanup);

/** A log of server 3 whose history grows as the lab does. */
class ALog {
  readonly lab = new ALab();
  readonly history = new LabHistory(emptyLab(EPOCH, assignment));
  readonly onpick = vi.fn();
  readonly onfinding = vi.fn();
  readonly #rerender: (props: object) => Promise<void>;

  constructor(props: object = {}) {
    this.lab.start('server3');
    this.lab.connect('server3', 1, 24);
    this.lab.say('server3', 1, 24, '7/2', '3.5');
    this.#grow();
    const { rerender } = render(EventLog, { ...this.#props(this.lab.lab), ...props });
    this.#rerender = rerender;
  }

  #props(lab: LabState) {
    const { history, onpick, onfinding } = this;
    return { lab, history, only: 'server3', onpick, onfinding };
  }

  #grow(): void {
    this.history.push(this.lab.events.filter(({ seq }) => seq > this.history.last));
  }

  async say(message: string): Promise<void> {
    this.lab.say('server3', 1, 24, message, message);
    this.#grow();
    await this.#rerender({ lab: this.lab.lab });
  }

  /** Shows the lab after the event whose line says this. */
  async show(seq: number, props: object = {}): Promise<void> {
    await this.#rerender({ lab: this.history.stateAt(seq), live: false, ...props });
  }

  async change(props: object): Promise<void> {
    await this.#rerender(props);
  }
}

const list = (): HTMLElement => screen.getByRole('list', { name: 'Events, newest first' });
const lines = (): HTMLElement[] =>
  Array.from(list().querySelectorAll<HTMLElement>('button[data-seq]'));
const texts = (): string[] =>
  lines().map((line) => line.querySelector('.text')?.textContent.trim() ?? '');
const seqOf = (text: string): number =>
  Number(lines()[texts().findIndex((each) => each.startsWith(text))]?.dataset['seq']);

describe('the lines of the log', () => {
  it('say who did what, and in a tooltip all of it', () => {
    new ALog();
    expect(texts()).toEqual([
      'A: sent 3.5\\n · send(), 4 bytes',
      'A: 7/2 → 3.5 · 40 µs',
      'A: received 7/2\\n · recv(), 4 bytes',
      'A: accepted, from 127.0.0.1:53001 · accept() → fd 24',
      'listens on 127.0.0.1:5001 · listen(), fd 20, backlog 511',
    ]);
    expect(lines()[2]?.title).toBe('A: received 7/2\\n · recv(), 4 bytes (fd 24, :53001)');
  });

  it('mark the shown moment; those after it are still there, pale', async () => {
    const log = new ALog();
    const seq = seqOf('A: received');
    await log.show(seq);
    const current = lines().filter((line) => line.getAttribute('aria-current') === 'step');
    expect(current.map(({ dataset }) => dataset['seq'])).toEqual([String(seq)]);
    const later = lines().filter(({ classList }) => classList.contains('later'));
    expect(later).toHaveLength(2);
    expect(texts()).toHaveLength(5);
  });

  it('are the same elements when others come above them', async () => {
    const log = new ALog();
    const [newest] = lines();
    await log.say('1');
    expect(lines().indexOf(newest!)).toBe(3);
  });

  it('hold still under the pointer, and new ones are counted until it leaves', async () => {
    const log = new ALog();
    const before = texts();
    await fireEvent.pointerEnter(list());
    await log.say('1');
    await log.say('2');
    expect(texts()).toEqual(before);
    screen.getByText('6 new');
    await fireEvent.pointerLeave(list());
    expect(texts()[0]).toBe('A: sent 2\\n · send(), 2 bytes');
    expect(screen.queryByText(/ new$/)).toBeNull();
  });

  it('hold still under the pointer also when one of them is picked', async () => {
    const log = new ALog();
    await fireEvent.pointerEnter(list());
    await log.say('1');
    const before = texts();
    const seq = seqOf('A: received 7/2');
    lines()[2]?.click();
    expect(log.onpick).toHaveBeenCalledExactlyOnceWith(seq);
    await log.show(seq);
    expect(texts()).toEqual(before);
  });
});

describe('the log by keyboard', () => {
  it('is entered once, gone through with the arrows, Home and End, and Enter picks', async () => {
    const log = new ALog();
    expect(lines().map(({ tabIndex }) => tabIndex)).toEqual([0, -1, -1, -1, -1]);
    const press = async (key: string): Promise<void> => {
      await fireEvent.keyDown(document.activeElement!, { key });
      await tick();
    };
    const at = (): number => lines().indexOf(document.activeElement as HTMLElement);
    lines()[0]?.focus();
    await press('ArrowDown');
    await press('ArrowDown');
    expect(at()).toBe(2);
    expect(lines().map(({ tabIndex }) => tabIndex)).toEqual([-1, -1, 0, -1, -1]);
    await press('ArrowUp');
    expect(at()).toBe(1);
    await press('End');
    expect(at()).toBe(4);
    await press('ArrowDown');
    expect(at()).toBe(4);
    // Enter on a button is a click of the browser's.
    (document.activeElement as HTMLElement).click();
    expect(log.onpick).toHaveBeenCalledExactlyOnceWith(seqOf('listens'));
  });

  it('keeps the focus on its line while events come, and Home leads to the newest of them', async () => {
    const log = new ALog();
    lines()[1]?.focus();
    const focused = document.activeElement;
    await log.say('1');
    expect(document.activeElement).toBe(focused);
    expect(texts()[0]).toContain('3.5');
    screen.getByText('3 new');
    await fireEvent.keyDown(focused!, { key: 'Home' });
    await tick();
    expect(texts()[0]).toContain('sent 1');
    expect(document.activeElement).toBe(lines()[0]);
  });

  it('goes along with a step to where its line is listed no more', async () => {
    const log = new ALog({ most: 2 });
    for (const message of ['1', '2', '3', '4']) await log.say(message);
    lines()[0]?.focus();
    await log.show(log.lab.events.find(({ type }) => type === 'accepted')!.seq);
    expect(document.activeElement?.textContent).toContain('accepted');
    expect(document.activeElement?.getAttribute('aria-current')).toBe('step');
  });
});

describe('the search', () => {
  const field = (): HTMLInputElement => screen.getByRole('searchbox');
  const ask = async (query: string): Promise<void> => {
    await fireEvent.input(field(), { target: { value: query } });
  };
  const press = (key: string, shiftKey = false) => fireEvent.keyDown(field(), { key, shiftKey });

  it('is opened by a button, has the focus, and gives it back', async () => {
    const log = new ALog();
    const opener = screen.getByRole('button', { name: 'Find' });
    opener.click();
    expect(log.onfinding).toHaveBeenLastCalledWith(true);
    lines()[1]?.focus();
    const before = document.activeElement;
    await log.change({ finding: true });
    expect(document.activeElement).toBe(field());
    await press('Escape');
    expect(log.onfinding).toHaveBeenLastCalledWith(false);
    await log.change({ finding: false });
    expect(document.activeElement).toBe(before);
  });

  it('counts what fits and goes there: older with Enter, newer with Shift, around the end', async () => {
    const log = new ALog();
    await log.say('8');
    const seqs = log.lab.events.filter(({ type }) => type === 'sent').map(({ seq }) => seq);
    await log.change({ finding: true });
    await ask('SENT a');
    const status = screen.getByRole('status');
    expect(status.textContent).toBe('2 found');
    expect(log.onpick, 'typing stays where it is').not.toHaveBeenCalled();
    await press('Enter');
    expect(log.onpick).toHaveBeenLastCalledWith(seqs[1]);
    await log.show(seqs[1]!);
    expect(status.textContent).toBe('1 of 2');
    await press('ArrowDown');
    expect(log.onpick).toHaveBeenLastCalledWith(seqs[0]);
    await log.show(seqs[0]!);
    expect(status.textContent).toBe('2 of 2');
    await press('Enter');
    expect(log.onpick).toHaveBeenLastCalledWith(seqs[1]);
    await press('Enter', true);
    expect(log.onpick).toHaveBeenLastCalledWith(seqs[1]);
    await ask('nobody said this');
    expect(status.textContent).toBe('0 found');
  });
});
