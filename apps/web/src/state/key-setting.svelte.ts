/** Whether single letters are keys of the page; kept in the browser (WCAG 2.1.4, character key shortcuts). */

const STORED = 'sockscope-letters';

export class KeySetting {
  #letters = $state(localStorage.getItem(STORED) !== 'off');

  get letters(): boolean {
    return this.#letters;
  }

  set letters(on: boolean) {
    this.#letters = on;
    localStorage.setItem(STORED, on ? 'on' : 'off');
  }
}
