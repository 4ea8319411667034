/**
 * Whether this browser may start, stop and change the servers. Where others reach the page, only the
 * presenter may: whoever opened the address with `#token=`. The token leaves the address bar at once, so that
 * no projector, bookmark or screenshot shows it; the gateway answers it with a cookie that scripts cannot read.
 */

interface Answer {
  mayControl?: boolean;
  error?: string;
  hint?: string;
}

export class Presenter {
  /** Null until the gateway has said it. */
  mayControl = $state<boolean | null>(null);
  /** Why a token that was in the address does not do, in the gateway's words. */
  problem = $state<string | null>(null);

  /** Takes the token, if there is one, from the address now and whenever one is pasted into it. */
  begin(): void {
    addEventListener('hashchange', this.#takeToken);
    if (!this.#takeToken()) void this.ask();
  }

  close(): void {
    removeEventListener('hashchange', this.#takeToken);
  }

  /** Asks the gateway again; without an answer nothing changes. */
  async ask(): Promise<void> {
    await this.#call({});
  }

  readonly #takeToken = (): boolean => {
    const [, token] = /^#token=(.*)$/.exec(location.hash) ?? [];
    if (token === undefined) return false;
    history.replaceState(history.state, '', location.pathname + location.search);
    void this.#show(token);
    return true;
  };

  async #show(token: string): Promise<void> {
    this.problem = await this.#call({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    // A wrong token takes nothing from a browser that showed the right one before.
    if (this.problem !== null) await this.ask();
  }

  /** Resolves with the gateway's words if it refuses. */
  async #call(init: RequestInit): Promise<string | null> {
    try {
      const response = await fetch('/api/presenter', init);
      const answer = (await response.json()) as Answer;
      if (!response.ok) return [answer.error, answer.hint].filter(Boolean).join(' ');
      this.mayControl = answer.mayControl ?? null;
    } catch {
      // The gateway is away: the page says so already, and a control would say it again.
    }
    return null;
  }
}
