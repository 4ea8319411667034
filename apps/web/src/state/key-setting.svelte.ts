/** Whether single letters are keys of the page; kept in the browser (WCAG 2.1.4, character key shortcuts). */

const STORED = 'sockscope-letters';

export class KeySetting {
  #letters = $state(read() !== 'off');

  get letters(): boolean {
    return this.#letters;
  }

  set letters(on: boolean) {
    this.#letters = on;
    try {
      localStorage.setItem(STORED, on ? 'on' : 'off');
    } catch {
      // Storage may be off; the choice then lasts as long as the page.
    }
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}
