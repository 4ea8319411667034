/** Light or dark: the system's choice until somebody makes their own, which is remembered. */

const KEY = 'sockscope.theme';

export class Theme {
  dark = $state(false);
  readonly #system = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    const kept = read();
    this.dark = kept === null ? this.#system.matches : kept === 'dark';
    this.#system.addEventListener('change', ({ matches }) => {
      if (read() === null) this.#set(matches);
    });
    this.#set(this.dark);
  }

  toggle(): void {
    this.#set(!this.dark);
    try {
      localStorage.setItem(KEY, this.dark ? 'dark' : 'light');
    } catch {
      // Storage may be off; the choice then lasts as long as the page.
    }
  }

  #set(dark: boolean): void {
    this.dark = dark;
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
