/** Clients that speak in turn, at the pace of a measurement. */

import type { Socket } from 'node:net';
import type { Gateway } from './gateway.ts';

/** The number of the lab's last event. */
export async function lastEvent({ url }: Gateway): Promise<number> {
  const { seq } = (await (await fetch(`${url}/healthz`)).json()) as { seq: number };
  return seq;
}

/** Lets the clients speak in turn, so often that the wanted number of events arrives. */
export function talking(sockets: readonly Socket[], gateway: Gateway, wanted: number) {
  const TICK_MS = 20;
  const LOOK_MS = 500;
  let next = 0;
  let messages = 0;
  /** Events that a message makes, as seen so far. */
  let each = 5;
  const startedAt = performance.now();
  const started = lastEvent(gateway);
  const look = setInterval(() => {
    void Promise.all([started, lastEvent(gateway)]).then(([first, last]) => {
      each = Math.max(2, (last - first) / Math.max(1, messages));
    });
  }, LOOK_MS);
  const timer = setInterval(() => {
    const due = (wanted * (performance.now() - startedAt)) / 1000 / each;
    for (; messages < due; messages += 1) {
      sockets[next++ % sockets.length]?.write(`${messages} + ${next}\n`);
    }
  }, TICK_MS);
  return {
    stop: () => {
      clearInterval(timer);
      clearInterval(look);
    },
  };
}
