/** The theme's colours as a canvas takes them. */

import { hues, type Hue } from '../identity.ts';

export interface Palette {
  ink: string;
  soft: string;
  line: string;
  lineStrong: string;
  panel: string;
  accent: string;
  bad: string;
  working: string;
  edge: string;
  hues: Record<Hue, string>;
  /** The font of bytes and numbers. */
  mono: string;
}

/** Reads the tokens of styles/tokens.css; in forced colours the system's, identities apart. */
export function readPalette(element: Element, forced: boolean): Palette {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const hueTokens = hues.map((hue) => [hue, token(`hue-${hue}`)]);
  const always = {
    hues: Object.fromEntries(hueTokens) as Record<Hue, string>,
    mono: token('mono') || 'monospace',
  };
  if (forced) {
    return {
      ...always,
      ink: 'CanvasText',
      soft: 'CanvasText',
      line: 'GrayText',
      lineStrong: 'CanvasText',
      panel: 'Canvas',
      accent: 'Highlight',
      bad: 'CanvasText',
      working: 'CanvasText',
      edge: 'CanvasText',
    };
  }
  return {
    ...always,
    ink: token('ink'),
    soft: token('ink-soft'),
    line: token('line'),
    lineStrong: token('line-strong'),
    panel: token('panel'),
    accent: token('accent'),
    bad: token('bad'),
    working: token('working'),
    edge: token('shape-edge'),
  };
}
