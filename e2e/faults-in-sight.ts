/**
 * What is wrong with the texts of the page as it stands on the screen: outside of their boxes, over each other, cut
 * without "…", numbers that are cut; a head of two rows, a page that scrolls sideways, a focus that nobody sees.
 */

import type { Page } from '@playwright/test';

/** One thing that is wrong; `where` names the elements, the same in each look at the same page. */
interface Fault {
  what: string;
  text: string;
  where: string;
  /** Their places in CSS pixels: "x y width height". */
  boxes: string;
}

interface Sight {
  faults: readonly Fault[];
  /** The height of the page's head in CSS pixels. */
  head: number;
  mode: 'desk' | 'projector';
}

/** What is wrong so many times after each other is wrong. */
const LOOKS = 3;

/**
 * Looks after two frames; what is wrong for a frame only, while sizes are measured anew, or while something moves on
 * its way to its place, does not count.
 */
export async function lookAt(page: Page): Promise<Sight> {
  let sight = await sightOf(page);
  for (let looks = 1; looks < LOOKS && sight.faults.length > 0; looks += 1) {
    await page.evaluate(() =>
      Promise.allSettled(document.getAnimations().map(({ finished }) => finished)),
    );
    const before = new Set(sight.faults.map(keyOf));
    const now = await sightOf(page);
    sight = { ...now, faults: now.faults.filter((fault) => before.has(keyOf(fault))) };
  }
  return sight;
}

/** The same for the same fault, whatever the clock says in its text by now. */
const keyOf = ({ what, where }: Fault): string => `${what} ${where}`;

async function sightOf(page: Page): Promise<Sight> {
  // After the second frame has been drawn.
  await page.evaluate(
    () =>
      new Promise<void>((resolve) =>
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))),
      ),
  );
  return page.evaluate(look);
}

/** Runs in the page: it can use nothing from outside of itself. */
function look(): Sight {
  interface Box {
    left: number;
    top: number;
    right: number;
    bottom: number;
  }
  interface Clip {
    element: Element;
    box: Box;
    x: 'scrolls' | 'hides';
    y: 'scrolls' | 'hides';
  }
  interface Line {
    node: Text;
    owner: Element;
    layer: Element | null;
    /** As much of its letters as is to be seen. */
    box: Box;
  }

  /** Pixels that rounding may make. */
  const SLACK = 1;
  /** What lies above the page on purpose, for as long as somebody wants it. */
  const FLOATING = '.box, .more.open > .looks, dialog[open], .plot > p, .idea.explains';
  /** A lane's note comes whole or, on a line that nobody sees, not at all: the tooltip has it. */
  const WHOLE_OR_NOT = '.timeline li';
  const faults: Fault[] = [];
  const root = document.documentElement;
  const view: Box = { left: 0, top: 0, right: root.clientWidth, bottom: innerHeight };

  // --- elements

  const styles = new Map<Element, CSSStyleDeclaration>();
  function styleOf(element: Element): CSSStyleDeclaration {
    const style = styles.get(element) ?? getComputedStyle(element);
    styles.set(element, style);
    return style;
  }

  function nameOf(element: Element): string {
    const names: string[] = [];
    for (let at: Element | null = element; at && names.length < 4; at = at.parentElement) {
      const classes = [...at.classList].filter((each) => !/^svelte-|^hue-/.test(each));
      names.unshift([at.localName, ...classes].join('.'));
      if (at.id !== '' || at === document.body) break;
    }
    return names.join(' > ');
  }

  const written = ({ left, top, right, bottom }: Box): string =>
    [left, top, right - left, bottom - top].map((each) => each.toFixed(1)).join(' ');

  function complain(what: string, text: string, elements: Element[], boxes: Box[]): void {
    const shown = text.trim().replace(/\s+/g, ' ');
    faults.push({
      what,
      text: shown.length > 100 ? `${shown.slice(0, 100)} [and more]` : shown,
      where: elements.map(nameOf).join(' | '),
      boxes: boxes.map(written).join(' | '),
    });
  }

  function meet(a: Box, b: Box): Box {
    return {
      left: Math.max(a.left, b.left),
      top: Math.max(a.top, b.top),
      right: Math.min(a.right, b.right),
      bottom: Math.min(a.bottom, b.bottom),
    };
  }

  const isSome = ({ left, top, right, bottom }: Box): boolean =>
    right - left > SLACK && bottom - top > SLACK;

  /** Inside of its border, which is what it clips to. */
  function paddingBox(element: Element): Box {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    if (!(element instanceof HTMLElement)) return { left, top, right, bottom };
    const { clientLeft, clientTop, clientWidth, clientHeight } = element;
    const x = left + clientLeft;
    const y = top + clientTop;
    return { left: x, top: y, right: x + clientWidth, bottom: y + clientHeight };
  }

  const known = new Map<Element, readonly Clip[]>();

  /** What clips the content of an element, from the inside to the outside. */
  function clipsOf(element: Element): readonly Clip[] {
    const before = known.get(element);
    if (before) return before;
    const { overflowX, overflowY, position, contain } = styleOf(element);
    const clips: Clip[] = [];
    const clipping = (overflow: string): boolean => /auto|scroll|hidden|clip/.test(overflow);
    const scrolls = (overflow: string): boolean => /auto|scroll/.test(overflow);
    if (
      (clipping(overflowX) || clipping(overflowY) || contain.includes('paint')) &&
      element !== root &&
      element !== document.body
    )
      clips.push({
        element,
        box: paddingBox(element),
        x: scrolls(overflowX) ? 'scrolls' : 'hides',
        y: scrolls(overflowY) ? 'scrolls' : 'hides',
      });
    let parent = element.parentElement;
    // What stands absolutely is only clipped from where it is placed.
    if (position === 'absolute')
      while (parent && styleOf(parent).position === 'static' && !isPlace(parent))
        parent = parent.parentElement;
    if (position === 'fixed') parent = null;
    const all = parent ? [...clips, ...clipsOf(parent)] : clips;
    known.set(element, all);
    return all;
  }

  const isPlace = (element: Element): boolean =>
    styleOf(element).transform !== 'none' || /layout|paint/.test(styleOf(element).contain);

  /** For screen readers only. */
  function isUnseen(element: Element): boolean {
    for (let at: Element | null = element; at; at = at.parentElement)
      if (styleOf(at).clipPath.startsWith('inset(50%')) return true;
    return !element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  }

  // --- texts

  const pen = document.createElement('canvas').getContext('2d');
  function widthOf(text: string, style: CSSStyleDeclaration): number {
    if (!pen) return 0;
    pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return pen.measureText(text).width;
  }

  /** The box of the letters: a line has room above and below them. */
  function lettersIn({ left, top, right, bottom }: Box): Box {
    const height = bottom - top;
    return { left, top: top + 0.22 * height, right, bottom: bottom - 0.18 * height };
  }

  /** The element that breaks this text into lines. */
  function blockOf(element: Element): Element {
    let at = element;
    while (at.parentElement && /^(inline|contents)$/.test(styleOf(at).display))
      at = at.parentElement;
    return at;
  }

  const isClamped = (element: Element): boolean =>
    styleOf(element).getPropertyValue('-webkit-line-clamp') !== 'none';

  const hasDots = (element: Element, text: Element): boolean => {
    if (styleOf(element).textOverflow !== 'ellipsis') return false;
    for (let at: Element | null = text; at && at !== element; at = at.parentElement)
      if (!styleOf(at).display.startsWith('inline')) return false;
    return /block|list-item|flow-root/.test(styleOf(element).display);
  };

  /** Elements whose text ends with "…" before it is over. */
  const cutOff = new Set<Element>();

  /** What is to be seen of a line of text; complains where it is cut or outside. */
  function seenOf(node: Text, owner: Element, line: Box): Box | null {
    let box = line;
    const text = node.data;
    for (const { element, box: clip, x, y } of clipsOf(owner)) {
      const overX = box.left < clip.left - SLACK || box.right > clip.right + SLACK;
      const overY = box.top < clip.top - SLACK || box.bottom > clip.bottom + SLACK;
      if (overX && x === 'hides') {
        if (hasDots(element, owner)) cutOff.add(element);
        else if (overY && y === 'scrolls') return null;
        else complain('cut without "…"', text, [owner, element], [box, clip]);
      }
      if (overY && y === 'hides') {
        const isGone = box.top >= clip.bottom - SLACK;
        if (isGone && element.matches(WHOLE_OR_NOT)) return null;
        if (isClamped(element) && isGone) cutOff.add(element);
        else if (overX && x === 'scrolls') return null;
        else complain('cut without "…"', text, [owner, element], [box, clip]);
      }
      box = meet(box, clip);
      if (!isSome(box)) return null;
    }
    const bottom = root.scrollHeight - scrollY;
    if (
      box.left < view.left - SLACK ||
      box.right > view.right + SLACK ||
      box.top < -scrollY - SLACK ||
      box.bottom > Math.max(bottom, view.bottom) + SLACK
    )
      complain('outside the page', text, [owner], [box]);
    return box;
  }

  /** The boxes that one sees around a text must be around all of it. */
  function lookAround(node: Text, owner: Element, box: Box): void {
    for (let at: Element | null = owner; at; at = at.parentElement) {
      const { overflowX, overflowY, display, borderTopWidth, backgroundColor } = styleOf(at);
      if (display === 'contents' || !(at instanceof HTMLElement)) continue;
      if (overflowX !== 'visible' || overflowY !== 'visible') return;
      const isSeen = borderTopWidth !== '0px' || backgroundColor !== 'rgba(0, 0, 0, 0)';
      const isBlock = at === blockOf(owner);
      if (!isSeen && !isBlock) continue;
      if (at === document.body || at === root) return;
      if (display === 'inline') continue;
      const around: Box = at.getBoundingClientRect();
      const isOut: boolean =
        box.left < around.left - SLACK ||
        box.right > around.right + SLACK ||
        (isSeen && (box.top < around.top - SLACK || box.bottom > around.bottom + SLACK));
      if (isOut) complain('outside its box', node.data, [owner, at], [box, around]);
      if (isOut || at.matches(FLOATING)) return;
    }
  }

  /** Spaces at the end of a line that was broken hang over its edge. */
  function withoutHanging(box: Box, owner: Element): Box {
    const { whiteSpaceCollapse, fontSize } = styleOf(owner);
    if (whiteSpaceCollapse !== 'preserve') return box;
    const { right } = blockOf(owner).getBoundingClientRect();
    return box.right - right < parseFloat(fontSize)
      ? { ...box, right: Math.min(box.right, right) }
      : box;
  }

  const lines: Line[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const node = walker.currentNode as Text;
    const owner = node.parentElement;
    if (
      !owner ||
      node.data.trim() === '' ||
      owner.closest('option, script, style, noscript, title')
    )
      continue;
    if (isUnseen(owner)) continue;
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (rect.width < SLACK || rect.height < SLACK) continue;
      const letters = withoutHanging(lettersIn(rect), owner);
      const box = isSome(letters) ? seenOf(node, owner, letters) : null;
      if (!box) continue;
      lookAround(node, owner, box);
      lines.push({ node, owner, layer: owner.closest(FLOATING), box });
    }
    if (/\d…/.test(node.data)) complain('a number is cut', node.data, [owner], []);
  }

  // --- numbers that the browser's own dots cut

  for (const element of cutOff) {
    const clip = paddingBox(element);
    const { paddingRight } = styleOf(element);
    const edge = clip.right - parseFloat(paddingRight) - widthOf('…', styleOf(element));
    const inside = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const letters: { letter: string; box: DOMRect }[] = [];
    while (inside.nextNode()) {
      const node = inside.currentNode as Text;
      for (let at = 0; at < node.length; at += 1) {
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        const box = range.getBoundingClientRect();
        letters.push({ letter: node.data.charAt(at), box });
      }
    }
    const inSight = letters.filter(({ box }) => box.height > 0 && box.bottom <= clip.bottom + 4);
    const last = Math.max(...inSight.map(({ box }) => box.top));
    const cut = letters.findIndex(
      ({ box }) =>
        box.top > clip.bottom - 4 || (Math.abs(box.top - last) < 4 && box.right > edge + SLACK),
    );
    const whole = letters.map(({ letter }) => letter).join('');
    if (cut > 0 && /\d[.,]?$/.test(whole.slice(0, cut)) && /^[.,]?\d/.test(whole.slice(cut)))
      complain('a number is cut', `${whole.slice(0, cut)}…`, [element], [clip]);
  }

  // --- fields

  for (const field of document.querySelectorAll<HTMLInputElement>('input[placeholder]')) {
    const style = styleOf(field);
    if (isUnseen(field) || field.value !== '' || style.textOverflow === 'ellipsis') continue;
    const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (widthOf(field.placeholder, style) > room + SLACK)
      complain('cut without "…"', field.placeholder, [field], [field.getBoundingClientRect()]);
  }

  // --- texts over each other

  lines.sort((a, b) => a.box.left - b.box.left);
  for (const [index, one] of lines.entries()) {
    for (const other of lines.slice(index + 1)) {
      if (other.box.left > one.box.right - SLACK) break;
      if (one.node === other.node || one.layer !== other.layer) continue;
      if (isSome(meet(one.box, other.box)))
        complain(
          'over another text',
          `${one.node.data} / ${other.node.data}`,
          [one.owner, other.owner],
          [one.box, other.box],
        );
    }
  }

  // --- texts under something else

  for (const { node, owner, layer, box } of lines) {
    // What lets the pointer through is not found by it.
    if (!(owner instanceof HTMLElement) || styleOf(owner).pointerEvents === 'none') continue;
    const x = (box.left + box.right) / 2;
    const y = (box.top + box.bottom) / 2;
    const hit = document.elementFromPoint(x, y);
    // Outside of the window, where the page can be scrolled to, nothing is hit.
    if (!hit || hit.contains(owner) || owner.contains(hit)) continue;
    const above = hit.closest(FLOATING);
    if (above && above !== layer) continue;
    // Of a line that a modal dialog makes inert its block is hit.
    if (document.querySelector('dialog[open]') && !layer) continue;
    complain('under something', node.data, [owner, hit], [box, hit.getBoundingClientRect()]);
  }

  // --- the head

  const header = document.querySelector('.page > header');
  const head = header?.getBoundingClientRect().height ?? 0;
  for (const part of header?.querySelectorAll('nav > *, .shown > *, .time > *, .toggle') ?? []) {
    const box = part.getBoundingClientRect();
    if (!header || box.height === 0 || isUnseen(part)) continue;
    const around = header.getBoundingClientRect();
    const middle = Math.abs((box.top + box.bottom) / 2 - (around.top + around.bottom) / 2);
    if (middle > 6 || box.height > around.height + 4)
      complain('the head has more than one row', part.textContent, [part], [box, around]);
  }
  if (root.scrollWidth > root.clientWidth)
    complain(
      'the page scrolls sideways',
      `${root.scrollWidth} in ${root.clientWidth}`,
      [root],
      [view],
    );

  // --- the focus

  const focused = document.activeElement;
  // What was clicked shows no focus, and under the pointer no list moves.
  if (focused && focused !== document.body && focused.matches(':focus-visible')) {
    const whole = focused.getBoundingClientRect();
    let place: Box = view;
    for (const { box: clip } of clipsOf(focused.parentElement ?? focused))
      place = meet(place, clip);
    const box = meet(whole, place);
    // Of a whole region, or a stage, it is enough that one sees where it is.
    const isControl = focused.matches('button, input, select, a, summary');
    // What is higher than its list fills it.
    const isWhole =
      box.right - box.left > Math.min(whole.width, place.right - place.left) - 2 * SLACK &&
      box.bottom - box.top > Math.min(whole.height, place.bottom - place.top) - 2 * SLACK;
    const isPointedAt = focused.matches('ol:hover *');
    if (!isSome(box) || (isControl && !isWhole && !isPointedAt))
      complain('the focus is out of sight', focused.textContent, [focused], [whole, box]);
    else if (isControl) {
      const x = (box.left + box.right) / 2;
      const y = (box.top + box.bottom) / 2;
      const hit = document.elementFromPoint(x, y);
      // On a low screen the box that a button opened lies over it: Tab goes into the box, Escape back.
      const isOwn =
        focused.getAttribute('aria-expanded') === 'true' && focused.parentElement?.contains(hit);
      if (hit && !isOwn && !focused.contains(hit) && !hit.contains(focused))
        complain('the focus is covered', focused.textContent, [focused, hit], [box]);
    }
  }

  const mode = root.dataset['mode'] === 'projector' ? 'projector' : 'desk';
  return { faults, head, mode };
}
