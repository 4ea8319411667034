/**
 * Every body, query and frame of the gateway, as one schema each. docs/protocol.md describes the
 * same in prose; a test holds the two together.
 */

import { namePattern } from '@sockscope/tcp-core/trace/client-name';
import { Type, type Static } from 'typebox';
import { Event, ServerName, Settings, State } from './event-schemas.ts';

const closed = { additionalProperties: false };

/** A browser client's name in the log, which the gateway makes. */
const Session = Type.String({ pattern: '^[A-Za-z0-9-]{1,40}$' });

/** What its page calls it; empty: nothing. Blanks around it do not count. */
const ClientName = Type.String({ pattern: namePattern });

export const ServerParams = Type.Object({ server: ServerName }, closed);
export type ServerParams = Static<typeof ServerParams>;

/** `GET /ws/client/:server`. `session` is what pages once chose; it is not looked at. */
export const ClientQuery = Type.Object(
  {
    session: Type.Optional(Session),
    name: Type.Optional(ClientName),
    halfOpen: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type ClientQuery = Static<typeof ClientQuery>;

/** `GET /ws/lab`: the last event that the viewer has. */
export const LabQuery = Type.Object(
  {
    epoch: Type.Optional(Type.String({ maxLength: 100 })),
    since: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  closed,
);

/** `PATCH /api/servers/:server` */
export const ServerChanges = Type.Partial(Settings, { ...closed, minProperties: 1 });

/** How a browser client's TCP connection ended. Here `refused` is the kernel's ECONNREFUSED, no event. */
export const endings = ['fin', 'rst', 'refused', 'timeout', 'failed', 'cut'] as const;
export type SessionEnding = (typeof endings)[number];

/** The text frames on `/ws/client/…`; binary frames are the stream's bytes. */
export const clientFrames = {
  connected: Type.Object(
    {
      type: Type.Literal('connected'),
      session: Session,
      localAddress: Type.String(),
      localPort: Type.Integer({ minimum: 1, maximum: 65535 }),
    },
    closed,
  ),
  ended: Type.Object(
    {
      type: Type.Literal('ended'),
      /** Where no `connected` told it: the name in the log's `connectFailed`. */
      session: Type.Optional(Session),
      how: Type.Enum(endings),
      errno: Type.Union([Type.String(), Type.Null()]),
      /** With `cut` only: bytes of the server that never went to the page; it may be more. */
      missing: Type.Optional(Type.Integer({ minimum: 0 })),
    },
    closed,
  ),
  shutdown: Type.Object({ type: Type.Literal('shutdown') }, closed),
  reset: Type.Object({ type: Type.Literal('reset') }, closed),
  stopReading: Type.Object({ type: Type.Literal('stopReading') }, closed),
  readAgain: Type.Object({ type: Type.Literal('readAgain') }, closed),
  name: Type.Object({ type: Type.Literal('name'), name: ClientName }, closed),
};

/** What a page may send of these. */
export const PageFrame = Type.Union([
  clientFrames.shutdown,
  clientFrames.reset,
  clientFrames.stopReading,
  clientFrames.readAgain,
  clientFrames.name,
]);
export type PageFrame = Static<typeof PageFrame>;

export type EndedFrame = Static<typeof clientFrames.ended>;

/** The text frames on `/ws/lab`. */
export const labFrames = {
  snapshot: Type.Object({ type: Type.Literal('snapshot'), state: State }, closed),
  events: Type.Object({ type: Type.Literal('events'), events: Type.Array(Event) }, closed),
  gap: Type.Object(
    {
      type: Type.Literal('gap'),
      from: Type.Integer({ minimum: 1 }),
      to: Type.Integer({ minimum: 0 }),
    },
    closed,
  ),
};

export type GapFrame = Static<typeof labFrames.gap>;

/** `GET /api/lab` */
export const LabAnswer = labFrames.snapshot;

/** `GET /api/history`: the events that are remembered, and the state before the first of them. */
export const HistoryAnswer = Type.Object(
  { type: Type.Literal('history'), state: State, events: Type.Array(Event) },
  closed,
);

/** What every control answers: the server as it is now. */
export const ServerAnswer = Type.Object(
  {
    server: ServerName,
    status: Type.String(),
    address: Type.Union([Type.String(), Type.Null()]),
    port: Type.Union([Type.Integer(), Type.Null()]),
    settings: Settings,
  },
  closed,
);
export type ServerAnswer = Static<typeof ServerAnswer>;

/** `GET /healthz` */
export const HealthAnswer = Type.Object(
  {
    status: Type.Enum(['ok', 'crashed']),
    epoch: Type.String(),
    seq: Type.Integer({ minimum: 0 }),
    uptimeSeconds: Type.Integer({ minimum: 0 }),
    /** The status of each that has joined. */
    servers: Type.Record(ServerName, Type.String()),
  },
  closed,
);
export type HealthAnswer = Static<typeof HealthAnswer>;

/** `POST /api/presenter` */
export const PresenterToken = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 128 }) },
  closed,
);

/** `GET` and `POST /api/presenter`: whether this browser may start, stop and change the servers. */
export const PresenterAnswer = Type.Object({ mayControl: Type.Boolean() }, closed);
export type PresenterAnswer = Static<typeof PresenterAnswer>;

/** Every denied request: what is wrong, and what to do about it. */
export const ErrorAnswer = Type.Object({ error: Type.String(), hint: Type.String() }, closed);
export type ErrorAnswer = Static<typeof ErrorAnswer>;
