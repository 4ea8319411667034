/**
 * The presenter: who may start, stop and change the servers when the page is open to a network.
 *
 * A token proves it. It reaches the page in the fragment of its address, which a browser sends to nobody,
 * and the gateway in the body of one request; from then on a cookie stands for it. The token itself
 * is in no request line, no log, no Referer and no cookie.
 *
 * Sources: RFC 3986 section 3.5 (fragments), RFC 6265bis (cookies), RFC 4086 (128 bits).
 */

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a token that was not made here must look like: 22 such characters can hold 128 bits. */
export const TOKEN = /^[A-Za-z0-9_-]{22,128}$/;

/** A new token of 192 bits. */
export function makeToken(): string {
  return randomBytes(24).toString('base64url');
}

export class Presenter {
  readonly #token: string | undefined;
  readonly #proof: string;

  /** Without a token, on a machine that nobody else reaches, everybody is the presenter. */
  constructor(token: string | undefined) {
    this.#token = token;
    // The same after a restart with the same token, and of no use to whoever wants the token.
    this.#proof = createHmac('sha256', token ?? randomBytes(32))
      .update('sockscope presenter')
      .digest('base64url');
  }

  /** Whether this is the token. Takes the same time whatever is wrong with it. */
  accepts(token: string): boolean {
    return this.#token === undefined || areEqual(token, this.#token);
  }

  /** Whether the request comes from a browser that has shown the token. */
  mayControl(request: IncomingMessage): boolean {
    if (this.#token === undefined) return true;
    const name = cookieName(request);
    return (request.headers.cookie ?? '').split(';').some((cookie) => {
      const [key, value = ''] = cookie.trim().split('=', 2);
      return key === name && areEqual(value, this.#proof);
    });
  }

  /**
   * `Set-Cookie` for a browser that has shown the token; undefined if none is needed. It ends with the
   * browser's session. No `Secure`: the page is plain HTTP.
   */
  cookieFor(request: IncomingMessage): string | undefined {
    if (this.#token === undefined) return undefined;
    return `${cookieName(request)}=${this.#proof}; Path=/; HttpOnly; SameSite=Strict`;
  }
}

/** Cookies know no ports: two labs on one machine each need a name of their own. */
function cookieName({ socket }: IncomingMessage): string {
  return `sockscope-presenter-${socket.localPort ?? 0}`;
}

function areEqual(given: string, secret: string): boolean {
  return timingSafeEqual(digest(given), digest(secret));
}

/** Of one length whatever the text's, as `timingSafeEqual` needs it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
