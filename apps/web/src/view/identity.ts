/**
 * How a connection is told from the others, everywhere it appears: one of eight hues and one of
 * eight shapes. No pair comes twice within 64 connections of a server in a row, and the first 17 of
 * the servers differ from each other.
 *
 * Source of the hues: Okabe & Ito, "Color Universal Design" (2008).
 */

import { assignment } from '@sockscope/tcp-core/designs/all';

export const hues = [
  'blue',
  'orange',
  'green',
  'purple',
  'sky',
  'vermillion',
  'yellow',
  'ink',
] as const;
export type Hue = (typeof hues)[number];

export const shapes = [
  'circle',
  'triangle',
  'square',
  'diamond',
  'star',
  'plus',
  'wedge',
  'hourglass',
] as const;
export type ShapeName = (typeof shapes)[number];

export interface Identity {
  hue: Hue;
  shape: ShapeName;
}

/** The hue and shape of a server's connection with this number (1 and up). */
export function connectionIdentity(server: string, connection: number): Identity {
  // Each server counts its own connections; 17 apart they begin with another hue and shape.
  const index = Math.max(0, connection - 1) + 17 * placeOf(server);
  // Each round of eight shifts the hues by three against the shapes; 3 and 8 have no common factor.
  const shift = 3 * Math.floor(index / hues.length);
  return {
    hue: hues[(index + shift) % hues.length] ?? 'ink',
    shape: shapes[index % shapes.length] ?? 'circle',
  };
}

/** Which of the servers it is, from 0; for an id that is not theirs a number beyond them, made from it. */
function placeOf(server: string): number {
  const place = assignment.findIndex(({ id }) => id === server);
  if (place >= 0) return place;
  let sum = 0;
  for (let index = 0; index < server.length; index += 1) {
    sum = (31 * sum + server.charCodeAt(index)) % 1000;
  }
  return assignment.length + sum;
}

/** The identity in words, for those who hear the page: "blue circle". */
export function identityWords({ hue, shape }: Identity): string {
  return `${hue === 'ink' ? 'black' : hue} ${shape}`;
}
