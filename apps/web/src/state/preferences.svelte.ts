/** What somebody prefers of the page; kept in the browser. */

export class Preferences {
  #letters = $state(read('letters'));
  #commentary = $state(read('commentary'));

  /** Single letters and digits are keys of the page (WCAG 2.1.4, character key shortcuts). */
  get letters(): boolean {
    return this.#letters;
  }

  set letters(on: boolean) {
    this.#letters = on;
    write('letters', on);
  }

  /** The sentence of the moment is read out by a screen reader; one's own answers always are. */
  get commentary(): boolean {
    return this.#commentary;
  }

  set commentary(on: boolean) {
    this.#commentary = on;
    write('commentary', on);
  }
}

type Name = 'letters' | 'commentary';

const keyOf = (name: Name): string => `sockscope-${name}`;

function read(name: Name): boolean {
  try {
    return localStorage.getItem(keyOf(name)) !== 'off';
  } catch {
    return true;
  }
}

function write(name: Name, on: boolean): void {
  try {
    localStorage.setItem(keyOf(name), on ? 'on' : 'off');
  } catch {
    // Storage may be off; the choice then lasts as long as the page.
  }
}
