/** The event log and the lab's state as schemas: what tcp-core's trace folder says in types. */

import { eventTypes, tcpStates } from '@sockscope/tcp-core/trace/events';
import type * as design from '@sockscope/tcp-core/trace/design';
import * as settings from '@sockscope/tcp-core/trace/settings';
import { Type, type Static, type TProperties, type TSchema } from 'typebox';

const closed = { additionalProperties: false };
const count = Type.Integer({ minimum: 0 });
const text = Type.String();
const descriptors = Type.Array(Type.Integer());
const textOrNull = Type.Union([Type.String(), Type.Null()]);
const integerOrNull = Type.Union([Type.Integer(), Type.Null()]);
const flow = Type.Object({ calls: count, bytes: count }, closed);
const call = Type.Enum(['accept', 'recv', 'send', 'select', 'close', 'handoff', 'parked']);
const sleepingCall = Type.Enum(['poll', 'select', 'recv', 'futex']);
const role = Type.Enum(['server', 'acceptor', 'client']);
const ending = Type.Enum(['fin', 'rst', 'timeout', 'local']);

/** A server's id. */
export const ServerName = Type.String({ pattern: '^[A-Za-z0-9-]{1,40}$' });

/** A setting's values, as the table of settings has them. */
function valuesOf(name: keyof settings.Settings): TSchema {
  const values = settings.settings[name];
  return 'oneOf' in values
    ? Type.Enum([...values.oneOf])
    : Type.Integer({ minimum: values.from, maximum: values.to });
}

export const Settings = Type.Unsafe<settings.Settings>(
  Type.Object(
    Object.fromEntries(settings.settingNames.map((name) => [name, valuesOf(name)])),
    closed,
  ),
);

const Design = Type.Unsafe<design.Design>(
  Type.Object(
    {
      name: text,
      speaks: Type.Enum(['lines', 'bytes']),
      process: Type.Enum(['seat', 'lanes', 'loop', 'box']),
      calculates: Type.Boolean(),
      pool: Type.Boolean(),
      settings: Type.Array(Type.Enum([...settings.settingNames])),
      seenBy: Type.Array(Type.Enum(['call', 'kernel', 'tap', 'x-ray'])),
    },
    closed,
  ),
);

const stamp = {
  epoch: text,
  seq: Type.Integer({ minimum: 1 }),
  t: count,
  server: ServerName,
  thread: integerOrNull,
};

function fact<const Name extends string, Rest extends TProperties>(type: Name, rest: Rest) {
  return Type.Object({ type: Type.Literal(type), ...stamp, ...rest }, closed);
}

const socket = { connection: Type.Integer(), fd: Type.Integer() };
const peer = { address: text, port: count };
const kernelSocket = { tcp: Type.Enum(tcpStates), receive: count, send: count };
const waiting = { ...kernelSocket, ...peer, batch: count };
const kernelServer = {
  acceptQueue: Type.Union([count, Type.Null()]),
  waiting: Type.Array(Type.Object(waiting, closed)),
  timeWait: count,
};

export const events = {
  joined: fact('joined', { number: count, design: Design }),
  starting: fact('starting', { settings: Settings }),
  listening: fact('listening', { fd: Type.Integer(), ...peer, backlog: count }),
  listenerClosed: fact('listenerClosed', { fd: Type.Integer() }),
  stopped: fact('stopped', {}),
  crashed: fact('crashed', { error: text, restarting: Type.Boolean() }),
  threadStarted: fact('threadStarted', { tid: Type.Integer(), role }),
  threadEnded: fact('threadEnded', { tid: Type.Integer() }),
  blocked: fact('blocked', {
    call,
    in: sleepingCall,
    read: descriptors,
    write: descriptors,
    own: descriptors,
    timeoutMs: integerOrNull,
  }),
  accepted: fact('accepted', { ...socket, ...peer, reset: Type.Optional(Type.Literal(true)) }),
  identified: fact('identified', {
    connection: Type.Integer(),
    client: Type.Enum(['browser', 'external']),
    session: textOrNull,
    name: Type.Optional(text),
  }),
  handedOver: fact('handedOver', { ...socket, to: Type.Integer() }),
  received: fact('received', { ...socket, bytes: count, preview: text }),
  peerClosed: fact('peerClosed', socket),
  evaluating: fact('evaluating', { ...socket, message: text }),
  evaluated: fact('evaluated', {
    ...socket,
    message: text,
    reply: text,
    error: Type.Boolean(),
    micros: count,
  }),
  sent: fact('sent', { ...socket, bytes: count, requested: count, preview: text }),
  refused: fact('refused', { ...socket, reason: text, sent: count }),
  selected: fact('selected', {
    read: descriptors,
    write: descriptors,
    own: descriptors,
    readable: descriptors,
    writable: descriptors,
    micros: count,
  }),
  shutdown: fact('shutdown', socket),
  closed: fact('closed', {
    ...socket,
    how: ending,
    errno: textOrNull,
    received: count,
    sent: count,
    drained: count,
  }),
  summed: fact('summed', {
    micros: count,
    waited: count,
    turns: count,
    connections: Type.Array(
      Type.Object(
        { ...socket, received: flow, sent: flow, messages: count, errors: count },
        closed,
      ),
    ),
  }),
  sampled: fact('sampled', {
    ...kernelServer,
    unnamed: Type.Optional(count),
    connections: Type.Array(Type.Object({ connection: Type.Integer(), ...kernelSocket }, closed)),
  }),
  unobservable: fact('unobservable', { reason: text }),
  connectFailed: fact('connectFailed', { session: text, errno: text }),
};

/** One entry of the log. */
export const Event = Type.Unsafe<Static<(typeof events)[keyof typeof events]>>(
  Type.Union(Object.values(events)),
);

const Thread = Type.Object(
  {
    id: Type.Integer(),
    tid: Type.Integer(),
    role,
    call: Type.Union([call, Type.Null()]),
    in: Type.Union([sleepingCall, Type.Null()]),
    read: descriptors,
    write: descriptors,
    own: descriptors,
    timeoutMs: integerOrNull,
    since: count,
    waited: count,
    worked: count,
    heardAt: count,
    connection: integerOrNull,
    lastSelect: Type.Union([
      Type.Object(
        {
          t: count,
          read: descriptors,
          write: descriptors,
          readable: descriptors,
          writable: descriptors,
          served: descriptors,
        },
        closed,
      ),
      Type.Null(),
    ]),
    last: Type.Union([
      Type.Object(
        {
          type: Type.Enum(eventTypes),
          seq: count,
          t: count,
          connection: integerOrNull,
          fresh: Type.Boolean(),
          message: textOrNull,
        },
        closed,
      ),
      Type.Null(),
    ]),
  },
  closed,
);

const segments = Type.Array(
  Type.Object({ t: count, offset: count, bytes: count, preview: text }, closed),
);

const Connection = Type.Object(
  {
    id: Type.Integer(),
    fd: Type.Integer(),
    ...peer,
    client: Type.Enum(['pending', 'browser', 'external']),
    session: textOrNull,
    name: textOrNull,
    openedAt: count,
    queuedAt: integerOrNull,
    position: count,
    activeAt: count,
    received: flow,
    sent: flow,
    messages: count,
    errors: count,
    peerClosed: Type.Boolean(),
    localClosed: Type.Boolean(),
    refused: textOrNull,
    refusalSent: count,
    exchanges: Type.Array(
      Type.Object({ t: count, message: text, reply: text, error: Type.Boolean() }, closed),
    ),
    lastReceived: text,
    lastSent: text,
    segments: Type.Object({ received: segments, sent: segments }, closed),
    kernel: Type.Union([Type.Object(kernelSocket, closed), Type.Null()]),
    unreadSince: integerOrNull,
    end: Type.Union([
      Type.Object({ t: count, how: ending, errno: textOrNull, drained: count }, closed),
      Type.Null(),
    ]),
  },
  closed,
);

const Server = Type.Object(
  {
    id: ServerName,
    number: count,
    design: Design,
    status: Type.Enum(['stopped', 'starting', 'listening', 'not listening', 'crashed']),
    fd: integerOrNull,
    address: textOrNull,
    port: integerOrNull,
    backlog: integerOrNull,
    settings: Settings,
    error: textOrNull,
    crashes: count,
    kernel: Type.Union([
      Type.Object(
        {
          t: count,
          ...kernelServer,
          waiting: Type.Array(Type.Object({ ...waiting, since: count, position: count }, closed)),
          unnamed: count,
        },
        closed,
      ),
      Type.Null(),
    ]),
    unobservable: textOrNull,
    threads: Type.Record(Type.Integer(), Thread),
    connections: Type.Record(Type.Integer(), Connection),
    ended: Type.Array(Connection),
    firstConnection: count,
    lastConnection: count,
    totals: Type.Object(
      {
        accepted: count,
        refused: count,
        connectFailures: count,
        messages: count,
        errors: count,
        selects: count,
        received: flow,
        sent: flow,
      },
      closed,
    ),
  },
  closed,
);

/** The state that the log folds into. */
export const State = Type.Object(
  {
    epoch: text,
    seq: count,
    t: count,
    servers: Type.Record(ServerName, Server),
    log: Type.Array(Event),
  },
  closed,
);
