/** Every way in which the gateway denies a request or ends a WebSocket. docs/protocol.md lists them. */

import type { ErrorAnswer } from './schemas/schemas.ts';

/** Answers to denied HTTP requests, upgrades too: status, what is wrong, what to do about it. */
export const denials = {
  badRequest: [400, 'This is not an HTTP request.', 'Send HTTP/1.1, as a browser or curl does.'],
  badTarget: [400, 'The request target is not a path.', 'Ask for a path such as /api/lab.'],
  noHost: [400, 'The Host header is missing.', 'Send the address of the page as Host.'],
  manyHosts: [400, 'There is more than one Host header.', 'Send exactly one.'],
  invalid: [400, 'The request does not have the form that it needs.', 'See docs/protocol.md.'],
  badJson: [400, 'The body is not JSON.', 'Send a JSON object, or no body and no Content-Type.'],
  badHandshake: [
    400,
    'This does not open a WebSocket.',
    'Send GET with Upgrade: websocket and a Sec-WebSocket-Key of 16 bytes (RFC 6455).',
  ],
  foreignHost: [
    403,
    'The Host header names another site.',
    'Open the page by the address that Sockscope printed when it started.',
  ],
  foreignOrigin: [
    403,
    'The request comes from a page of another origin.',
    'Only the page that this gateway serves may call it.',
  ],
  foreignSite: [
    403,
    'The browser says that another site made this request.',
    'Only the page that this gateway serves may call it.',
  ],
  notPresenter: [
    403,
    'Only the presenter may do this.',
    'Open the address with #token= that Sockscope printed when it started.',
  ],
  wrongToken: [
    403,
    'This is not the presenter’s token.',
    'It is behind #token= in the address that Sockscope printed when it started.',
  ],
  noRoute: [404, 'There is nothing at this address.', 'docs/protocol.md lists every address.'],
  noSocketHere: [
    404,
    'There is no WebSocket at this address.',
    'WebSockets are at /ws/lab and /ws/client/:server; GET /api/lab lists the servers.',
  ],
  noServer: [404, 'There is no such server.', 'GET /api/lab lists the servers.'],
  slow: [408, 'The request took too long to arrive.', 'Send it again.'],
  cannotStart: [409, 'The server could not start.', 'Free its port, then start it again.'],
  tooLarge: [413, 'The body is too large.', 'Send at most 16 KiB.'],
  mediaType: [415, 'The body has a type that is not taken here.', 'Send application/json.'],
  expectation: [417, 'An Expect header asks for what is not done here.', 'Leave it out.'],
  socketVersion: [426, 'This version of the WebSocket protocol is not spoken here.', 'Send 13.'],
  socketOnly: [426, 'This address is for WebSockets only.', 'Connect with ws:// instead.'],
  tooFast: [429, 'There are too many requests from this address.', 'Try again in a minute.'],
  manyFromAddress: [
    429,
    'There are as many WebSockets from this address as the gateway allows.',
    'Close some, or start it with a larger --max-sockets-per-address.',
  ],
  manyConnections: [
    429,
    'There are as many connections from this address as the gateway allows.',
    'Close some, or start it with a larger --max-connections-per-address.',
  ],
  longHeaders: [431, 'The header lines are too long.', 'Send fewer cookies and headers.'],
  internal: [500, 'The gateway failed at this request.', 'Its log says why: --log-level error.'],
  notBuilt: [503, 'The page has not been built yet.', 'End Sockscope and run npm start.'],
  manyViewers: [503, 'There are as many viewers as the gateway allows.', 'Close some pages.'],
  full: [
    503,
    'There are as many browser clients as the gateway allows.',
    'Close some, or start it with a larger --max-sessions.',
  ],
} as const satisfies Record<string, readonly [status: number, error: string, hint: string]>;

export type DenialName = keyof typeof denials;

/** Why a request is denied, thrown out of a hook or a handler. */
export class Denial extends Error {
  readonly why: DenialName;
  readonly statusCode: number;
  readonly hint: string;

  /** `hint` replaces the usual one where more is known. */
  constructor(why: DenialName, hint?: string) {
    super(denials[why][1]);
    this.name = 'Denial';
    this.why = why;
    this.statusCode = denials[why][0];
    this.hint = hint ?? denials[why][2];
  }

  /** The body of the answer. */
  get answer(): ErrorAnswer {
    return { error: this.message, hint: this.hint };
  }
}

/** Why the gateway closes a WebSocket: code (RFC 6455 section 7.4.1) and reason, at most 123 bytes. */
export const closings = {
  ended: [1000, 'the TCP connection ended'],
  stopping: [1001, 'the gateway is stopping'],
  notControl: [
    1008,
    'a text frame must be shutdown, reset, stopReading, readAgain or name; bytes go in binary frames',
  ],
  afterShutdown: [1008, 'no bytes may follow a shutdown frame'],
  viewerSpoke: [1008, 'this WebSocket takes no frames'],
  tooManyFragments: [1008, ''],
  tooBig: [1009, ''],
  full: [1013, 'too many'],
  cut: [4000, 'nothing came from the page for 22 seconds; the TCP connection was reset'],
} as const satisfies Record<string, readonly [code: number, reason: string]>;
